"""The file beside the database that remembers it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.storage import witness
from mimo.storage.witness import Witness

NUMBERS = st.integers(min_value=0, max_value=2**63 - 1)


@given(st.uuids(), NUMBERS, NUMBERS)
def test_a_witness_is_read_as_it_was_written(uuid: object, seq: int, memory_id: int) -> None:
    """One line of fixed length, so that it is overwritten in place. Source: ours."""
    found = Witness(uuid=str(uuid).replace("-", ""), seq=seq, memory_id=memory_id)
    content = witness.encoded(found)

    assert witness.decoded(content) == found
    assert len(content) == len(witness.encoded(Witness(uuid="", seq=0, memory_id=0)))


@given(st.binary(max_size=200), st.integers(min_value=0, max_value=127))
def test_a_torn_witness_is_no_evidence(noise: bytes, cut: int) -> None:
    """It isn't synced, so a loss of power may leave anything in it. Source: ours."""
    whole = witness.encoded(Witness(uuid="a" * 32, seq=12, memory_id=3))

    assert witness.decoded(noise) is None
    assert witness.decoded(whole[:cut]) is None


def test_a_held_witness_is_overwritten_in_place(tmp_path: Path) -> None:
    """The newest note stands alone in the file. Source: ours."""
    db_path = tmp_path / "mimo.db"
    held = witness.WitnessFile(db_path)
    for seq in (10**12, 3):
        held.note(Witness(uuid="c" * 32, seq=seq, memory_id=seq))
    held.close()
    held.close()

    assert witness.read(db_path) == Witness(uuid="c" * 32, seq=3, memory_id=3)


def test_a_witness_that_cannot_be_written_is_left_out(tmp_path: Path) -> None:
    """A full disk mustn't keep the writer from starting. Source: ours, E1."""
    held = witness.WitnessFile(tmp_path / "missing" / "mimo.db")
    held.note(Witness(uuid="f" * 32, seq=1, memory_id=1))
    held.close()

    assert list(tmp_path.iterdir()) == []


def test_there_may_be_no_witness(tmp_path: Path) -> None:
    """None, not an error. Source: ours."""
    assert witness.read(tmp_path / "mimo.db") is None


@pytest.mark.parametrize("previous", [None, Witness(uuid="d" * 32, seq=9, memory_id=9)])
def test_a_witness_is_replaced_whole(tmp_path: Path, previous: Witness | None) -> None:
    """Written aside and renamed. Source: ours."""
    db_path = tmp_path / "mimo.db"
    if previous is not None:
        witness.write(db_path, previous)
    witness.write(db_path, Witness(uuid="e" * 32, seq=1, memory_id=1))

    assert witness.read(db_path) == Witness(uuid="e" * 32, seq=1, memory_id=1)
    assert [p.name for p in tmp_path.iterdir()] == ["mimo.db.witness"]
