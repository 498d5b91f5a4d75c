"""Outbox and reception over real sockets in one process: order, loss, strangers, limits."""

from __future__ import annotations

import pickle
import select
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from mimo.supervision import runtime_outbox, runtime_reception
from mimo.supervision.runtime_outbox import Outbox
from mimo.supervision.runtime_reception import STRANGERS_MAX, Reception
from mimo.supervision.signing import HEADER, NONCE_BYTES, Session, new_key, new_nonce

KEY = new_key()


class Place:
    """One end: a listener and what it sends, polled by hand."""

    def __init__(self, name: str, key: bytes = KEY, address: tuple[str, int] | None = None) -> None:
        self.poll = select.poll()
        listener = socket.create_server(address or ("127.0.0.1", 0))
        self.address: tuple[str, int] = listener.getsockname()
        self.complaints: list[str] = []
        self.outbox = Outbox(self.poll, key, pickle.dumps(name))
        self.reception = Reception(self.poll, listener, key, self.complaints.append)

    def step(self, now_s: float = 0.0) -> None:
        """Act on what is ready now."""
        for fd, event in self.poll.poll(1):
            if fd in self.outbox:
                self.outbox.on_event(fd, event)
            elif fd in self.reception:
                self.reception.on_event(fd, now_s)

    def close(self) -> None:
        """Close all sockets."""
        self.outbox.close()
        self.reception.close()


