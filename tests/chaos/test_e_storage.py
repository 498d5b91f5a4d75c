"""E. Storage: a full disk, a disk that fails, a held lock, wrong files, a second node.

Source: reliability.md section 4 E.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mimo.storage.database import open_writer
from mimo.supervision.card import holder_pid
from mimo.supervision.messages import RestartChild
from tests.support import disks, figures, strace
from tests.support.campaign import Campaign
from tests.support.checkers import events, judge_file, log_lines
from tests.support.client import CallError, Client
from tests.support.history import History
from tests.support.node import Node, end, environment, running_node
from tests.support.processes import alive
from tests.support.waiting import eventually

#: Without the model there is less to write to a small disk.
SMALL = {"MIMO_EMBEDDING_PROVIDER": "none"}
RESUMED_S = 20.0
#: Codes of calls that needed a page which couldn't be read.
UNREADABLE = {"corrupt", "storage_failed"}


def test_e1_a_full_disk_refuses_writes_and_resumes_by_itself(tmp_path: Path) -> None:
    """E1: `disk_full`, reads go on; with room again writes succeed; nothing is lost."""
    history = History()
    with disks.small_disk(tmp_path / "disk", 16) as disk:
        data_dir = disk / "data"
        data_dir.mkdir(mode=0o700)
        with running_node(data_dir, SMALL) as node:
            with node.connect("filler", history) as client:
                first = client.store("the first, before the disk was full")
                filler = disks.fill(disk)
                code = _store_until_refused(client)
                assert code == "disk_full"
                found = client.call("get", subject="", memory_id=first)
                assert found["memory"]["memory_id"] == first
                filler.unlink()
                began_s = time.monotonic()
                eventually(lambda: _stored(client), within_s=RESUMED_S, what="writes to resume")
                resume_ms = (time.monotonic() - began_s) * 1000
            verdict = judge_file(history, node.database)
            told = {line["event"] for line in node.log()}
            restarts = node.restarts()
    figures.record_chaos(
        "E1",
        recover_ms=resume_ms,
        errors=len(history.errors()),
        lost=verdict.lost,
        restarts=restarts,
    )
    verdict.require_clean()
    # A line for which there was no room at that instant is dropped, and counted.
    assert told & {"storage.writing_again", "log.dropped"}


def test_e1_a_generation_booted_on_a_full_disk_is_found_once_there_is_room(
    tmp_path: Path,
) -> None:
    """E1, A9: reads are served by the new generation; its card is written as soon as it can be.

    Found by L1 with MIMO_SEED=2: the admin commands never found that node again.
    """
    with disks.small_disk(tmp_path / "disk", 16) as disk:
        data_dir = disk / "data"
        data_dir.mkdir(mode=0o700)
        with running_node(data_dir, SMALL) as node, node.connect("reader") as client:
            first = client.store("before the disk was full")
            generation = node.generation()
            filler = disks.fill(disk)
            tree = node.tree_pids()
            fault = node.signal("mimo")
            eventually(lambda: not any(map(alive, tree)), within_s=20, what="the tree's end")
            assert client.call("get", memory_id=first)["memory"]["memory_id"] == first
            recover_ms = (time.monotonic() - fault.at_s) * 1000
            filler.unlink()
            eventually(node.is_up, within_s=RESUMED_S, what="the card of the new generation")
            assert node.generation() > generation
            client.store("after there was room")
    figures.record_chaos("E1 boot", recover_ms=recover_ms)


def _store_until_refused(client: Client) -> str:
    """Store large memories until one is refused; return the error's code."""
    for number in range(400):
        try:
            client.store(f"{number} " + "full " * 10_000)
        except CallError as error:
            return error.code
    return "never refused"


def _stored(client: Client) -> bool:
    try:
        client.store(f"there is room again {time.monotonic_ns()}")
    except CallError:
        return False
    return True


def test_e3_a_failed_sync_ends_the_writer_and_acknowledges_nothing_false(
    warm: Node, chance: random.Random
) -> None:
    """E3: after EIO the writer leaves, its successor verifies; that batch was not acknowledged."""
    strace.require_strace()
    with Campaign(warm, "E3", chance, mix={"store": 80, "get": 20}, is_logged=False) as case:
        up = warm.actor("storage/writer")
        with strace.injected(up.pid, "fdatasync,fsync:error=EIO:when=3"):
            eventually(lambda: not alive(up.pid), within_s=20, what="the writer to leave")
        case.traffic.await_oks(10)
    case.require(
        errors_max=40,
        expected=frozenset({"storage.failed", "storage.opened"}),
    )


