"""The processes below a keeper: what they use, and their end.

A keeper adopts its orphans where the system can, so that none escapes by a second fork or a new
session. Elsewhere the sessions that were seen tell who belongs to it: an orphan in a session that
was never seen escapes.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
from collections.abc import Iterator
from typing import Final

from mimo.supervision import platform

#: Passes until a family that forks all the time counts as caught.
_PASSES_MAX: Final = 400


class Kin:
    """All processes that descend from this one."""

    def __init__(self) -> None:
        self._leaders: set[int] = set()

    def belongs(self, pid: int) -> None:
        """Note the command's own process: its session may outlast it."""
        self._leaders.add(pid)

    def living(self, most: int = 0) -> set[int]:
        """Return the pids of all that live; of very many only `most`, unless that is 0."""
        found = _below(os.getpid())
        if platform.is_portable():
            below = list(found)
            self._leaders |= _sessions_of(below)
            members = platform.session_members(frozenset(self._leaders))
            found = itertools.chain(below, members)
        alive = (pid for pid in found if pid != os.getpid() and platform.is_alive(pid))
        return set(itertools.islice(alive, most or None))

    def memory_bytes(self, pids: set[int]) -> int:
        """Return the memory that these processes have besides files, in bytes."""
        return sum(_own_bytes(pid) for pid in pids)

    def signal(self, number: int) -> None:
        """Send a signal to all of them."""
        for pid in self.living():
            _send(pid, number)

    def kill(self) -> bool:
        """Kill all; return whether none is left. What waits for a disk may need more calls.

        Whole groups at once: the kernel lets nobody fork meanwhile, so a family that multiplies
        can't outrun this. The others are stopped first: what is stopped has no more children.
        """
        for leader in self._leaders:
            _send(-leader, signal.SIGKILL)
        stopped: set[int] = set()
        for _ in range(_PASSES_MAX):
            fresh = self.living() - stopped
            if not fresh:
                break
            for group in _groups_of(fresh):
                _send(-group, signal.SIGSTOP)
            stopped |= fresh
        for group in _groups_of(stopped):
            _send(-group, signal.SIGKILL)
        return not stopped


def _groups_of(pids: set[int]) -> set[int]:
    """Return the process groups of these processes, never this process's own."""
    found = set()
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            found.add(os.getpgid(pid))
    return found - {os.getpgrp()}


def _sessions_of(pids: list[int]) -> set[int]:
    """Return the sessions of these processes, never this process's own."""
    found = set()
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            found.add(os.getsid(pid))
    return found - {os.getsid(0)}


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _below(root: int) -> Iterator[int]:
    queue, seen = [root], {root}
    while queue:
        for pid in platform.children_of(queue.pop()):
            if pid not in seen:
                seen.add(pid)
                queue.append(pid)
                yield pid


def _own_bytes(pid: int) -> int:
    """Return what a process has in memory besides files; source: proc(5), status."""
    if platform.is_portable():
        return platform.pss_bytes(pid)
    found = 0
    try:
        with open(f"/proc/{pid}/status", "rb") as file:  # noqa: PTH123  hot: ten a second
            for line in file:
                if line.startswith((b"RssAnon:", b"RssShmem:")):
                    found += int(line.split()[1]) * 1024
    except OSError:
        return 0
    return found
