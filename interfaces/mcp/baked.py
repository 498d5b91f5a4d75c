"""The answers that a relay gives by itself while the node boots.

They are taken from the live server object, so they can't differ from it; a test compares the file.
`python -m mimo.interfaces.mcp.baked` writes it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.shared.message import SessionMessage
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS

from mimo.actors.bridge.gateway import Gateway
from mimo.actors.catalogue import TOOLS
from mimo.interfaces.mcp.server import MimoServer
from mimo.interfaces.mcp.texts import VERSION

BAKED_FILE = Path(__file__).parent.parent / "baked.json"

#: Methods whose answers don't depend on anything but the protocol version.
METHODS = ("ping", "tools/list", "prompts/list", "resources/list", "resources/templates/list")

_CLIENT = {"name": "bake", "version": "0"}
_META_PREFIX = "io.modelcontextprotocol/"


def envelope(version: str) -> dict[str, Any]:
    """Return the `_meta` that a stateless request carries."""
    return {
        f"{_META_PREFIX}protocolVersion": version,
        f"{_META_PREFIX}clientInfo": _CLIENT,
        f"{_META_PREFIX}clientCapabilities": {},
    }


async def exchange(
    server: Server[Any], requests: list[dict[str, Any]]
) -> dict[Any, dict[str, Any]]:
    """Send these messages over one connection and return the answers by id, as on the wire."""
    send, receive = anyio.create_memory_object_stream[SessionMessage | Exception](64)
    write, answers = anyio.create_memory_object_stream[SessionMessage](64)
    found: dict[Any, dict[str, Any]] = {}
    wanted = sum(1 for request in requests if "id" in request)
    async with send, answers, anyio.create_task_group() as group:
        changes = NotificationOptions(tools_changed=True)
        options = server.create_initialization_options(changes)
        group.start_soon(server.run, receive, write, options)
        for request in requests:
            message = types.jsonrpc_message_adapter.validate_python(request)
            await send.send(SessionMessage(message))
        while len(found) < wanted:
            answer = (await answers.receive()).message
            shown = json.loads(answer.model_dump_json(by_alias=True, exclude_unset=True))
            found[shown["id"]] = shown
        group.cancel_scope.cancel()
    return found


def _request(request_id: str, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
    message: dict[str, Any] = {"jsonrpc": "2.0", "id": request_id, "method": method}
    return message if params is None else {**message, "params": params}


async def _legacy(server: Server[Any], version: str) -> dict[str, Any]:
    first = {"protocolVersion": version, "capabilities": {}, "clientInfo": _CLIENT}
    requests = [
        _request("initialize", "initialize", first),
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        *(_request(method, method) for method in METHODS),
    ]
    answers = await exchange(server, requests)
    return {name: answer["result"] for name, answer in answers.items() if "result" in answer}


async def _modern(server: Server[Any], version: str) -> dict[str, Any]:
    params = {"_meta": envelope(version)}
    names = ("server/discover", *METHODS)
    answers = await exchange(server, [_request(name, name, params) for name in names])
    return {name: answer["result"] for name, answer in answers.items() if "result" in answer}


async def _bake() -> dict[str, Any]:
    gateway = Gateway()
    server = MimoServer(gateway, TOOLS).sdk
    answers = {version: await _legacy(server, version) for version in HANDSHAKE_PROTOCOL_VERSIONS}
    answers |= {version: await _modern(server, version) for version in MODERN_PROTOCOL_VERSIONS}
    gateway.close()
    results: list[Any] = []
    table: dict[str, dict[str, int]] = {}
    for version, by_method in answers.items():
        for method, result in by_method.items():
            # 1.0 == 1 and True == 1 for Python, so results are compared as text.
            text = json.dumps(result)
            known = next((i for i, each in enumerate(results) if json.dumps(each) == text), None)
            if known is None:
                known = len(results)
                results.append(result)
            table.setdefault(version, {})[method] = known
    return {
        "version": VERSION,
        "handshake": list(HANDSHAKE_PROTOCOL_VERSIONS),
        "modern": list(MODERN_PROTOCOL_VERSIONS),
        "answers": table,
        "results": results,
    }


def baked_text() -> str:
    """Return the content of `interfaces/baked.json` as the live server makes it."""
    return json.dumps(anyio.run(_bake), ensure_ascii=False, indent=1) + "\n"


def main() -> int:
    """Write `interfaces/baked.json`."""
    BAKED_FILE.write_text(baked_text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