def test_e4_a_page_that_a_reader_can_not_read_costs_one_call(
    warm: Node, chance: random.Random
) -> None:
    """E4: its caller is told; the reader goes on, and so does everybody else."""
    strace.require_strace()
    mix = {"store": 40, "get": 40, "keyword": 20}
    with Campaign(warm, "E4 reader", chance, mix=mix, is_logged=False) as case:
        case.traffic.await_oks(40)
        pid = warm.actor("memory/recall/1").pid
        with strace.injected(pid, "pread64:error=EIO:when=1"):
            eventually(case.traffic.history.errors, within_s=20, what="a page that can't be read")
        case.traffic.await_oks(20)
    case.require(errors_max=1)
    assert {op.code for op in case.traffic.history.errors()} <= UNREADABLE
    assert warm.actor("memory/recall/1").pid == pid


def test_e4_pages_that_the_writer_can_not_read_start_no_crash_loop(
    data_dir: Path, chance: random.Random
) -> None:
    """E4: it refuses to write, or leaves; reads go on, and the next writer writes again.

    SQLite calls some unreadable pages damaged. Then the writer refuses until it is started anew.
    """
    strace.require_strace()
    with running_node(data_dir, SMALL) as node:
        with Campaign(node, "E4 writer", chance, is_logged=False) as case:
            case.traffic.await_oks(40)
            # A writer with an empty cache has to read.
            node.await_successor(node.signal("storage/writer"))
            failing = node.actor("storage/writer")
            with strace.injected(failing.pid, "pread64:error=EIO"):
                errors = case.traffic.history.errors
                eventually(lambda: errors() or not alive(failing.pid), within_s=20, what="a fault")
                for _ in range(3):
                    case.traffic.recover_ms(time.monotonic(), "get", "search")
            restarts = node.restarts()["storage/writer"] - 1
            is_refusing = alive(failing.pid)
            if is_refusing:
                again = RestartChild(name="storage/writer", force=True)
                node.ask(again, "storage", timeout_s=30)
            healed_s = time.monotonic()
            case.recover_ms.append(case.traffic.recover_ms(healed_s, "store"))
        case.require(
            errors_max=len(case.traffic.history),
            expected=frozenset({"storage.failed", "storage.corrupt"}),
            is_refusing=is_refusing,
        )
    assert {op.code for op in case.traffic.history.errors()} <= UNREADABLE
    assert {op.kind for op in case.traffic.history.errors()} <= {"store"}
    assert restarts <= 1


