"""Processes as a test sees them: alive, ours, and none left behind."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterable

import psutil

#: Environment variable that marks every process of a test, over forks and new sessions.
MARKER = "MIMO_TEST_ID"


def alive(pid: int) -> bool:
    """Tell whether the process runs; one that is dead and not yet reaped (state Z) doesn't.

    Mere existence misleads where the parent is slow to reap (measured: 1.34 s against 16 ms).
    """
    if pid <= 0:
        return False
    try:
        return str(psutil.Process(pid).status()) not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return False


def descendants(pid: int) -> set[int]:
    """Return the pids below `pid` that are alive."""
    try:
        found = psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return set()
    return {child.pid for child in found if alive(child.pid)}


def children(pid: int) -> set[int]:
    """Return the pids of the direct children of `pid` that are alive."""
    try:
        found = psutil.Process(pid).children()
    except psutil.NoSuchProcess:
        return set()
    return {child.pid for child in found if alive(child.pid)}


def marked(test_id: str) -> set[int]:
    """Return the living processes that carry the test's marker, this one excepted."""
    found = set()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            is_marked = process.environ().get(MARKER) == test_id
            if is_marked and process.pid != os.getpid() and alive(process.pid):
                found.add(process.pid)
    return found


def kill_all(pids: Iterable[int]) -> None:
    """Send SIGKILL to each of these processes that is still there."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def command_line(pid: int) -> str:
    """Return the process's command line for a message, or what is known instead."""
    try:
        process = psutil.Process(pid)
        return f"{pid} ({process.status()}) {' '.join(process.cmdline()) or process.name()}"
    except psutil.Error as error:
        return f"{pid} {type(error).__name__}"


def in_child(work: Callable[[], object]) -> int:
    """Run `work` in a forked process and return its exit code, or minus the signal that ended it.

    The child leaves by `os._exit`: 0 after `work`, 99 after an exception.
    """
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
