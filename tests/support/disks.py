"""A small disk of its own for a test that fills it."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

MISSING = "a small disk can't be mounted here: needs root and mount"


@contextlib.contextmanager
def small_disk(place: Path, size_mib: int) -> Iterator[Path]:
    """Mount a disk in memory at `place`, or skip the test, loudly; unmounted afterwards."""
    place.mkdir(exist_ok=True)
    options = f"size={size_mib}m,mode=0700"
    command = ["mount", "-t", "tmpfs", "-o", options, "mimo-test", str(place)]
    if os.getuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip(MISSING)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(place: Path) -> Path:
    """Write one file until the disk is full; return it, so that it can be removed."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 65_536)
    with filler.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 512)
    return filler
