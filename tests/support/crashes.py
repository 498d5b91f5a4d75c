"""Work that is forked and then killed, or failed, at its Nth change to a file."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support import strace

#: The system calls that change files, as SQLite and Python make them on Linux.
CHANGES = ("pwrite64", "fdatasync", "fsync", "ftruncate", "link", "rename", "unlink")

#: Work to be harmed; what it passes to its argument is known to have been acknowledged.
Work = Callable[[Callable[[str], None]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Harmed:
    """What became of the work.

    Args:
        acknowledged: What it had acknowledged.
        code: Its exit code, or minus the signal that ended it.
    """

    acknowledged: tuple[str, ...]
    code: int

    @property
    def is_killed(self) -> bool:
        """Whether the kill has met it."""
        return self.code == -signal.SIGKILL


def harm(work: Work, injection: str, *, place: Path) -> Harmed:
    """Run `work` in a forked process under one injected fault and tell what became of it.

    Args:
        work: Runs in the child, which leaves by `os._exit`: 0, or 99 after an exception.
        injection: As after `strace -e inject=`, such as `pwrite64:signal=KILL:when=3`.
        place: The child's current directory.
    """
    strace.require_strace()
    go, start = os.pipe()
    acknowledged, acknowledge = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(start)
        _run(work, place, go, acknowledge)
    os.close(go)
    os.close(acknowledge)
    try:
        with strace.injected(pid, injection):
            os.write(start, b"!")
            said = _read_all(acknowledged)
    finally:
        # A child that was never started reads the end of its pipe and leaves.
        os.close(start)
        os.close(acknowledged)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return Harmed(acknowledged=tuple(said.splitlines()), code=code)


def killed_at_each(work: Work, prepare: Callable[[], Path]) -> Iterator[tuple[Path, Harmed]]:
    """Kill the work at each of its changes to files, one run a change.

    Args:
        work: Works in its current directory.
        prepare: Makes a fresh place for a run.

    Yields:
        The place and what became of the work, for each run in which the kill has met it.
    """
    for call in CHANGES:
        when = 1
        while True:
            place = prepare()
            done = harm(work, f"{call}:signal=KILL:when={when}", place=place)
            if not done.is_killed:
                assert done.code == 0, f"expected the work to end, got exit code {done.code}"
                break
            yield place, done
            when += 1


def _run(work: Work, place: Path, go: int, acknowledge: int) -> None:
    code = 99
    try:
        os.chdir(place)
        if os.read(go, 1):
            work(lambda text: _say(acknowledge, text))
        code = 0
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
        raise
    finally:
        os._exit(code)


def _say(handle: int, text: str) -> None:
    os.write(handle, text.encode() + b"\n")


def _read_all(handle: int) -> str:
    parts = []
    while part := os.read(handle, 65_536):
        parts.append(part)
    return b"".join(parts).decode()
