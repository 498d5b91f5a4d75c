"""The primitives of `platform.py` as Linux has them: prctl and /proc."""

from __future__ import annotations

import ctypes
import os

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def _prctl(option: int, value: int) -> bool:
    return bool(ctypes.CDLL(None).prctl(option, value, 0, 0, 0) == 0)


def set_parent_death_signal(number: int) -> bool:
    """Have signal `number` sent to this process when its parent, or who has adopted it, dies."""
    return _prctl(_PR_SET_PDEATHSIG, number)


def set_child_subreaper() -> bool:
    """Adopt orphaned descendants from now on."""
    return _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def set_idle_priority() -> None:
    """Run in the idle class from now on."""
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def _read(path: str) -> str:
    """Return the file's text; empty when its process is gone."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123  hot: many a second
            return file.read()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return ""


def _stat_fields(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the name; none when the process is gone."""
    return _read(f"/proc/{pid}/stat").rpartition(")")[2].split()


def process_state(pid: int) -> str | None:
    """Return the state's letter; None when `pid` is gone."""
    fields = _stat_fields(pid)
    return fields[0] if fields and fields[0] != "X" else None


def parent_of(pid: int) -> int:
    """Return the parent's pid; 0 when `pid` is gone."""
    fields = _stat_fields(pid)
    return int(fields[1]) if fields else 0


def children_of(pid: int) -> list[int]:
    """Return the direct children of `pid`, of all its threads."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208  numbers, not paths
    except (FileNotFoundError, ProcessLookupError):
        return []
    found: list[int] = []
    for thread in threads:
        found.extend(int(child) for child in _read(f"/proc/{pid}/task/{thread}/children").split())
    return found


def all_pids() -> list[int]:
    """Return the pids of all processes."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208  numbers


def pss_bytes(pid: int) -> int:
    """Return the proportional set size in bytes; 0 when the process is gone."""
    for line in _read(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def cpu_s(pid: int) -> float:
    """Return user and system seconds; 0 when the process is gone."""
    fields = _stat_fields(pid)
    ticks = int(fields[11]) + int(fields[12]) if fields else 0
    return ticks / os.sysconf("SC_CLK_TCK")


def boot_id() -> str:
    """Return the kernel's random id of this boot."""
    return _read("/proc/sys/kernel/random/boot_id").strip()
