"""The answers a relay gives by itself while the node boots; standard library only.

`interfaces/baked.json` is made from the live server. Whatever isn't plainly one of its requests
waits for the node, so that only the node decides about anything unusual.
"""

from __future__ import annotations

import json
from typing import Any

_PREFIX = "io.modelcontextprotocol/"
_LISTS_TOOLS = ("tools/list", "resources/list")


class Answers:
    """The baked answers.

    Args:
        table: The content of `baked.json`.
        tools_are_usual: Whether no setting may have changed which tools are offered.
    """

    def __init__(self, table: dict[str, Any], *, tools_are_usual: bool = True) -> None:
        self._table = table
        self._tools_are_usual = tools_are_usual
        self.version: str = table["version"]

    def negotiated(self, params: dict[str, Any]) -> str | None:
        """Return the version that `initialize` settles on; None where its parameters are unusual.

        Source: MCP, "Version negotiation": an unknown version is answered with the latest known.
        """
        wanted, client = params.get("protocolVersion"), params.get("clientInfo")
        is_usual = (
            isinstance(wanted, str)
            and isinstance(params.get("capabilities"), dict)
            and _is_implementation(client)
        )
        if not is_usual:
            return None
        return wanted if wanted in self._table["handshake"] else self._table["handshake"][-1]

    def initialized(self, version: str) -> Any:
        """Return the result of `initialize` at this version."""
        return self._result(version, "initialize")

    def modern(self, method: str, params: dict[str, Any]) -> Any:
        """Return the result of a stateless request, or None where the node must answer."""
        meta = params.get("_meta")
        if not isinstance(meta, dict) or set(params) != {"_meta"}:
            return None
        version, client = meta.get(f"{_PREFIX}protocolVersion"), meta.get(f"{_PREFIX}clientInfo")
        is_usual = (
            isinstance(version, str)
            and version in self._table["modern"]
            and isinstance(meta.get(f"{_PREFIX}clientCapabilities"), dict)
            and (client is None or _is_implementation(client))
        )
        return self._result(str(version), method) if is_usual else None

    def legacy(self, version: str, method: str, params: dict[str, Any]) -> Any:
        """Return the result of a request after the handshake, or None where the node must."""
        if method == "initialize" or set(params) - {"_meta"} or is_modern(params):
            return None
        return self._result(version, method)

    def _result(self, version: str, method: str) -> Any:
        if method in _LISTS_TOOLS and not self._tools_are_usual:
            return None
        index = self._table["answers"].get(version, {}).get(method)
        return None if index is None else self._table["results"][index]


def is_modern(params: dict[str, Any]) -> bool:
    """Tell whether a request carries the envelope of the stateless era."""
    meta = params.get("_meta")
    return isinstance(meta, dict) and f"{_PREFIX}protocolVersion" in meta


def _is_implementation(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(value.get(key), str) for key in ("name", "version")
    )


def load(text: bytes, *, tools_are_usual: bool = True) -> Answers:
    """Return the answers in a `baked.json`."""
    return Answers(json.loads(text), tools_are_usual=tools_are_usual)
