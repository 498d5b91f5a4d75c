"""The root's sign of life: heard for its own generation, harmless when nobody listens."""

from __future__ import annotations

from pathlib import Path

import pytest

from mimo.supervision.heartbeat import Heartbeat, HeartbeatListener


@pytest.fixture(autouse=True)
def in_run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be in the run folder, as a node is: socket paths are short."""
    monkeypatch.chdir(tmp_path)


def test_only_beats_of_the_present_generation_count() -> None:
    """A root of a former one that is dying still beats."""
    listener = HeartbeatListener("watch.sock")
    old, new = Heartbeat("watch.sock", 1), Heartbeat("watch.sock", 2)
    assert not listener.drain(2)
    old.beat()
    assert not listener.drain(2)
    old.beat()
    new.beat()
    old.beat()
    assert listener.drain(2)
    assert not listener.drain(2)
    for part in (listener, old, new):
        part.close()


def test_a_beat_that_nobody_hears_is_dropped() -> None:
    """No listener yet, one that is gone, one that doesn't read."""
    heartbeat = Heartbeat("watch.sock", 1)
    heartbeat.beat()
    listener = HeartbeatListener("watch.sock")
    for _ in range(5_000):
        heartbeat.beat()
    assert listener.drain(1)
    listener.close()
    heartbeat.beat()
    heartbeat.close()


def test_a_socket_that_a_dead_watchdog_left_is_replaced(tmp_path: Path) -> None:
    """And removed at the end."""
    (tmp_path / "watch.sock").write_text("left behind")
    listener = HeartbeatListener("watch.sock")
    heartbeat = Heartbeat("watch.sock", 7)
    heartbeat.beat()
    assert listener.drain(7)
    heartbeat.close()
    listener.close()
    listener.close()
    assert not (tmp_path / "watch.sock").exists()


def test_a_root_beats_only_where_it_is_asked_to() -> None:
    """`Start.args["heartbeat"]`; without it, as in tests, nothing is sent."""
    assert Heartbeat.from_args({}) is None
    listener = HeartbeatListener("watch.sock")
    heartbeat = Heartbeat.from_args({"heartbeat": {"path": "watch.sock", "generation": 3}})
    assert heartbeat is not None
    heartbeat.beat()
    assert listener.drain(3)
    listener.close()
    heartbeat.close()
