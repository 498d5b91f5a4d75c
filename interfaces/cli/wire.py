"""A client of the node's socket: the same lines as those of a relay, from one command."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import socket
import uuid
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any

from mimo.config.errors import (
    DeadlineExceeded,
    Internal,
    InvalidRequest,
    MimoError,
    Unavailable,
    all_error_types,
)
from mimo.config.paths import RunPaths
from mimo.interfaces import relay_node

PROTOCOL_VERSION = "2025-11-25"


class Wire:
    """One connection to the bridge.

    Args:
        connection: The connected socket; closed with this object.
        ask: Asks the user a question of yes or no; None where nobody can be asked.
    """

    def __init__(self, connection: socket.socket, ask: Callable[[str], bool] | None = None) -> None:
        self._socket = connection
        self._ask = ask
        self._lines = connection.makefile("rb")
        self._numbers = itertools.count(1)
        self.hello: dict[str, Any] = {}

    def close(self) -> None:
        """Close the connection."""
        self._lines.close()
        self._socket.close()

    def greet(self) -> None:
        """Say who connects, and open an MCP session.

        Raises:
            Unavailable: The node refuses.
        """
        self._send(
            json.dumps(
                {
                    "mimo": 1,
                    "kind": "mcp",
                    "connection": uuid.uuid4().hex,
                    "pid": os.getpid(),
                    "version": version("mimo"),
                }
            )
        )
        self.hello = self._receive()
        if not self.hello.get("ok"):
            raise Unavailable(str(self.hello.get("error", "the node refused the connection")))
        self.request(
            "initialize",
            {
                "protocolVersion": PROTOCOL_VERSION,
                "capabilities": {"elicitation": {}} if self._ask is not None else {},
                "clientInfo": {"name": "mimo-cli", "version": version("mimo")},
            },
        )
        self._post({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def request(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Return the result of one request.

        Raises:
            MimoError: The answer is an error, or none came in time.
        """
        request_id = next(self._numbers)
        self._post(
            {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}, request_id
        )
        while True:
            answer = self._receive()
            if "method" in answer:
                self._answer(answer)
                continue
            if answer.get("id") != request_id:
                continue
            if "error" in answer:
                raise _error_of(answer["error"])
            result: dict[str, Any] = answer["result"]
            return result

    def _answer(self, request: dict[str, Any]) -> None:
        """Answer the node's one question: whether the user agrees."""
        if self._ask is None or request["method"] != "elicitation/create" or "id" not in request:
            return
        agreed = self._ask(str(request["params"]["message"]))
        result: dict[str, Any] = {"action": "accept" if agreed else "decline"}
        if agreed:
            result["content"] = {"confirm": True}
        self._post({"jsonrpc": "2.0", "id": request["id"], "result": result})

    def _post(self, message: dict[str, Any], number: int | None = None) -> None:
        number = next(self._numbers) if number is None else number
        self._send(f"{number} {json.dumps(message, ensure_ascii=False)}")

    def _send(self, line: str) -> None:
        try:
            self._socket.sendall(line.encode() + b"\n")
        except OSError as error:
            raise _cut_off(error) from None

    def _receive(self) -> dict[str, Any]:
        try:
            line = self._lines.readline()
        except TimeoutError:
            raise DeadlineExceeded(
                "expected an answer in time, got none; see 'mimo tree', or give --timeout"
            ) from None
        except OSError as error:
            raise _cut_off(error) from None
        if not line:
            raise _cut_off(None)
        found: dict[str, Any] = json.loads(line)
        return found


#: JSON-RPC's codes for what the caller did wrong. Source: JSON-RPC 2.0, section 5.1.
CALLERS_FAULTS = range(-32_602, -32_599)


def _error_of(error: dict[str, Any]) -> MimoError:
    kind = InvalidRequest if error.get("code") in CALLERS_FAULTS else Internal
    return kind(str(error.get("message", error)))


def _cut_off(error: OSError | None) -> Unavailable:
    reason = error.strerror if error is not None else "closed"
    return Unavailable(f"expected an answer of the node, its socket said: {reason}; try again")


def connect(paths: RunPaths, timeout_s: float) -> socket.socket:
    """Return a socket that is connected to the node.

    Raises:
        Unavailable: Nobody listens, or somebody else does.
    """
    try:
        connection = relay_node.connect(paths)
    except PermissionError as error:
        raise Unavailable(f"{error.strerror}; remove that socket") from None
    if connection is None:
        raise Unavailable(
            f"expected a running node for {paths.data_dir}, got none; start it with 'mimo start'"
        )
    connection.settimeout(timeout_s)
    return connection


@contextlib.contextmanager
def session(
    paths: RunPaths, timeout_s: float, ask: Callable[[str], bool] | None = None
) -> Iterator[Wire]:
    """Give an open MCP session.

    Args:
        paths: The data directory whose node is meant.
        timeout_s: How long each answer may take.
        ask: Asks the user a question of yes or no; None where nobody can be asked.

    Raises:
        Unavailable: No node, or it refuses.
    """
    wire = Wire(connect(paths, timeout_s), ask)
    try:
        wire.greet()
        yield wire
    finally:
        wire.close()


def failure_of(result: dict[str, Any]) -> MimoError | None:
    """Return the error that a tool's result tells of; None when it succeeded."""
    if not result.get("isError"):
        return None
    text = "\n".join(part.get("text", "") for part in result.get("content", ()))
    details = result.get("_meta", {}).get("mimo/error", {})
    kind = all_error_types().get(details.get("code", ""), MimoError)
    return kind(text or "the tool failed without a reason")
