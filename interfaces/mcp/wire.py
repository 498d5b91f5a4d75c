"""The relays' socket: one MCP conversation for each connection.

A relay greets with one line of JSON, is welcomed with another, then sends `<n> <message>` lines;
n is the same when it repeats a line after a reconnect. Answers go back as plain lines.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from dataclasses import dataclass
from typing import Any

import anyio
import mcp_types as types
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import ServerMessageMetadata, SessionMessage
from pydantic import ValidationError

from mimo.actors.catalogue import Offer, narrowed
from mimo.config import limits, logs
from mimo.config.errors import InvalidRequest
from mimo.interfaces.mcp.calls import EVERYTHING, Origin
from mimo.interfaces.mcp.guard import ACTOR
from mimo.interfaces.mcp.server import MimoServer
from mimo.interfaces.mcp.texts import VERSION
from mimo.supervision import platform

#: Longest line: the relay's own number stands before the client's line.
LINE_BYTES_MAX = limits.LINE_BYTES_MAX + 32
#: How long a relay may take to greet, in seconds.
GREETING_S = 5.0
#: A relay that takes nothing for this long is dropped, in seconds.
STALLED_S = 30.0
#: Messages that may wait between the socket and the SDK in each direction.
BUFFERED_MAX = 16

Incoming = MemoryObjectSendStream[SessionMessage | Exception]
Outgoing = MemoryObjectReceiveStream[SessionMessage]


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a relay says of itself."""

    connection: str
    pid: int
    version: str
    offer: Offer = EVERYTHING


class Refusal(Exception):  # noqa: N818  said to the relay, no failure of ours
    """The peer is no relay of this user."""


class Unfit(Refusal):
    """It is one, and asks for what can't be; it is told so."""


def read_greeting(line: bytes) -> Greeting:
    """Return what the relay's first line says.

    Raises:
        Refusal: It is no greeting.
    """
    try:
        body = json.loads(line)
        if body["mimo"] != 1 or body["kind"] != "mcp":
            raise Refusal("expected a greeting of kind mcp")
        connection, pid = str(body["connection"]), int(body["pid"])
        version = str(body["version"])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Refusal("expected a line with mimo, kind, connection, pid and version") from None
    if not (connection.isalnum() and len(connection) <= 64):
        raise Refusal("expected a connection id of at most 64 letters and digits")
    return Greeting(
        connection=connection, pid=pid, version=version, offer=_offer(body.get("offer", {}))
    )


def _offer(body: object) -> Offer:
    """Return what the client was restricted to; what can't be read must not mean everything."""
    kinds = {"tools": list, "read_only": bool, "no_exec": bool}
    if not isinstance(body, dict) or any(
        not isinstance(value, kinds.get(name, ())) for name, value in body.items()
    ):
        raise Unfit("expected an offer of tools, read_only and no_exec")
    offer = Offer(
        tools=tuple(map(str, body.get("tools", ()))),
        read_only=body.get("read_only", False),
        no_exec=body.get("no_exec", False),
    )
    try:
        narrowed((), offer)
    except InvalidRequest as error:
        raise Unfit(error.message) from None
    return offer


class Conversation:
    """One relay's connection.

    Args:
        server: What answers.
        reader: The relay's lines.
        writer: The way back.
    """

    def __init__(
        self, server: MimoServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._connection = ""
        self._offer = EVERYTHING

    async def run(self, generation: int) -> None:
        """Greet, then serve until the relay is gone."""
        log = logs.get_logger(ACTOR)
        try:
            greeting = await self._greeted(generation)
        except (Refusal, OSError, TimeoutError, ValueError, asyncio.IncompleteReadError) as error:
            if isinstance(error, Unfit):
                self.refuse(str(error))
                return
            log.warning("bridge.refused", reason=str(error) or type(error).__name__)
            self.cut()
            return
        self._connection, self._offer = greeting.connection, greeting.offer
        log.info("bridge.connected", connection=greeting.connection, relay_pid=greeting.pid)
        try:
            await self._converse()
        finally:
            self._server.forget(greeting.connection)
            self.cut()
            log.info("bridge.disconnected", connection=greeting.connection)

    def cut(self) -> None:
        """Close the connection at once; nothing more reaches the relay."""
        self._writer.transport.abort()

    def refuse(self, reason: str) -> None:
        """Tell the relay why it isn't served, and close."""
        logs.get_logger(ACTOR).warning("bridge.refused", reason=reason)
        self._put({"mimo": 1, "ok": False, "error": reason})
        self._writer.close()

    async def _greeted(self, generation: int) -> Greeting:
        owner = platform.peer_uid(self._writer.get_extra_info("socket"))
        if owner != os.getuid():
            raise Refusal(f"expected user {os.getuid()}, got user {owner}")
        line = await asyncio.wait_for(self._reader.readline(), GREETING_S)
        greeting = read_greeting(line)
        self._put({"mimo": 1, "ok": True, "version": VERSION, "generation": generation})
        return greeting

    def _put(self, body: dict[str, Any]) -> None:
        self._writer.write(json.dumps(body, separators=(",", ":")).encode() + b"\n")

    async def _converse(self) -> None:
        send_in, receive_in = anyio.create_memory_object_stream[SessionMessage | Exception](
            BUFFERED_MAX
        )
        send_out, receive_out = anyio.create_memory_object_stream[SessionMessage](BUFFERED_MAX)
        sdk = self._server.sdk
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._read, send_in)
                group.start_soon(self._write, receive_out, group.cancel_scope)
                await sdk.run(receive_in, send_out, self._server.options())
                group.cancel_scope.cancel()
        except* (anyio.BrokenResourceError, anyio.ClosedResourceError):
            # The SDK passes on what comes into a stream that its own end has just closed: the
            # conversation is over, and the relay repeats what wasn't answered.
            logs.get_logger(ACTOR).debug("bridge.disconnected", connection=self._connection)

    async def _read(self, incoming: Incoming) -> None:
        with contextlib.suppress(
            OSError, ValueError, anyio.BrokenResourceError, anyio.ClosedResourceError
        ):
            async with incoming:
                while line := await self._reader.readline():
                    number, _, body = line.partition(b" ")
                    if (message := self._parsed(body)) is not None:
                        origin = Origin(self._connection, int(number), self._offer)
                        metadata = ServerMessageMetadata(request_context=origin)
                        await incoming.send(SessionMessage(message, metadata))

    def _parsed(self, body: bytes) -> types.JSONRPCMessage | None:
        try:
            return types.jsonrpc_message_adapter.validate_json(body, by_name=False)
        except ValidationError:
            # What Python's parser took and pydantic doesn't: nesting beyond 200, odd numbers.
            self._put({"jsonrpc": "2.0", "id": _readable_id(body), "error": _NO_MESSAGE})
            return None

    async def _write(self, outgoing: Outgoing, scope: anyio.CancelScope) -> None:
        transport = self._writer.transport
        async with outgoing:
            async for message in outgoing:
                text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
                self._writer.write(text.encode() + b"\n")
                if transport.get_write_buffer_size() == 0:
                    continue
                try:
                    await asyncio.wait_for(self._writer.drain(), STALLED_S)
                except (OSError, TimeoutError):
                    scope.cancel()


_NO_MESSAGE = {
    "code": types.INVALID_REQUEST,
    "message": "expected a JSON-RPC message nested at most 200 deep, got another",
}


def _readable_id(body: bytes) -> str | int | None:
    try:
        found = json.loads(body)["id"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if isinstance(found, (str, int)) else None
