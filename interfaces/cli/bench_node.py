"""The node of a benchmark: in a folder of its own, used through a real client, gone afterwards."""

from __future__ import annotations

import contextlib
import itertools
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from mimo.config.clock import SYSTEM_CLOCK
from mimo.config.errors import Unavailable
from mimo.interfaces.cli import background, wire
from mimo.interfaces.cli.place import Place
from mimo.supervision import platform
from mimo.supervision.node import find_node, request_node_stop, wait_for_stop

#: How long the node may take to serve (a large database is checked first) and to leave, seconds.
UP_WITHIN_S = 120.0
GONE_WITHIN_S = 60.0
#: Exit code of a command that a signal ended, less the signal's number; as a shell has it.
_SIGNALLED = 128


class StdioClient:
    """An assistant's end of `mimo stdio`: one question at a time.

    Args:
        data_dir: Whose node answers.
    """

    def __init__(self, data_dir: Path) -> None:
        self._numbers = itertools.count(1)
        command = [sys.executable, "-m", "mimo", "stdio", "--data-dir", str(data_dir)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert self._process.stdin is not None  # noqa: S101  both were asked for
        assert self._process.stdout is not None  # noqa: S101
        self._in: IO[bytes] = self._process.stdin
        self._out: IO[bytes] = self._process.stdout
        self._request(
            "initialize",
            {
                "protocolVersion": wire.PROTOCOL_VERSION,
                "capabilities": {},
                "clientInfo": {"name": "mimo-bench", "version": "1"},
            },
        )
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def call(self, tool: str, operation: str, **arguments: Any) -> dict[str, Any]:
        """Return the data of a tool's answer.

        Raises:
            MimoError: The answer is an error.
            Unavailable: The node left.
        """
        given = {"operation": operation, **arguments}
        result = self._request("tools/call", {"name": tool, "arguments": given})
        error = wire.failure_of(result)
        if error is not None:
            raise error
        found: dict[str, Any] = result.get("structuredContent", {})
        return found

    def close(self) -> None:
        """End the process and wait for it."""
        for stream in (self._in, self._out):
            with contextlib.suppress(OSError):
                stream.close()
        try:
            self._process.wait(GONE_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _request(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        number = next(self._numbers)
        self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        while line := self._out.readline():
            answer = json.loads(line)
            if answer.get("id") != number or "method" in answer:
                continue
            if "error" in answer:
                raise Unavailable(str(answer["error"].get("message", answer["error"])))
            found: dict[str, Any] = answer["result"]
            return found
        raise Unavailable("expected an answer of the benchmark's node, its client ended")

    def _send(self, message: Mapping[str, Any]) -> None:
        try:
            self._in.write(json.dumps(message, ensure_ascii=False).encode() + b"\n")
            self._in.flush()
        except OSError as error:
            raise Unavailable(f"expected the benchmark's client to run, got: {error}") from None


class BenchNode:
    """A node that is started and stopped at will, in one folder.

    Args:
        folder: Its data directory.
        settings: Overrides, as `--set` takes them.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.folder = folder
        self._settings = dict(settings)
        self._client: StdioClient | None = None
        self.place = self._place({})

    @property
    def client(self) -> StdioClient:
        """The node's client.

        Raises:
            Unavailable: The node isn't started.
        """
        if self._client is None:
            raise Unavailable("expected the benchmark's node to run; start it first")
        return self._client

    def start(self, **settings: str) -> float:
        """Start it and return the seconds until a call was answered.

        Args:
            **settings: Further overrides, with `__` for the dot: `embedding__provider="none"`.

        Raises:
            StartError: It can't be started.
        """
        self.place = self._place({key.replace("__", "."): text for key, text in settings.items()})
        began_s = SYSTEM_CLOCK.monotonic_s()
        background.start_node(self.place, UP_WITHIN_S)
        self._client = StdioClient(self.folder)
        self._client.call("memory", "health")
        return SYSTEM_CLOCK.monotonic_s() - began_s

    def stop(self) -> None:
        """Stop it, client first; does nothing where none runs."""
        if self._client is not None:
            self._client.close()
            self._client = None
        run = self.place.paths.run
        request_node_stop(run)
        if not wait_for_stop(run, GONE_WITHIN_S):
            raise Unavailable(f"expected the benchmark's node to leave; see {run.parent}")

    def memory_bytes(self) -> int:
        """Return the proportional memory of all its processes; the client's isn't counted."""
        card = find_node(self.place.paths.run)
        if card is None:
            return 0
        pids = [card.watchdog_pid, *platform.descendants_of(card.watchdog_pid)]
        return sum(platform.pss_bytes(pid) for pid in pids)

    def _place(self, settings: Mapping[str, str]) -> Place:
        return Place({**self._settings, **settings, "data_dir": str(self.folder)}, None)


@contextlib.contextmanager
def own_node(settings: Mapping[str, str] | None = None) -> Iterator[BenchNode]:
    """Give a node that isn't started yet, in a temporary folder; both are gone afterwards.

    Args:
        settings: Overrides, as `--set` takes them.
    """
    with _leaving_in_order(), tempfile.TemporaryDirectory(prefix="mimo-bench-") as folder:
        node = BenchNode(Path(folder) / "data", settings or {})
        try:
            yield node
        finally:
            node.stop()


@contextlib.contextmanager
def _leaving_in_order() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the block as an exception does, so that no node is left."""

    def leave(number: int, _frame: object) -> None:
        sys.exit(_SIGNALLED + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
