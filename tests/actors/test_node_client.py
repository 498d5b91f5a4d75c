"""Calls from outside: answered, refused with a clear sentence, never late, never another's."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mimo.config.errors import Busy, Crashed, DeadlineExceeded, NotFound, Unavailable
from mimo.supervision import messages as m
from mimo.supervision.client import Client
from tests.support.bare_node import BareNode, bare_node
from tests.support.waiting import eventually, remains


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[BareNode]:
    """Give a node with a real root supervisor and one `answerer`."""
    with bare_node(tmp_path, supervised=True, preload=["tests.support.answerer"]) as running:
        running.wait_up()
        yield running
        assert running.stop() == (0, "")


@pytest.fixture
def client(supervised: BareNode) -> Iterator[Client]:
    """Give a client of that node."""
    with Client(supervised.run_dir) as client:
        yield client


def test_a_name_is_found_and_its_answer_returned(client: Client) -> None:
    """By way of the root supervisor, then straight to the process."""
    pid = client.call("answerer", "pid")
    (row,) = client.call("mimo", m.WhichChildren())
    assert (row.name, row.pid) == ("answerer", pid)


def test_an_error_of_the_actor_is_raised(client: Client) -> None:
    """With its class, its sentence and its hint."""
    with pytest.raises(Busy, match="got one more") as caught:
        client.call("answerer", "busy")
    assert caught.value.retry_after_s == 0.5


def test_an_unknown_name_is_not_found(client: Client) -> None:
    """At once, not after the timeout."""
    with pytest.raises(NotFound):
        client.call("nobody", "pid", timeout_s=60)


def test_a_crash_is_told_once(client: Client) -> None:
    """The call that brought its process down is not tried again; the next finds the successor."""
    before = client.call("answerer", "pid")
    with pytest.raises(Crashed):
        client.call("answerer", "crash")
    assert client.call("answerer", "pid", timeout_s=20) != before


def test_a_late_reply_is_dropped(client: Client) -> None:
    """The next call must not get the former's answer (T2)."""
    with pytest.raises(DeadlineExceeded):
        client.call("answerer", ("later", 0.4), timeout_s=0.2)
    pid = client.call("answerer", "pid")
    remains(lambda: client.call("answerer", "pid") == pid, for_s=0.5)
    assert client.late_replies == 1


def test_a_call_goes_on_at_the_successor_when_its_process_dies(client: Client) -> None:
    """Killed while it works on the call; the second attempt is answered."""
    assert client.call("answerer", ("die once", 2), timeout_s=20) == 2


def test_a_call_that_may_not_be_repeated_is_not(client: Client) -> None:
    """The caller is told that the outcome is unknown."""
    with pytest.raises(Unavailable, match="unknown"):
        client.call("answerer", ("die once", 2), timeout_s=20, retry=False)


def test_without_a_node_a_call_fails_at_once(tmp_path: Path) -> None:
    """No folder, and no node in a folder: what to do stands in the sentence."""
    with Client(tmp_path / "run") as client:
        began_s = time.monotonic()
        with pytest.raises(Unavailable, match="mimo start"):
            client.call("mimo", "pid", timeout_s=60)
        assert time.monotonic() - began_s < 30


def test_a_node_that_dies_ends_the_call(tmp_path: Path) -> None:
    """Not after 50 s, as with the library."""
    with bare_node(tmp_path) as running, Client(running.run_dir) as client:
        card = running.wait_up()
        assert client.call("mimo", "pid") == card.root_pid
        running.process.kill()
        running.finish()
        with pytest.raises(Unavailable, match="mimo start"):
            client.call("mimo", "pid", timeout_s=60)


def test_a_frozen_node_ends_the_call_within_its_timeout(tmp_path: Path) -> None:
    """Everything stopped: `unavailable`, and which process doesn't answer."""
    with bare_node(tmp_path) as running, Client(running.run_dir) as client:
        card = running.wait_up()
        everybody = sorted(running.living())
        for pid in everybody:
            os.kill(pid, signal.SIGSTOP)
        with pytest.raises(Unavailable, match=str(card.root_pid)):
            client.call("mimo", "pid", timeout_s=0.7)
        for pid in everybody:
            os.kill(pid, signal.SIGCONT)
        assert client.call("mimo", "pid", timeout_s=20) == card.root_pid


def test_a_call_goes_on_in_the_next_generation(tmp_path: Path) -> None:
    """The root was killed; the client waits for the next one and asks again."""
    with bare_node(tmp_path) as running, Client(running.run_dir) as client:
        card = running.wait_up()
        assert client.call("mimo", "pid") == card.root_pid
        os.kill(card.root_pid, signal.SIGKILL)
        assert client.call("mimo", "pid", timeout_s=20) != card.root_pid
        running.stop()


def test_clients_leave_no_socket_behind(client: Client) -> None:
    """A hundred clients in a row."""

    def sockets() -> int:
        links = list(Path("/proc/self/fd").iterdir())
        return sum(1 for link in links if os.path.lexists(link))

    client.call("answerer", "pid")
    before = sockets()
    for _ in range(100):
        with Client(client.run_dir) as other:
            other.call("answerer", "pid")
    eventually(lambda: sockets() <= before + 2, within_s=5)
