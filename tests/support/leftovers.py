"""What a test must not leave behind: processes, shared memory, temporary files."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from mimo.config.paths import RunPaths
from mimo.supervision import platform
from tests.support import processes

_FORKING = frozenset(
    {"os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system", "subprocess.Popen"}
)


class ForkWatch:
    """Sees whether this process has started another one: most tests needn't be searched after."""

    def __init__(self) -> None:
        self.has_forked = False
        self._held: set[int] = set()
        sys.addaudithook(self._see)

    def held(self) -> set[int]:
        """Return the processes that stand before a test, and begin to watch it."""
        if self.has_forked:
            self._held = living("")
        self.has_forked = False
        return self._held

    def _see(self, event: str, _args: tuple[object, ...]) -> None:
        if event in _FORKING:
            self.has_forked = True


def living(test_id: str) -> set[int]:
    """Return the living processes below this one, and those that carry the test's marker."""
    found = processes.descendants(os.getpid())
    if test_id:
        found |= processes.marked(test_id)
    return {pid for pid in found if "resource_tracker" not in processes.command_line(pid)}


def shared_memory(folder: Path) -> set[Path]:
    """Return the shared tables that belong to data directories at or below `folder`."""
    present = set(Path("/dev/shm").glob(f"mimo-{os.getuid()}-*"))
    if not present:
        return set()
    return present & {tables_of(found) for found in _folders(folder)}


def tables_of(data_dir: Path) -> Path:
    """Return where `mimo.supervision.platform` keeps the shared tables of a data directory."""
    if platform.is_portable():
        return RunPaths(data_dir).tables
    digest = hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:16]
    return Path("/dev/shm") / f"mimo-{os.getuid()}-{digest}"


def _folders(folder: Path) -> Iterator[Path]:
    for path, _folders, _files in os.walk(folder):
        yield Path(path)
