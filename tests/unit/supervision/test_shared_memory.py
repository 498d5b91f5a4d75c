"""The folder of shared tables: found, refused, left, and swept after the dead."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mimo.config.clock import SYSTEM_CLOCK, ManualClock
from mimo.config.paths import RunPaths
from mimo.supervision import platform
from mimo.supervision.shared_memory import ABANDONED_S, MARK, folder_for, leave
from tests.support.leftovers import tables_of

pytestmark = pytest.mark.skipif(
    platform.is_portable() or not Path("/dev/shm").is_dir(), reason="no shared memory here"
)


def later() -> ManualClock:
    """Return a clock for which everything that exists now is abandoned."""
    return ManualClock(wall_s=SYSTEM_CLOCK.wall_s() + ABANDONED_S + 60.0)


@pytest.fixture
def other_dir(tmp_path: Path) -> Iterator[Path]:
    """Return a data directory that has a folder with a table, as a killed node leaves it."""
    folder = tmp_path / "other"
    folder.mkdir()
    place = folder_for(RunPaths(folder), SYSTEM_CLOCK, "x")
    (place / "heir").mkdir()
    (place / "heir" / "t.table").write_bytes(b"x")
    yield folder
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def own(data_dir: Path) -> Iterator[RunPaths]:
    yield RunPaths(data_dir)
    shutil.rmtree(tables_of(data_dir), ignore_errors=True)


def test_the_folder_is_private_and_names_its_data_directory(own: RunPaths) -> None:
    """Ours: mode 0700, one a data directory, the same each time."""
    folder = folder_for(own, SYSTEM_CLOCK, "x")
    assert folder == folder_for(own, SYSTEM_CLOCK, "x") == tables_of(own.data_dir)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / MARK).read_bytes() == os.fsencode(own.data_dir)


def test_the_last_to_leave_removes_the_folder(own: RunPaths) -> None:
    """Promise 9: nothing of ours stays; a folder with tables does."""
    folder = folder_for(own, SYSTEM_CLOCK, "x")
    (folder / "heir").mkdir()
    leave(folder)
    assert folder.exists()
    (folder / "heir").rmdir()
    leave(folder)
    leave(folder)
    assert not folder.exists()


def test_what_a_deleted_data_directory_left_is_removed_after_a_day(
    own: RunPaths, other_dir: Path
) -> None:
    """Ours: not sooner, since a disk may be unplugged for a while."""
    place = tables_of(other_dir)
    shutil.rmtree(other_dir)
    folder_for(own, SYSTEM_CLOCK, "x")
    assert place.exists()
    folder_for(own, later(), "x")
    assert not place.exists()


def test_tables_of_a_data_directory_that_exists_are_never_swept(
    own: RunPaths, other_dir: Path
) -> None:
    """Ours: however old; they are found again by name."""
    folder_for(own, later(), "x")
    assert (tables_of(other_dir) / "heir" / "t.table").exists()


def test_a_folder_without_a_mark_is_left_alone(own: RunPaths, other_dir: Path) -> None:
    """Ours: what isn't surely abandoned isn't ours to remove."""
    (tables_of(other_dir) / MARK).unlink()
    shutil.rmtree(other_dir)
    folder_for(own, later(), "x")
    assert tables_of(other_dir).exists()
