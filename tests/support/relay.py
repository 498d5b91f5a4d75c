"""A `mimo stdio` process whose every byte the test decides."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

#: How long an answer or the end may take before the test fails, in seconds.
WITHIN_S = 20.0


def handshake(version: str = "2025-11-25") -> list[dict[str, Any]]:
    """Return the two messages that open a legacy session."""
    client = {"name": "test", "version": "1"}
    params = {"protocolVersion": version, "capabilities": {}, "clientInfo": client}
    return [
        {"jsonrpc": "2.0", "id": "init", "method": "initialize", "params": params},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
    ]


class RelayProcess:
    """One relay.

    Args:
        data_dir: Its data directory.
        arguments: Further arguments.
        env: Its environment besides HOME and PATH; hosts give little more.
        popen: Further arguments of `subprocess.Popen`.
    """

    def __init__(
        self,
        data_dir: Path,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        command: Sequence[str] = (sys.executable, "-m", "mimo", "stdio"),
        **popen: Any,
    ) -> None:
        given = {
            name: os.environ[name]
            for name in ("HOME", "PATH", "MIMO_TEST_ID", "TMPDIR", "COVERAGE_PROCESS_START")
            if name in os.environ
        }
        channels = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        self.process = subprocess.Popen(
            [*command, "--data-dir", str(data_dir), *arguments],
            env=given | dict(env or {}),
            **{**channels, **popen},
        )
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def send(self, *messages: dict[str, Any]) -> None:
        """Write each message as a line."""
        self.write(b"".join(json.dumps(message).encode() + b"\n" for message in messages))

    def write(self, data: bytes) -> None:
        """Write bytes as they are."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def request(self, request_id: Any, method: str, **params: Any) -> None:
        """Write a request."""
        self.send({"jsonrpc": "2.0", "id": request_id, "method": method, "params": params})

    def line(self, within_s: float = WITHIN_S) -> bytes:
        """Return the next line, without its newline; fail when none comes in time."""
        assert self.process.stdout is not None
        stdout = self.process.stdout.fileno()
        end_s = time.monotonic() + within_s
        while b"\n" not in self._rest:
            ready, _, _ = select.select([stdout], [], [], max(0.0, end_s - time.monotonic()))
            assert ready, f"expected a line within {within_s} s, got {self._rest[:200]!r}"
            data = os.read(stdout, 65_536)
            assert data, f"expected a line, got the end after {self._rest[:200]!r}"
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def message(self, within_s: float = WITHIN_S) -> dict[str, Any]:
        """Return the next line as JSON."""
        found = json.loads(self.line(within_s))
        assert isinstance(found, dict)
        return found

    def opened(self, version: str = "2025-11-25") -> Self:
        """Open a legacy session."""
        self.send(*handshake(version))
        assert self.message()["id"] == "init"
        return self

    def end_input(self) -> None:
        """Close stdin, as a host does to end a server."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def wait(self, within_s: float = WITHIN_S) -> int:
        """Return the exit code."""
        return self.process.wait(within_s)

    def rest(self) -> bytes:
        """Return what is still to be read of stdout, after the end."""
        assert self.process.stdout is not None
        end: bytes = self.process.stdout.read()
        return self._rest + end

    def complaints(self) -> str:
        """Return what came on stderr, after the end."""
        assert self.process.stderr is not None
        complaints: bytes = self.process.stderr.read()
        return complaints.decode()
