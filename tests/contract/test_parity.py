"""Nothing of the original is lost: it is here, renamed, or says why it can't act."""

from __future__ import annotations

import pytest

from tests.support.parity import ORIGINAL, Fate, fates


@pytest.mark.parametrize("fate", fates(), ids=lambda fate: f"{fate.tool} {fate.operation}".strip())
def test_every_operation_of_the_original_has_its_place(fate: Fate) -> None:
    """Issue: every operation of the original's schema and the hidden ones that are real."""
    assert fate.kind in {"here", "renamed", "not available"}
    assert (fate.kind == "here") == (not fate.detail)


def test_all_fourteen_tools_are_there() -> None:
    """The original's slogan was "36 -> 14"."""
    assert len(ORIGINAL) == 14
    assert len({fate.tool for fate in fates() if not fate.operation}) >= 32
