"""Every primitive in both forms: as Linux has it, and the portable fallback."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mimo.config.errors import StartError
from mimo.supervision import platform
from tests.support.processes import alive, in_child
from tests.support.waiting import eventually


@pytest.fixture(params=[False, True], ids=["linux", "portable"], autouse=True)
def portable(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Run each test with the kernel's primitives and without."""
    monkeypatch.setenv("MIMO_PORTABLE", "1" if request.param else "0")
    return bool(request.param)


@pytest.fixture
def sleeper() -> Iterator[int]:
    """Give the pid of a child that does nothing."""
    process = subprocess.Popen(["sleep", "600"])
    yield process.pid
    process.kill()
    process.wait()


def fork(work: Callable[[], None]) -> int:
    """Run `work` in a fork and return its pid."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(0)
    return pid


def test_the_environment_chooses_the_fallbacks(portable: bool) -> None:
    """`MIMO_PORTABLE=1`; anywhere but on Linux they are used anyway."""
    assert platform.is_portable() == (portable or sys.platform != "linux")


def test_a_child_dies_with_its_parent() -> None:
    """By the kernel's signal, or by a pipe of which the parent holds the end."""
    read, write = os.pipe()

    def parent() -> None:
        line = platform.new_lifeline()
        me = os.getpid()

        def child() -> None:
            assert platform.die_with_parent(me, line)
            os.write(write, b"%d\n" % os.getpid())
            signal.pause()

        fork(child)
        if line is not None:
            line.keep()
        signal.pause()

    parent_pid = fork(parent)
    child_pid = int(os.read(read, 32))
    assert alive(child_pid)
    os.kill(parent_pid, signal.SIGKILL)
    os.waitpid(parent_pid, 0)
    eventually(lambda: not alive(child_pid), within_s=10)
    os.close(read)
    os.close(write)


def test_a_child_that_came_too_late_ends_at_once() -> None:
    """Its parent died before it could bind its life to it."""
    assert in_child(lambda: platform.die_with_parent(1)) == -signal.SIGKILL


def test_without_a_lifeline_the_fallback_says_so(portable: bool) -> None:
    """Nothing is promised that can't be held."""
    assert in_child(lambda: os._exit(int(platform.die_with_parent()))) == (0 if portable else 1)


def test_a_lifeline_that_is_cut_kills_its_child() -> None:
    """The watchdog ends a generation that way where it can't adopt it."""
    line = platform.Lifeline()

    def child() -> None:
        line.hold_on()
        signal.pause()

    pid = fork(child)
    line.keep()
    assert alive(pid)
    line.cut()
    eventually(lambda: not alive(pid), within_s=10)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


def test_only_linux_adopts_orphans(portable: bool) -> None:
    """The caller gets told whether it can rely on it."""
    assert in_child(lambda: os._exit(int(platform.become_subreaper()))) == (0 if portable else 1)


def test_the_end_of_a_process_can_be_waited_for(sleeper: int, portable: bool) -> None:
    """By a pidfd; the fallback says None, and the caller polls."""
    fd = platform.watch_process(sleeper)
    assert (fd is None) == portable
    os.kill(sleeper, signal.SIGKILL)
    if fd is not None:
        assert select.select([fd], [], [], 10)[0]
        os.close(fd)
    eventually(lambda: not platform.is_alive(sleeper), within_s=10)


def test_a_process_that_is_gone_can_not_be_watched() -> None:
    """A pid that was never given out, or was."""
    pid = fork(lambda: None)
    os.waitpid(pid, 0)
    with pytest.raises(ProcessLookupError):
        platform.watch_process(pid)


def test_states_tell_stopped_from_sleeping_and_dead(sleeper: int) -> None:
    """The letters of /proc/PID/stat, also from psutil."""
    eventually(lambda: platform.process_state(sleeper) == "S", within_s=10)
    os.kill(sleeper, signal.SIGSTOP)
    eventually(lambda: platform.process_state(sleeper) == "T", within_s=10)
    os.kill(sleeper, signal.SIGCONT)
    eventually(lambda: platform.process_state(sleeper) == "S", within_s=10)
    os.kill(sleeper, signal.SIGKILL)
    eventually(lambda: platform.process_state(sleeper) == "Z", within_s=10)
    assert not platform.is_alive(sleeper)
    assert platform.is_alive(os.getpid())


def test_a_process_that_is_gone_has_no_state_parent_or_children() -> None:
    """None, 0 and nothing, without an error."""
    pid = fork(lambda: None)
    os.waitpid(pid, 0)
    assert platform.process_state(pid) is None
    assert platform.parent_of(pid) == 0
    assert platform.children_of(pid) == []
    assert platform.pss_bytes(pid) == 0
    assert platform.cpu_s(pid) == 0.0


