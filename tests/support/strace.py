"""Faults in system calls of a running process, injected by strace."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.waiting import eventually

MISSING = "strace is missing or may not trace: no faults in system calls on this machine"


def require_strace() -> None:
    """Skip the test, loudly, where processes can't be traced."""
    if shutil.which("strace") is None or os.getuid() != 0:
        pytest.skip(MISSING)


@contextlib.contextmanager
def injected(pid: int, *rules: str) -> Iterator[None]:
    """Inject faults into the system calls of a process and its threads.

    Args:
        pid: The process.
        rules: As after `strace -e inject=`, such as `fdatasync:error=EIO:when=3`.

    Raises:
        AssertionError: It can't be traced.
    """
    names = ",".join(dict.fromkeys(rule.split(":")[0] for rule in rules))
    command = ["strace", "-f", "-p", str(pid), "-e", f"trace={names}", "-o", os.devnull]
    for rule in rules:
        command += ["-e", f"inject={rule}"]
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        eventually(lambda: _tracer_of(pid) == tracer.pid, within_s=10, what="strace to attach")
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(tracer.pid, signal.SIGINT)
        tracer.wait(10)
        assert tracer.stderr is not None
        tracer.stderr.close()


def _tracer_of(pid: int) -> int:
    """Return the pid of the process that traces `pid`; -1 when `pid` is gone, 0 without one."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return -1
    return next(
        (int(line.split()[1]) for line in lines.splitlines() if line.startswith("TracerPid")), 0
    )
