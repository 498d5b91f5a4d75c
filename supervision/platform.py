"""What the operating system tells and does: Linux's own way, or a portable fallback.

The fallbacks (`platform_portable.py`) serve macOS; `MIMO_PORTABLE=1` forces them on Linux, so
that they are tested.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import resource
import signal
import socket
import stat
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mimo.config.errors import StartError
from mimo.supervision import platform_linux as linux
from mimo.supervision.lifeline import Lifeline as Lifeline  # noqa: PLC0414  part of this face

if TYPE_CHECKING:
    from types import ModuleType


def is_portable() -> bool:
    """Tell whether the fallbacks are in use: anywhere but on Linux, or with `MIMO_PORTABLE=1`."""
    return sys.platform != "linux" or os.environ.get("MIMO_PORTABLE") == "1"


def _fallbacks() -> ModuleType:
    from mimo.supervision import platform_portable

    return platform_portable


# -- Bound lives -----------------------------------------------------------------------------
def new_lifeline() -> Lifeline | None:
    """Return what a parent makes before it forks a child that shall die with it.

    None where the kernel does it alone.
    """
    return Lifeline() if is_portable() else None


def die_with_parent(parent_pid: int | None = None, lifeline: Lifeline | None = None) -> bool:
    """Have this process killed when the process that forked it, or has adopted it, dies.

    Args:
        parent_pid: Who the parent must be; where it is already another, this process ends at once.
        lifeline: Made by the parent's `new_lifeline` before the fork.

    Returns:
        False where it can't be had: without the kernel's help and without a lifeline.
    """
    bound = False
    if not is_portable():
        bound = linux.set_parent_death_signal(signal.SIGKILL)
    elif lifeline is not None:
        lifeline.hold_on()
        bound = True
    if parent_pid is not None and os.getppid() != parent_pid:
        os.kill(os.getpid(), signal.SIGKILL)
    return bound


def become_subreaper() -> bool:
    """Adopt orphaned descendants from now on; False where the system can't."""
    return not is_portable() and linux.set_child_subreaper()


# -- Other processes -------------------------------------------------------------------------
def watch_process(pid: int) -> int | None:
    """Return a file number that becomes readable when `pid` ends.

    None where that can't be had: poll instead.

    Raises:
        ProcessLookupError: There is no such process.
    """
    if is_portable() or not hasattr(os, "pidfd_open"):
        os.kill(pid, 0)
        return None
    return os.pidfd_open(pid)


def process_state(pid: int) -> str | None:
    """Return R, S, D, T (stopped), t (traced) or Z (zombie); None when `pid` is gone."""
    if not is_portable():
        return linux.process_state(pid)
    state: str | None = _fallbacks().process_state(pid)
    return state


def is_alive(pid: int) -> bool:
    """Tell whether `pid` runs; a zombie doesn't."""
    return process_state(pid) not in (None, "Z")


def parent_of(pid: int) -> int:
    """Return the parent's pid; 0 when `pid` is gone."""
    return int(_fallbacks().parent_of(pid)) if is_portable() else linux.parent_of(pid)


def children_of(pid: int) -> list[int]:
    """Return the pids of the direct children of `pid`; none when it is gone."""
    return list(_fallbacks().children_of(pid)) if is_portable() else linux.children_of(pid)


def descendants_of(pid: int) -> list[int]:
    """Return the pids of all processes below `pid`, parents before their children."""
    found: list[int] = []
    queue = [pid]
    while queue:
        below = [child for child in children_of(queue.pop(0)) if child not in found]
        found.extend(below)
        queue.extend(below)
    return found


def session_members(sessions: frozenset[int]) -> list[int]:
    """Return the pids of all processes in these sessions; orphans stay in theirs."""
    found = []
    for pid in list(_fallbacks().all_pids()) if is_portable() else linux.all_pids():
        try:
            if os.getsid(pid) in sessions:
                found.append(pid)
        except (ProcessLookupError, PermissionError):
            continue
    return found


def reap() -> list[int]:
    """Collect this process's dead children and return their pids."""
    gone = []
    try:
        while (pid := os.waitpid(-1, os.WNOHANG)[0]) != 0:
            gone.append(pid)
    except ChildProcessError:
        pass
    return gone


