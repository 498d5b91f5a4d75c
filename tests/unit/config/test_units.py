"""Numbers with units, read and written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.config import units


@given(st.integers(0, 10**9))
def test_a_spelled_duration_is_read_back_unchanged(seconds: int) -> None:
    """`spell_seconds` and `seconds` are inverse for whole seconds up to float's 6 shown digits."""
    spelled = units.spell_seconds(seconds)

    assert units.seconds(spelled) == pytest.approx(seconds, rel=1e-5)


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused_with_the_forms(text: str) -> None:
    """Nothing but ValueError, and its sentence shows an example (ours)."""
    for read in (units.seconds, units.size_bytes):
        refusal = ""
        try:
            read(text)
        except ValueError as error:
            refusal = str(error)
        assert not refusal or "such as" in refusal


@pytest.mark.parametrize(
    ("size", "spelled"),
    [(0, "0 B"), (1_023, "1023 B"), (1_536, "1.5 KiB"), (67_108_864, "64 MiB"), (2**31, "2 GiB")],
)
def test_sizes_are_spelled_in_binary_units(size: int, spelled: str) -> None:
    """For people; machines get bytes (ours)."""
    assert units.spell_bytes(size) == spelled