@pytest.fixture
def places() -> Iterator[Callable[..., Place]]:
    """Make places that are closed at the end."""
    made: list[Place] = []

    def make(name: str, **options: object) -> Place:
        made.append(Place(name, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for place in made:
        place.close()


def until(condition: Callable[[], object], *stepping: Place) -> None:
    """Let these places act until the condition holds."""
    end_s = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end_s, "expected it within 20 s"
        for place in stepping:
            place.step()


def outcomes(place: Place) -> list[tuple[object, str]]:
    """Take away what became of what was sent."""
    found: list[tuple[object, str]] = list(place.outbox.results)
    place.outbox.results.clear()
    return found


def test_messages_arrive_in_order_with_the_senders_name(places: Callable[..., Place]) -> None:
    """From the first on, which waits for the handshake."""
    here, there = places("here"), places("there")
    for number in range(500):
        here.outbox.post(there.address, pickle.dumps(number), number)
    until(lambda: len(there.reception.arrived) == 500, here, there)
    assert list(there.reception.arrived) == [("here", number) for number in range(500)]
    assert outcomes(here) == [(number, "sent") for number in range(500)]
    assert here.outbox.unsent == 0


def test_both_ends_send_at_once(places: Callable[..., Place]) -> None:
    """Two connections, one each way; neither is closed for the other (D8)."""
    here, there = places("here"), places("there")
    for number in range(200):
        here.outbox.post(there.address, pickle.dumps(number), number)
        there.outbox.post(here.address, pickle.dumps(number), number)
        here.step()
        there.step()
    until(lambda: len(here.reception.arrived) == len(there.reception.arrived) == 200, here, there)
    for place in (here, there):
        assert [number for _, number in place.reception.arrived] == list(range(200))


def test_a_receiver_that_reads_nothing_stalls_only_itself(places: Callable[..., Place]) -> None:
    """What the kernel can't take waits; messages to others go (D9)."""
    here, still, other = places("here"), places("still"), places("other")
    here.outbox.post(still.address, pickle.dumps("first"), "first")
    until(lambda: still.reception.arrived, here, still)
    outcomes(here)
    for number in range(40):
        here.outbox.post(still.address, bytes(1 << 20), number)
    assert here.outbox.unsent > 0
    here.outbox.post(other.address, pickle.dumps("hello"), "hello")
    until(lambda: other.reception.arrived, here, other)
    assert list(other.reception.arrived) == [("here", "hello")]


def test_nobody_there_is_told(places: Callable[..., Place]) -> None:
    """A refused connection: the receiver is dead, and so is all that waits for it."""
    here, gone = places("here"), places("gone")
    gone.close()
    for number in range(3):
        here.outbox.post(gone.address, b"", number)
    until(lambda: here.outbox.unsent == 0, here)
    assert outcomes(here) == [(number, "dead") for number in range(3)]


def test_what_was_not_written_goes_to_the_successor_at_the_address(
    places: Callable[..., Place],
) -> None:
    """A lost connection is made again; what was already written whole is not sent twice."""
    here, there = places("here"), places("there")
    here.outbox.post(there.address, pickle.dumps("one"), "one")
    until(lambda: there.reception.arrived, here, there)
    there.close()
    successor = places("there", address=there.address)
    here.outbox.post(there.address, pickle.dumps("lost"), "lost")
    until(lambda: here.outbox.unsent == 0, here, successor)
    here.outbox.post(there.address, pickle.dumps("two"), "two")
    until(lambda: successor.reception.arrived, here, successor)
    assert ("here", "one") not in successor.reception.arrived
    assert ("here", "two") in successor.reception.arrived


def test_a_listener_without_the_key_is_told_nothing(places: Callable[..., Place]) -> None:
    """A stranger on a dead actor's port gets a challenge and no message."""
    here = places("here")
    stranger = socket.create_server(("127.0.0.1", 0))
    here.outbox.post(stranger.getsockname(), pickle.dumps("secret"), "secret")
    connection, _ = stranger.accept()
    until(lambda: select.select([connection], [], [], 0)[0], here)
    assert len(connection.recv(4_096)) == NONCE_BYTES
    connection.sendall(bytes(32))
    until(lambda: here.outbox.results, here)
    assert outcomes(here) == [("secret", "dead")]
    connection.settimeout(10)
    assert connection.recv(4_096) == b""
    connection.close()
    stranger.close()


def test_a_caller_without_the_key_is_refused_unread(
    places: Callable[..., Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pickle module isn't even asked."""
    there, stranger = places("there"), places("stranger", key=new_key())
    monkeypatch.setattr(runtime_reception, "pickle", None)
    caller = socket.create_connection(there.address)
    nonce = new_nonce()
    caller.sendall(nonce)
    until(lambda: select.select([caller], [], [], 0)[0], there)
    session = Session(new_key(), nonce, caller.recv(32)[:NONCE_BYTES], there.address[1])
    caller.sendall(session.seal(pickle.dumps("hello")))
    until(lambda: there.complaints, there)
    caller.close()
    stranger.outbox.post(there.address, pickle.dumps("hello"), "hello")
    until(lambda: stranger.outbox.results, there, stranger)
    assert outcomes(stranger) == [("hello", "dead")]
    assert not there.reception.arrived


def test_a_recorded_conversation_is_worth_nothing(places: Callable[..., Place]) -> None:
    """Bytes that went to a listener once are refused when they come again."""
    here, there = places("here"), places("there")
    here.outbox.post(there.address, pickle.dumps("pay"), "pay")
    until(lambda: there.reception.arrived, here, there)
    nonce = new_nonce()
    caller = socket.create_connection(there.address)
    caller.sendall(nonce)
    until(lambda: select.select([caller], [], [], 0)[0], there)
    session = Session(KEY, nonce, caller.recv(32)[:NONCE_BYTES], there.address[1])
    said = [session.seal(pickle.dumps("name")), session.seal(pickle.dumps("pay"))]
    caller.sendall(said[0] + said[1])
    until(lambda: len(there.reception.arrived) == 2, there)
    again = socket.create_connection(there.address)
    again.sendall(nonce + said[0] + said[1])
    caller.sendall(said[1])
    again.settimeout(0)
    until(lambda: _is_closed(again) and _is_closed(caller), there)
    assert len(there.reception.arrived) == 2
    for sock in (caller, again):
        sock.close()


def _is_closed(sock: socket.socket) -> bool:
    sock.setblocking(False)
    try:
        return sock.recv(4_096) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def test_a_stranger_can_not_make_us_hold_much(places: Callable[..., Place]) -> None:
    """The first frame is small or refused; later ones have their limit as well."""
    there = places("there")
    caller = socket.create_connection(there.address)
    caller.sendall(new_nonce() + HEADER.pack(1 << 20, bytes(16)))
    until(lambda: there.complaints, there)
    caller.close()


def test_callers_that_prove_nothing_are_turned_out(places: Callable[..., Place]) -> None:
    """The oldest when there are too many, all of them in time."""
    there = places("there")
    callers = [socket.create_connection(there.address) for _ in range(STRANGERS_MAX + 5)]
    for caller in callers:
        caller.setblocking(False)
    until(lambda: all(_is_closed(caller) for caller in callers[:5]), there)
    there.reception.expire(runtime_reception.STRANGER_S + 1.0)
    assert all(_is_closed(caller) for caller in callers)
    assert not there.reception.has_strangers
    for caller in callers:
        caller.close()


def test_what_waits_too_long_is_dropped_and_told(places: Callable[..., Place]) -> None:
    """Also on a connection that never opened; the rest goes on."""
    here, there = places("here"), places("there")
    for number in range(4):
        here.outbox.post(there.address, pickle.dumps(number), number)
    here.outbox.expire(lambda token: token < 2)
    assert outcomes(here) == [(0, "failed"), (1, "failed")]
    until(lambda: len(there.reception.arrived) == 2, here, there)
    assert [number for _, number in there.reception.arrived] == [2, 3]


def test_a_message_that_is_partly_written_is_not_dropped(places: Callable[..., Place]) -> None:
    """Half a frame would make the rest of the connection unreadable."""
    here, there = places("here"), places("there")
    here.outbox.post(there.address, pickle.dumps("first"), "first")
    until(lambda: there.reception.arrived, here, there)
    outcomes(here)
    big = pickle.dumps(bytes(32 << 20))
    here.outbox.post(there.address, big, "big")
    here.outbox.post(there.address, pickle.dumps("late"), "late")
    here.outbox.expire(lambda _: True)
    assert outcomes(here) == [("late", "failed")]
    until(lambda: len(there.reception.arrived) == 2, here, there)
    assert len(there.reception.arrived[1][1]) == 32 << 20


def test_a_receiver_that_is_forgotten_gets_nothing_more(places: Callable[..., Place]) -> None:
    """Its supervisor told of its death."""
    here, there = places("here"), places("there")
    here.outbox.post(there.address, b"", "waiting")
    here.outbox.forget(there.address)
    here.outbox.forget(there.address)
    assert outcomes(here) == [("waiting", "dead")]
    assert here.outbox.unsent == 0


def test_too_many_waiting_messages_are_refused(
    places: Callable[..., Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told at once, instead of eating all memory."""
    monkeypatch.setattr(runtime_outbox, "WAITING_MAX", 2)
    here, there = places("here"), places("there")
    for number in range(3):
        here.outbox.post(there.address, b"", number)
    assert outcomes(here) == [(2, "failed")]


def test_a_message_of_an_unknown_class_is_dropped_and_told(places: Callable[..., Place]) -> None:
    """The connection goes on."""
    here, there = places("here"), places("there")
    unknown = pickle.dumps(Place).replace(b"Place", b"Plaza")
    here.outbox.post(there.address, unknown, "unknown")
    here.outbox.post(there.address, pickle.dumps("known"), "known")
    until(lambda: there.reception.arrived, here, there)
    assert list(there.reception.arrived) == [("here", "known")]
    assert "Plaza" in there.complaints[0]


def test_a_shortage_of_files_shuts_the_door_for_a_while(
    places: Callable[..., Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Instead of spinning on a listener that stays readable; then callers come in again."""
    there, here = places("there"), places("here")
    listener = there.reception._listener

    class Exhausted:
        def accept(self) -> None:
            raise OSError(24, "Too many open files")

    monkeypatch.setattr(there.reception, "_listener", Exhausted())
    here.outbox.post(there.address, pickle.dumps("hello"), "hello")
    until(lambda: there.complaints, here, there)
    assert there.reception.has_strangers
    monkeypatch.setattr(there.reception, "_listener", listener)
    there.reception.expire(0.0)
    until(lambda: there.reception.arrived, here, there)
