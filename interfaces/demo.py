"""`mimo demo`: one real session that stores, is hurt in the middle, and recalls.

Nothing is played: a client of the MCP SDK talks to `mimo stdio`, processes are killed with SIGKILL,
and each line is printed when it happened. It uses a data directory of its own and removes it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, StdioServerParameters

from mimo.config.clock import SYSTEM_CLOCK
from mimo.config.errors import MimoError
from mimo.config.paths import RunPaths
from mimo.supervision import client as actors
from mimo.supervision import messages as m
from mimo.supervision import platform
from mimo.supervision.node import find_node, request_node_stop, wait_for_stop

MEMORIES = (
    "The release is planned for 14 March; Dana signs it off.",
    "We chose SQLite over PostgreSQL because Mimo must run without a server.",
    "The staging database password rotates every Monday at 06:00 UTC.",
    "Dana prefers short commit messages that say why, not what.",
    "The flaky login test was caused by a clock that went backwards.",
)
#: Asked by meaning: none of the words that matter stand in the memory that answers.
QUESTION = "Why did we pick an embedded data store?"
#: Seconds to wait for the background embedder.
EMBEDDED_WITHIN_S = 30.0
#: Seconds after which a store has left the client.
IN_FLIGHT_S = 0.001
#: Seconds to wait for the node's orderly stop.
STOPPED_WITHIN_S = 20.0


class Demo:
    """The session and its clock.

    Args:
        run_dir: The node's run directory, to find the processes to kill.
        say: Prints one line.
    """

    def __init__(self, run_dir: Path, say: Callable[[str], None]) -> None:
        self._run_dir = run_dir
        self._say = say
        self._began_s = SYSTEM_CLOCK.monotonic_s()

    def tell(self, text: str) -> None:
        """Print a line with the seconds since the start."""
        self._say(f"{SYSTEM_CLOCK.monotonic_s() - self._began_s:6.2f} s  {text}")

    async def call(self, session: Client, operation: str, **arguments: Any) -> dict[str, Any]:
        """Call the memory tool and return its structured answer.

        Raises:
            MimoError: The tool answered with an error.
        """
        result = await session.call_tool("memory", {"operation": operation, **arguments})
        if result.is_error:
            raise MimoError(f"expected {operation} to succeed, got: {result.content}")
        return dict(result.structured_content or {})

    async def run(self, session: Client) -> None:
        """Store, kill, recall, kill everything, recall again."""
        self.tell("a client of the MCP SDK is connected to `mimo stdio`")
        for text in MEMORIES[:-1]:
            stored = await self.call(session, "store", content=text)
            self.tell(f"stored, fsync included: memory {stored['memory_id']}: {text}")
        await self._store_through_a_kill(session)
        await self._recall(session, "flaky login test", "by words")
        await self._wait_for_vectors(session)
        await self._recall(session, QUESTION, "by meaning")
        await self._kill_everything(session)
        listed = await self.call(session, "list", limit=10)
        self.tell(f"after the death of the whole node: {listed['count']} memories, none lost")

    async def _store_through_a_kill(self, session: Client) -> None:
        """Kill the writer while a store is on its way; the call takes longer and succeeds."""
        pid = self._pid("storage/writer")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._store_last, session)
            await anyio.sleep(IN_FLIGHT_S)
            os.kill(pid, signal.SIGKILL)
            self.tell(f"SIGKILL to storage/writer, process {pid}, with a store in flight")
        self.tell(f"storage/writer is process {self._pid('storage/writer')} now")

    async def _store_last(self, session: Client) -> None:
        stored = await self.call(session, "store", content=MEMORIES[-1])
        self.tell(f"that store was answered all the same: memory {stored['memory_id']}")

    async def _recall(self, session: Client, query: str, how: str) -> None:
        found = await self.call(session, "search", query=query, limit=1)
        best = found["memories"][0]
        self.tell(f"asked {how}: {query!r}")
        self.tell(f"found memory {best['memory_id']}: {best['content']}")

    async def _wait_for_vectors(self, session: Client) -> None:
        with anyio.move_on_after(EMBEDDED_WITHIN_S):
            while True:
                listed = await self.call(session, "list", response_format="detailed")
                if all(memory["has_vector"] for memory in listed["memories"]):
                    self.tell("the embedder has given every memory its vector")
                    return
                await anyio.sleep(0.05)
        self.tell("no vectors yet; the search goes by words")

    async def _kill_everything(self, session: Client) -> None:
        card = find_node(self._run_dir)
        if card is None:
            raise MimoError("expected a running node, got none")
        pids = [card.watchdog_pid, *platform.descendants_of(card.watchdog_pid)]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.tell(f"SIGKILL to all {len(pids)} processes of the node, one after the other")
        await self.call(session, "stats")
        self.tell("the relay has started a new node, and the session goes on")

    def _pid(self, name: str) -> int:
        with actors.Client(self._run_dir) as client:
            found = client.call("mimo", m.Whereis(name=name), timeout_s=10.0)
        return int(found.pid)


async def _session(data_dir: Path, demo: Demo) -> None:
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "mimo", "stdio", "--data-dir", str(data_dir)],
        env=dict(os.environ),
    )
    async with Client(command, mode="legacy") as session:
        await demo.run(session)


def run_demo(say: Callable[[str], None]) -> None:
    """Run the demo in a data directory of its own, and remove it.

    Args:
        say: Prints one line.

    Raises:
        MimoError: A step didn't go as it must.
    """
    with tempfile.TemporaryDirectory(prefix="mimo-demo-") as folder:
        data_dir = Path(folder)
        run_dir = RunPaths(data_dir).run
        try:
            anyio.run(_session, data_dir, Demo(run_dir, say))
        except BaseExceptionGroup as group:
            raise _first(group) from group
        finally:
            request_node_stop(run_dir)
            wait_for_stop(run_dir, STOPPED_WITHIN_S)


def _first(error: BaseException) -> BaseException:
    """Return the innermost first error of the client's nested task groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
