"""One function for each primitive that only Linux has, with a portable fallback."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def is_portable() -> bool:
    """Tell whether the fallbacks are to be used: not on Linux, or `MIMO_PORTABLE=1`."""
    return sys.platform != "linux" or os.environ.get("MIMO_PORTABLE") == "1"


def _prctl(option: int, value: int) -> bool:
    return bool(ctypes.CDLL(None).prctl(option, value, 0, 0, 0) == 0)


def die_with_parent() -> None:
    """Have this process killed when the process that forked it dies."""
    if not is_portable():
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def become_subreaper() -> bool:
    """Adopt orphaned descendants; False where the system can't."""
    return not is_portable() and _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def open_files() -> list[int]:
    """Return the numbers of this process's open files."""
    folder = "/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"  # noqa: PTH112
    return [int(name) for name in os.listdir(folder)]  # noqa: PTH208
