"""The card and the lock of a data directory: private, whole, held by one, free after a death."""

from __future__ import annotations

import dataclasses
import os
import signal
import stat
import threading
from pathlib import Path

import pytest

from mimo.supervision.card import (
    NodeCard,
    NodeLock,
    holder_pid,
    read_card,
    remove_card,
    write_card,
)
from tests.support.waiting import eventually

CARD = NodeCard(
    generation=3,
    port=1_900,
    key="00ff",
    watchdog_pid=11,
    launcher_pid=12,
    admin_pid=13,
    root_pid=14,
    root_address="80",
    root_incarnation=99,
    started_at=1.5,
)


def test_a_card_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Replaced in one step, readable by its owner only, no draft left."""
    write_card(tmp_path, dataclasses.replace(CARD, generation=2))
    write_card(tmp_path, CARD)
    assert read_card(tmp_path) == CARD
    assert stat.S_IMODE((tmp_path / "node.json").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["node.json"]
    remove_card(tmp_path)
    remove_card(tmp_path)
    assert read_card(tmp_path) is None


def test_a_draft_that_a_dead_node_left_does_no_harm(tmp_path: Path) -> None:
    """It is written anew, never followed."""
    (tmp_path / "elsewhere").write_text("untouched")
    (tmp_path / "node.json.draft").symlink_to(tmp_path / "elsewhere")
    write_card(tmp_path, CARD)
    assert read_card(tmp_path) == CARD
    assert (tmp_path / "elsewhere").read_text() == "untouched"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"generation": 1}', "null", "\x00"])
def test_a_card_that_can_not_be_read_is_none(tmp_path: Path, text: str) -> None:
    """Of another version, or damaged: the next generation writes a good one."""
    (tmp_path / "node.json").write_text(text)
    assert read_card(tmp_path) is None


def test_one_holds_the_lock(tmp_path: Path) -> None:
    """Until it lets go; its pid stands in the file."""
    first, second = NodeLock(tmp_path), NodeLock(tmp_path)
    assert holder_pid(tmp_path) is None
    assert first.acquire()
    assert holder_pid(tmp_path) == os.getpid()
    assert not second.acquire()
    first.let_go()
    first.let_go()
    assert holder_pid(tmp_path) is None
    assert second.acquire()
    second.let_go()


def test_the_lock_is_free_when_its_holder_is_killed(tmp_path: Path) -> None:
    """Also while a fork that let go of it lives on (E15)."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        lock = NodeLock(tmp_path)
        lock.acquire()
        child = os.fork()
        if child == 0:
            lock.let_go()
        os.write(write, b"%d\n" % os.getpid())
        signal.pause()
        os._exit(0)
    told: set[int] = set()
    while len(told) < 2:
        told |= {int(line) for line in os.read(read, 100).split()}
    assert holder_pid(tmp_path) == pid
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    eventually(lambda: holder_pid(tmp_path) is None, within_s=5)
    os.kill((told - {pid}).pop(), signal.SIGKILL)
    os.close(read)
    os.close(write)


def test_looking_at_the_lock_keeps_nobody_from_taking_it(tmp_path: Path) -> None:
    """A relay that waits for its node looks many times a second."""
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            holder_pid(tmp_path)

    lookers = [threading.Thread(target=look) for _ in range(2)]
    for looker in lookers:
        looker.start()
    try:
        for _ in range(100):
            lock = NodeLock(tmp_path)
            assert lock.acquire()
            lock.let_go()
    finally:
        stop.set()
        for looker in lookers:
            looker.join()


def test_no_folder_means_no_holder(tmp_path: Path) -> None:
    """Before the first start."""
    assert holder_pid(tmp_path / "run") is None
    (tmp_path / "file").write_text("")
    assert holder_pid(tmp_path / "file") is None
