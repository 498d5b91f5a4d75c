"""One conversation with an external MCP server: its process, a thread with the SDK's client.

The process is made by the thread that is an actor, before the SDK's thread exists: it dies with the
actor. Between the two threads pass plain values: jobs one way, a queue and a socket pair the other.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import socket
import subprocess
import threading
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import anyio
import mcp_types as types
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.shared.message import SessionMessage
from pydantic import ValidationError

from mimo.config import limits
from mimo.interfaces.mcp.texts import VERSION
from mimo.supervision import platform

#: How long the process and the thread may take to go, in seconds.
_LEAVE_S: Final = 2.0
#: Most pages of tools that are read.
_PAGES_MAX: Final = 20
_BUFFERED: Final = 16
#: What an odd or dying server makes of a request.
TROUBLES: Final = (
    MCPError,
    ValidationError,
    TimeoutError,
    OSError,
    RuntimeError,
    ValueError,
    anyio.ClosedResourceError,
    anyio.BrokenResourceError,
    anyio.EndOfStream,
)


@dataclass(frozen=True, slots=True)
class Ready:
    """The skill has greeted; these are its tools: objects with name, description, schema."""

    tools: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """A job's answer: the SDK's result, or why there is none."""

    job: int
    result: types.CallToolResult | None
    trouble: str
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class Over:
    """The conversation has ended; nothing follows."""

    reason: str


Event = Ready | Answered | Over


class SkillLink:
    """A running skill.

    Args:
        argv: The program and its arguments.
        env: Its whole environment.
        folder: Where it runs, and where its standard error goes, bounded by its restart.

    Raises:
        OSError: It can't be started.
    """

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], folder: Path) -> None:
        parent, lifeline = os.getpid(), platform.new_lifeline()

        def prepare() -> None:
            platform.die_with_parent(parent, lifeline)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            # Where memory runs out, this goes first.
            with contextlib.suppress(OSError):
                Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")

        with (folder / "stderr.log").open("wb") as errors:
            self._process = subprocess.Popen(
                list(argv),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=dict(env),
                cwd=folder,
                start_new_session=True,
                preexec_fn=prepare,  # noqa: PLW1509  no other thread exists yet
            )
        self._events: deque[Event] = deque()
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._jobs: asyncio.Queue[tuple[int, str, dict[str, Any], float]] | None = None
        self._thread = threading.Thread(target=self._run, name="skill", daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when something happened."""
        return self._reader.fileno()

    def events(self) -> list[Event]:
        """Return what happened since the last look; for the actor's thread."""
        with contextlib.suppress(BlockingIOError):
            while self._reader.recv(4_096):
                pass
        found = []
        while self._events:
            found.append(self._events.popleft())
        return found

    def call(self, job: int, tool: str, arguments: Mapping[str, Any], timeout_s: float) -> None:
        """Call a tool; an `Answered` follows. Only after `Ready`."""
        loop, jobs = self._loop, self._jobs
        if loop is not None and jobs is not None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(jobs.put_nowait, (job, tool, dict(arguments), timeout_s))

    def close(self) -> None:
        """End the process with all that it started, and the thread."""
        platform.kill_tree(self._process.pid)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_LEAVE_S)
        self._thread.join(_LEAVE_S)
        self._reader.close()
        self._writer.close()

    # -- The SDK's thread ------------------------------------------------------------------------
    def _run(self) -> None:
        reason = "its conversation broke off"
        try:
            reason = asyncio.run(self._converse())
        finally:
            self._tell(Over(reason))

    async def _converse(self) -> str:
        self._loop = asyncio.get_running_loop()
        self._jobs = asyncio.Queue()
        info = types.Implementation(name="mimo", version=VERSION)
        reason = "it ended"
        try:
            async with contextlib.AsyncExitStack() as stack:
                async with asyncio.timeout(limits.SKILL_START_S):
                    client = Client(self._streams(), client_info=info, cache=None, mode="auto")
                    await stack.enter_async_context(client)
                    self._tell(Ready(await _tools(client)))
                ended = asyncio.create_task(self._gone.wait())
                serving = asyncio.create_task(self._serve(client, self._jobs))
                await asyncio.wait({ended, serving}, return_when=asyncio.FIRST_COMPLETED)
                serving.cancel()
                ended.cancel()
        except* TROUBLES as group:
            reason = _reason(group)
        return reason

    async def _serve(
        self, client: Client, jobs: asyncio.Queue[tuple[int, str, dict[str, Any], float]]
    ) -> None:
        open_jobs: set[asyncio.Task[None]] = set()
        while True:
            job = await jobs.get()
            task = asyncio.create_task(self._call(client, *job))
            open_jobs.add(task)
            task.add_done_callback(open_jobs.discard)

    async def _call(
        self, client: Client, job: int, tool: str, arguments: dict[str, Any], timeout_s: float
    ) -> None:
        try:
            result = await asyncio.wait_for(client.call_tool(tool, arguments), timeout_s)
        except TimeoutError:
            told = f"no answer within {timeout_s:g} s"
            self._tell(Answered(job, None, told, timed_out=True))
        except MCPError as error:
            # Of a conversation that broke off `Over` tells.
            if error.code != types.CONNECTION_CLOSED:
                self._tell(Answered(job, None, str(error)[:500]))
        except TROUBLES as error:
            self._tell(Answered(job, None, str(error)[:500] or type(error).__name__))
        else:
            self._tell(Answered(job, result, ""))

    @contextlib.asynccontextmanager
    async def _streams(self) -> AsyncIterator[tuple[Any, Any]]:
        loop = asyncio.get_running_loop()
        self._gone = asyncio.Event()
        process = self._process
        reader = asyncio.StreamReader(limit=limits.SKILL_LINE_BYTES_MAX)
        pipe_in, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), process.stdout
        )
        pipe_out, protocol = await loop.connect_write_pipe(
            asyncio.streams.FlowControlMixin, process.stdin
        )
        writer = asyncio.StreamWriter(pipe_out, protocol, None, loop)
        send_in, receive_in = anyio.create_memory_object_stream[SessionMessage | Exception](
            _BUFFERED
        )
        send_out, receive_out = anyio.create_memory_object_stream[SessionMessage](_BUFFERED)
        tasks = [
            asyncio.create_task(self._read(reader, send_in)),
            asyncio.create_task(_write(writer, receive_out)),
        ]
        try:
            yield receive_in, send_out
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for each in (send_in, receive_in, send_out, receive_out):
                each.close()
            pipe_in.close()
            if not pipe_out.is_closing():
                pipe_out.abort()

    async def _read(self, reader: asyncio.StreamReader, incoming: Any) -> None:
        try:
            while line := await reader.readline():
                try:
                    message = types.jsonrpc_message_adapter.validate_json(line, by_name=False)
                except ValidationError:
                    # Servers print: what is no message is no matter of ours.
                    continue
                await incoming.send(SessionMessage(message))
        except TROUBLES:
            pass
        finally:
            self._gone.set()
            incoming.close()

    def _tell(self, event: Event) -> None:
        self._events.append(event)
        with contextlib.suppress(BlockingIOError, OSError):
            self._writer.send(b"\0")


async def _write(writer: asyncio.StreamWriter, outgoing: Any) -> None:
    with contextlib.suppress(*TROUBLES):
        async for message in outgoing:
            text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
            writer.write(text.encode() + b"\n")
            await writer.drain()


async def _tools(client: Client) -> tuple[dict[str, Any], ...]:
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    for _ in range(_PAGES_MAX):
        page = await client.list_tools(cursor=cursor)
        found += [
            {"name": each.name, "description": each.description or "", "schema": each.input_schema}
            for each in page.tools
        ]
        cursor = page.next_cursor
        if cursor is None or len(found) > limits.SKILL_TOOLS_MAX:
            break
    return tuple(found[: limits.SKILL_TOOLS_MAX])


def _reason(group: BaseExceptionGroup[Any]) -> str:
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    if isinstance(first, TimeoutError):
        return f"it didn't greet within {limits.SKILL_START_S:g} s"
    return str(first)[:300] or type(first).__name__