def test_e5_a_lock_of_another_process_is_waited_for_then_refused(data_dir: Path) -> None:
    """E5: `busy` after the time-out, reads go on, and the next write succeeds."""
    timeout_s = 1.0
    settings = SMALL | {"MIMO_STORAGE_BUSY_TIMEOUT_S": f"{timeout_s} s"}
    with running_node(data_dir, settings) as node, node.connect("waiter") as client:
        first = client.store("before the lock")
        other = sqlite3.connect(node.database, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            began_s = time.monotonic()
            with pytest.raises(CallError) as refused:
                client.store("during the lock")
            took_s = time.monotonic() - began_s
            assert client.call("get", memory_id=first)["memory"]["memory_id"] == first
        finally:
            other.execute("ROLLBACK")
            other.close()
        client.store("after the lock")
        verdict = judge_file(client.history, node.database)
        restarts = node.restarts()
    figures.record_chaos("E5", refused_ms=took_s * 1000, errors=1, restarts=restarts)
    verdict.require_clean()
    assert refused.value.code == "busy"
    assert took_s < timeout_s + 8
    assert restarts == {}


@pytest.mark.parametrize("kind", ["header", "empty", "foreign", "newer", "read-only"])
def test_e7_a_file_that_is_no_database_of_ours_is_left_alone(data_dir: Path, kind: str) -> None:
    """E7, E10, E12: the first generation refuses, with the right sentence; the bytes stay."""
    database = data_dir / "mimo.db"
    if kind == "header":
        database.write_bytes(b"This is no database." * 400)
    elif kind == "empty":
        database.touch()
    elif kind in ("newer", "read-only"):
        open_writer(database).close()
        link = sqlite3.connect(database)
        if kind == "newer":
            link.execute("PRAGMA user_version = 999")
        # The last one to close takes the log away.
        link.execute("SELECT count(*) FROM memories").fetchone()
        link.close()
        if kind == "read-only":
            database.chmod(0o400)
    else:
        link = sqlite3.connect(database)
        link.execute("CREATE TABLE theirs (x)")
        link.commit()
        link.close()
    before = database.read_bytes()
    test_id = f"e7{kind}"
    node = Node(data_dir, environment(test_id, SMALL), test_id)
    try:
        with Client(data_dir, env=node.env) as client:
            client.initialize()
            with pytest.raises(CallError) as refused:
                client.call("stats", timeout_s=90)
    finally:
        end(node)
    words = refused.value.detail
    figures.record_chaos(f"E7 {kind}", errors=1, sentence=words)
    assert "mimo.db" in words, words
    assert "gave up" not in words
    if kind == "newer":
        assert "999" in words
    # The relay may start a node again, once it knows that one has left.
    assert len(events(node.log(), "node.generation_ended")) == len(
        events(node.log(), "node.started")
    )
    assert database.read_bytes() == before
    beside = {path.name for path in data_dir.iterdir()}
    assert not beside & {"mimo.db-wal", "mimo.db-journal"}


def test_e5_a_lock_that_is_held_at_the_start_is_waited_for(data_dir: Path) -> None:
    """E5: unlike a file that can't be served, it is tried again, in further generations."""
    database = data_dir / "mimo.db"
    open_writer(database).close()
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    settings = SMALL | {"MIMO_STORAGE_BUSY_TIMEOUT_S": "0.2 s"}
    with running_node(data_dir, settings, start=False) as node, ThreadPoolExecutor(1) as pool:
        began_s = time.monotonic()
        starting = pool.submit(node.start)

        def busy() -> list[str]:
            lines = events(node.log(), "node.generation_ended")
            return [line["reason"] for line in lines if "SQLITE_BUSY" in line["reason"]]

        eventually(lambda: len(busy()) >= 2, within_s=60, what="a second generation to be refused")
        other.close()
        starting.result(90)
        node.connect("writer").store("after the lock")
    figures.record_chaos("E5 start", recover_ms=(time.monotonic() - began_s) * 1000)


def test_e15_a_second_node_is_refused_and_a_dead_ones_lock_is_free(node: Node) -> None:
    """E15: the holder's pid is told; after its SIGKILL the next node starts."""
    command = [sys.executable, "-m", "mimo", "node", "--data-dir", str(node.data_dir)]
    second = subprocess.run(
        command, env=node.env, capture_output=True, text=True, timeout=60, check=False
    )
    holder = node.card().watchdog_pid
    assert second.returncode not in (0, None)
    assert str(holder) in second.stderr
    os.kill(holder, signal.SIGKILL)
    eventually(lambda: holder_pid(node.run_dir) != holder, within_s=10, what="the lock to be free")
    took_s = node.start()
    figures.record_chaos("E15", recover_ms=took_s * 1000, errors=0)
    assert node.card().watchdog_pid != holder


def test_e14_the_newest_backup_is_a_point_of_the_history(node: Node, tmp_path: Path) -> None:
    """E14: a backup made under load, opened by itself, holds nothing but what was stored."""
    from mimo.actors.storage.messages import BackupNow

    with node.connect("writer") as client:
        contents = [f"line {number}" for number in range(60)]
        for content in contents[:30]:
            client.store(content)
        made = Path(str(node.ask(BackupNow(), "storage/maintenance", timeout_s=60)))
        for content in contents[30:]:
            client.store(content)
    copy = tmp_path / "restored.db"
    shutil.copyfile(made, copy)
    history = History()
    verdict = judge_file(history, copy)
    verdict.require_clean()
    link = sqlite3.connect(copy)
    found = {row[0] for row in link.execute("SELECT content FROM memories")}
    link.close()
    figures.record_chaos("E14", lost=len(set(contents[:30]) - found))
    assert set(contents[:30]) <= found <= set(contents)
    assert any(line["event"] == "storage.backup_made" for line in log_lines(node.data_dir))