def test_families_are_known(sleeper: int) -> None:
    """Parents before children."""
    assert platform.parent_of(sleeper) == os.getpid()
    assert sleeper in platform.children_of(os.getpid())
    shell = subprocess.Popen(["sh", "-c", "sleep 600 & wait"])
    below = eventually(lambda: platform.descendants_of(shell.pid), within_s=10)
    everybody = platform.descendants_of(os.getpid())
    assert everybody.index(shell.pid) < everybody.index(below[0])
    assert platform.kill_tree(shell.pid) == below
    shell.wait()


def test_killing_a_tree_spares_what_it_is_told(tmp_path: Path) -> None:
    """One pass after another until nothing is left; the root of the tree stays."""

    def work() -> None:
        first, second = (subprocess.Popen(["sleep", "600"]) for _ in range(2))
        spare = frozenset({first.pid})
        killed = platform.kill_tree(os.getpid(), spare=spare)
        second.wait()
        assert second.pid in killed
        assert first.pid not in killed
        assert platform.is_alive(first.pid)
        while platform.kill_tree(os.getpid()):
            platform.reap()
        assert not platform.is_alive(first.pid)

    assert in_child(work) == 0


def test_orphans_are_found_by_their_session() -> None:
    """Where nobody adopts them."""

    def work() -> None:
        process = subprocess.Popen(["sh", "-c", "sleep 600 & echo"], start_new_session=True)
        process.wait()
        session = frozenset({process.pid})
        assert len(platform.session_members(session)) == 1
        while platform.kill_tree(os.getpid(), sessions=session):
            continue
        assert not [pid for pid in platform.session_members(session) if platform.is_alive(pid)]

    assert in_child(work) == 0


def test_memory_and_cpu_of_a_process_are_told() -> None:
    """Within sane bounds; the fallback counts what the process alone uses."""
    assert 1_000_000 < platform.pss_bytes(os.getpid()) < 10_000_000_000
    assert platform.cpu_s(os.getpid()) > 0


def test_the_boot_id_is_stable() -> None:
    """The same text twice, not empty."""
    assert platform.boot_id() == platform.boot_id() != ""


def test_the_other_end_of_a_socket_is_ours() -> None:
    """A Unix socket tells the user of its peer."""
    ours, theirs = socket.socketpair()
    assert platform.peer_uid(ours) == os.getuid()
    ours.close()
    theirs.close()


def test_open_files_are_those_that_are_open() -> None:
    """Without the one that was opened to look."""
    before = set(platform.open_files())
    read, write = os.pipe()
    assert set(platform.open_files()) - before == {read, write}
    os.close(read)
    os.close(write)
    assert set(platform.open_files()) == before


def test_inherited_pipes_and_sockets_are_dropped_but_keep_their_numbers(tmp_path: Path) -> None:
    """A forgotten Python object must not close what was opened later under the same number."""
    null = Path(os.devnull).stat().st_rdev

    def work() -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        kept, write = os.pipe()
        with (tmp_path / "file").open("w") as file:
            platform.drop_inherited_files((kept,))
            file.write("regular files stay")
        assert socket.socket().connect_ex(("127.0.0.1", port)) != 0
        assert os.fstat(listener.fileno()).st_rdev == null
        assert os.read(kept, 1) == b"", "the other end is gone"
        assert os.fstat(write).st_rdev == null

    assert in_child(work) == 0
    assert (tmp_path / "file").read_text() == "regular files stay"


def test_shared_memory_is_private_and_one_folder_a_data_directory(
    tmp_path: Path, portable: bool
) -> None:
    """In /dev/shm if there is one, else where the caller says."""
    fallback = tmp_path / "run" / "tables"
    first = platform.shared_memory_dir(tmp_path, fallback=fallback)
    assert first == platform.shared_memory_dir(tmp_path, fallback=fallback)
    assert (first == fallback) == portable
    assert first.stat().st_mode & 0o777 == 0o700
    other = platform.shared_memory_dir(tmp_path / "other", fallback=tmp_path / "else")
    assert other != first
    for folder in (first, other):
        folder.rmdir()


def test_a_link_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    """Another user may have put it there to read our tables."""
    fallback = tmp_path / "tables"
    folder = platform.shared_memory_dir(tmp_path, fallback=fallback)
    folder.rmdir()
    (tmp_path / "trap").mkdir()
    folder.symlink_to(tmp_path / "trap")
    with pytest.raises(StartError):
        platform.shared_memory_dir(tmp_path, fallback=fallback)
    folder.unlink()
