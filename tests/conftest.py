"""What every test gets: a data directory, a clock that stands still, chance, no leftovers."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from mimo.config.clock import ManualClock
from tests.support import leftovers, processes
from tests.support.waiting import eventually

#: How long processes of a test may take to be gone after it, in seconds.
GONE_WITHIN_S = 5.0

_FORKS = leftovers.ForkWatch()


@pytest.fixture(scope="session")
def temporary_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the whole run its own short folder for temporary files: each is accounted for."""
    tmp_path_factory.getbasetemp()  # settles pytest's own folder before TMPDIR changes
    folder = Path(tempfile.mkdtemp(prefix="mimo-test-"))
    before = os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = str(folder)
    yield folder
    tempfile.tempdir = None
    if before is None:
        del os.environ["TMPDIR"]
    else:
        os.environ["TMPDIR"] = before
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def nothing_left(temporary_folder: Path, tmp_path: Path) -> Iterator[None]:
    """Fail a test that leaves a process, shared memory or a temporary file behind.

    Locks and sockets die with their processes. What a fixture of a wider scope holds isn't the
    test's. Source: reliability.md, checker C8.
    """
    test_id = uuid.uuid4().hex
    os.environ[processes.MARKER] = test_id
    pids_before = _FORKS.held()
    files_before = set(temporary_folder.iterdir())
    yield
    found = _processes_left(test_id, pids_before) if _FORKS.has_forked else []
    del os.environ[processes.MARKER]
    for path in leftovers.shared_memory(tmp_path) | set(temporary_folder.iterdir()) - files_before:
        found.append(str(path))
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert not found, f"expected nothing of ours left, got {found}"


def _processes_left(test_id: str, before: set[int]) -> list[str]:
    """Return what is still alive after a while, and end it."""

    def living() -> set[int]:
        others = before.union(*(processes.descendants(pid) for pid in before))
        return leftovers.living(test_id) - others

    try:
        eventually(lambda: not living(), within_s=GONE_WITHIN_S)
    except AssertionError:
        pids = living()
        lines = [processes.command_line(pid) for pid in sorted(pids)]
        processes.kill_all(pids)
        return lines
    return []


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Return an empty data directory, mode 0700."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock that stands still until it is told to move."""
    return ManualClock()


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """Return a source of chance seeded by the test's name, or by MIMO_SEED where that is set."""
    seed = os.environ.get("MIMO_SEED", request.node.nodeid)
    return random.Random(seed)
