"""Frames: only a holder of the key is heard, only on its connection, only in order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.supervision.signing import (
    HEADER,
    KEY_BYTES,
    NONCE_BYTES,
    TAG_BYTES,
    BadSignature,
    Session,
    new_key,
    new_nonce,
)

KEY = bytes(range(32))
CALLER, LISTENER = b"c" * NONCE_BYTES, b"l" * NONCE_BYTES


def session(
    key: bytes = KEY, caller: bytes = CALLER, listener: bytes = LISTENER, port: int = 1_900
) -> Session:
    """Return a session as either end makes it."""
    return Session(key, caller, listener, port)


def unpack(frame: bytes) -> tuple[bytes, bytes]:
    """Return tag and payload of a frame."""
    size, tag = HEADER.unpack_from(frame)
    assert size == len(frame) - HEADER.size
    return tag, frame[HEADER.size :]


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_what_one_end_seals_the_other_opens_in_order(payloads: list[bytes]) -> None:
    """Every payload comes out as it went in."""
    ours, theirs = session(), session()
    assert [theirs.open(*unpack(ours.seal(payload))) for payload in payloads] == payloads


@pytest.mark.parametrize(
    "other",
    [
        session(key=b"another key of 32 bytes.........."),
        session(caller=b"x" * NONCE_BYTES),
        session(listener=b"x" * NONCE_BYTES),
        session(port=1_901),
    ],
    ids=["key", "caller's challenge", "listener's challenge", "port"],
)
def test_a_frame_of_another_session_is_refused(other: Session) -> None:
    """Neither a stranger's nor one recorded on another connection or for another listener."""
    with pytest.raises(BadSignature):
        session().open(*unpack(other.seal(b"payload")))
    with pytest.raises(BadSignature):
        session().check_proof(other.proof)


def test_a_frame_counts_once_and_in_its_place() -> None:
    """Repeating or reordering frames of the same connection is refused."""
    ours, theirs = session(), session()
    first, second = ours.seal(b"first"), ours.seal(b"second")
    with pytest.raises(BadSignature):
        session().open(*unpack(second))
    assert theirs.open(*unpack(first)) == b"first"
    with pytest.raises(BadSignature):
        theirs.open(*unpack(first))


@given(st.integers(min_value=0, max_value=TAG_BYTES + 6), st.integers(min_value=1, max_value=255))
def test_a_changed_frame_is_refused(place: int, change: int) -> None:
    """Every bit of tag and payload counts."""
    frame = bytearray(session().seal(b"payload"))
    frame[HEADER.size - TAG_BYTES + place] ^= change
    with pytest.raises(BadSignature):
        session().open(*unpack(bytes(frame)))


def test_a_listener_without_the_key_is_told_nothing() -> None:
    """Who took over a dead actor's port can't give the proof; the caller sends no message."""
    session().check_proof(session().proof)
    with pytest.raises(BadSignature):
        session().check_proof(bytes(TAG_BYTES))
    with pytest.raises(BadSignature):
        session().check_proof(b"")


def test_keys_and_challenges_are_fresh() -> None:
    """Random, of full length."""
    assert len(new_key()) == KEY_BYTES
    assert len({new_key() for _ in range(100)}) == 100
    assert len({new_nonce() for _ in range(100)}) == 100
