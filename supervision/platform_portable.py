"""The primitives of `platform.py` where Linux's own aren't there: psutil and plain POSIX."""

from __future__ import annotations

import socket
import struct

import psutil

_STATES = {
    psutil.STATUS_RUNNING: "R",
    psutil.STATUS_WAKING: "R",
    psutil.STATUS_SLEEPING: "S",
    psutil.STATUS_IDLE: "S",
    psutil.STATUS_DISK_SLEEP: "D",
    psutil.STATUS_STOPPED: "T",
    psutil.STATUS_TRACING_STOP: "t",
    psutil.STATUS_ZOMBIE: "Z",
}
_GONE = (psutil.NoSuchProcess, psutil.AccessDenied)
_LOCAL_PEERCRED = 1


def process_state(pid: int) -> str | None:
    """Return the state's letter; None when `pid` is gone."""
    try:
        return _STATES.get(psutil.Process(pid).status())
    except psutil.ZombieProcess:
        return "Z"
    except psutil.NoSuchProcess:
        return None


def parent_of(pid: int) -> int:
    """Return the parent's pid; 0 when `pid` is gone."""
    try:
        return int(psutil.Process(pid).ppid())
    except _GONE:
        return 0


def children_of(pid: int) -> list[int]:
    """Return the direct children of `pid`."""
    try:
        return [child.pid for child in psutil.Process(pid).children()]
    except _GONE:
        return []


def all_pids() -> list[int]:
    """Return the pids of all processes."""
    return list(psutil.pids())


def unique_bytes(pid: int) -> int:
    """Return the memory that would be free without the process, in bytes; 0 when it is gone."""
    try:
        return int(psutil.Process(pid).memory_full_info().uss)
    except _GONE:
        return 0


def cpu_s(pid: int) -> float:
    """Return user and system seconds; 0 when the process is gone."""
    try:
        used = psutil.Process(pid).cpu_times()
    except _GONE:
        return 0.0
    return float(used.user + used.system)


def boot_id() -> str:
    """Return the time of the machine's start, which a change of the clock may shift by a second."""
    return str(int(psutil.boot_time()))


def peer_uid(connection: socket.socket) -> int:
    """Return the user id of a Unix socket's other end, as macOS tells it: struct xucred."""
    raw = connection.getsockopt(0, _LOCAL_PEERCRED, struct.calcsize("2ih16i"))
    return int(struct.unpack_from("2i", raw)[1])
