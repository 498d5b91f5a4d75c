"""The wall clock of a node's processes, in a test's hand: it jumps while they run.

By the library of `faketime`, preloaded into all of them, and its file of the present offset, which
each looks at anew: forks included. The monotonic clock and the times of files stay true.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import processes

MISSING = "faketime's library is missing: no jumps of the wall clock on this machine"
_LIBRARIES = "/usr/lib"
_SHARED_MEMORY = Path("/dev/shm")
_PREFIXES = ("faketime_shm_", "sem.faketime_sem_")
#: faketime 0.9.10 makes nonsense of the absolute sleep that Python asks for.
_SLEEP = """
import select
import time

def sleep(seconds):
    select.select([], [], [], seconds)

time.sleep = sleep
"""


def library() -> Path | None:
    """Return faketime's library for programs with threads; None where it isn't installed."""
    found = Path(_LIBRARIES).glob("*/faketime/libfaketimeMT.so.1")
    return next(found, None)


class WallClock:
    """The offset between the true wall clock and the one that a node's processes see.

    Args:
        folder: For its files, outside what the test fills or removes.
        preload: Faketime's library.
    """

    def __init__(self, folder: Path, preload: Path) -> None:
        self._preload = preload
        self._folder = folder
        self._file = folder / "offset"
        (folder / "sitecustomize.py").write_text(_SLEEP, encoding="utf-8")
        self.offset_s = 0
        self.jump(0)

    def settings(self) -> dict[str, str]:
        """Return the variables that put a process and its forks under this clock."""
        path = os.environ.get("PYTHONPATH")
        return {
            "LD_PRELOAD": str(self._preload),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
            # With its workaround, timed waits for the interpreter's lock return at once: they spin.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
            "NO_FAKE_STAT": "1",
            "PYTHONPATH": os.pathsep.join([str(self._folder), *([path] if path else [])]),
        }

    def jump(self, offset_s: int) -> None:
        """Set the clock to so many seconds after the true one; the next look at it sees that."""
        draft = self._folder / "offset.next"
        draft.write_text(f"{offset_s:+d}\n", encoding="ascii")
        draft.replace(self._file)
        self.offset_s = offset_s


@contextlib.contextmanager
def wall_clock(folder: Path) -> Iterator[WallClock | None]:
    """Give a clock that can jump; None where faketime isn't installed.

    The processes under it must have ended when the block does.
    """
    preload = library()
    if preload is None:
        yield None
        return
    folder.mkdir()
    before = _left()
    try:
        yield WallClock(folder, preload)
    finally:
        for path, pid in _left().items():
            if path not in before and not processes.alive(pid):
                path.unlink(missing_ok=True)


def require(clock: WallClock | None) -> WallClock:
    """Return the clock, or skip the test, loudly."""
    if clock is None:
        pytest.skip(MISSING)
    return clock


def _left() -> dict[Path, int]:
    """Return the library's files in shared memory, with the process that each was made for."""
    return {
        path: int(path.name.rpartition("_")[2])
        for path in _SHARED_MEMORY.glob("*faketime_*")
        if path.name.startswith(_PREFIXES)
    }