def kill_tree(
    pid: int, *, spare: frozenset[int] = frozenset(), sessions: frozenset[int] = frozenset()
) -> list[int]:
    """Kill everything below `pid`, but not `pid` itself; one pass.

    Args:
        pid: The root of the tree, such as this process.
        spare: Processes to leave alive; not so what is below them.
        sessions: Sessions whose members are killed too; orphans that nobody adopts are found so.

    Returns:
        The pids that were alive; call again until there are none.
    """
    found = descendants_of(pid) + (session_members(sessions) if sessions else [])
    spared = {pid, *spare}
    victims = [victim for victim in dict.fromkeys(found) if victim not in spared]
    victims = [victim for victim in victims if is_alive(victim)]
    for victim in victims:
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return victims


# -- Priority --------------------------------------------------------------------------------
def limit_data(data_bytes: int) -> None:
    """Let this process have at most so much memory of its own; more raises `MemoryError`.

    Only the soft limit: a child that needs more may say so. Linux counts private writable
    pages (`RLIMIT_DATA`, since 4.7); elsewhere it may count less or nothing.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = data_bytes if hard == resource.RLIM_INFINITY else min(data_bytes, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def yield_to_others() -> None:
    """Let this process run only where no other wants to, as far as the platform can say so.

    Source: sched(7), SCHED_IDLE; a merely nicer process keeps the processor for its whole slice.
    """
    if is_portable():
        os.nice(19)
    else:
        linux.set_idle_priority()


# -- Memory and CPU --------------------------------------------------------------------------
def pss_bytes(pid: int) -> int:
    """Return the process's share of memory in bytes, 0 when gone; elsewhere what it alone uses."""
    return int(_fallbacks().unique_bytes(pid)) if is_portable() else linux.pss_bytes(pid)


def cpu_s(pid: int) -> float:
    """Return the seconds of CPU that `pid` has used; 0 when it is gone."""
    return float(_fallbacks().cpu_s(pid)) if is_portable() else linux.cpu_s(pid)


# -- The host --------------------------------------------------------------------------------
def boot_id() -> str:
    """Return a text that changes with every start of the machine."""
    return str(_fallbacks().boot_id()) if is_portable() else linux.boot_id()


def open_files() -> list[int]:
    """Return the numbers of this process's open files, without the one that looked."""
    folder = "/dev/fd" if is_portable() else "/proc/self/fd"
    found = []
    for name in os.listdir(folder):  # noqa: PTH208  numbers, not paths
        try:
            os.fstat(int(name))
        except OSError:
            continue
        found.append(int(name))
    return found


def drop_inherited_files(keep: tuple[int, ...] = ()) -> None:
    """Put /dev/null in place of every inherited pipe and socket but those in `keep`.

    The numbers stay taken, so that a forgotten Python object can't close what was opened later.
    """
    null = os.open(os.devnull, os.O_RDWR)
    for fd in open_files():
        if fd in (0, 1, 2, null) or fd in keep:
            continue
        try:
            mode = os.fstat(fd).st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISCHR(mode):
                os.dup2(null, fd)
        except OSError:
            continue
    os.close(null)


def peer_uid(connection: socket.socket) -> int:
    """Return the user id of the process at the other end of a Unix socket.

    Raises:
        OSError: The system doesn't tell.
    """
    if hasattr(socket, "SO_PEERCRED"):
        raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return int(struct.unpack("3i", raw)[1])
    return int(_fallbacks().peer_uid(connection))


def shared_memory_dir(data_dir: Path, *, fallback: Path) -> Path:
    """Return a private folder (0700) for tables that outlive their owner; in memory if possible.

    Args:
        data_dir: The data directory; each gets its own folder.
        fallback: Where the folder stands when there is no shared memory.

    Raises:
        StartError: Somebody else owns the folder.
    """
    memory = Path("/dev/shm")  # noqa: S108  checked for its owner below
    if is_portable() or not os.access(memory, os.W_OK):
        folder = fallback
    else:
        name = hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:16]
        folder = memory / f"mimo-{os.getuid()}-{name}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise StartError(f"expected {folder} to be a folder of yours, got another's; remove it")
    folder.chmod(0o700)
    return folder
