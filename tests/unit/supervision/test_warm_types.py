"""Types get their version before the fork."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from mimo.supervision.warm_types import HAS_VERSION, settle_types

NAME = "mimo_test_of_warm_types"


class _Stubborn(type):
    """Answers no question about its classes."""

    def __getattr__(cls, name: str) -> object:
        raise RuntimeError(name)


def _load(monkeypatch: pytest.MonkeyPatch, *kinds: type) -> None:
    module = ModuleType(NAME)
    vars(module).update({f"kind_{number}": kind for number, kind in enumerate(kinds)})
    monkeypatch.setitem(sys.modules, NAME, module)


def _has_version(kind: type) -> bool:
    return bool(kind.__flags__ & HAS_VERSION)


def test_a_type_that_nobody_has_used_is_ready_and_so_are_its_bases(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    base = type("Base", (), {})
    below = type("Below", (base,), {})
    _load(monkeypatch, below)
    assert not _has_version(base)
    assert not _has_version(below)
    settle_types()
    assert _has_version(base)
    assert _has_version(below)


def test_a_module_that_is_left_out_stays_untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = type("Fresh", (), {})
    _load(monkeypatch, fresh)
    settle_types(but_those_of={NAME})
    assert not _has_version(fresh)


def test_a_metaclass_that_refuses_lookups_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    stubborn = _Stubborn("Stubborn", (), {})
    _load(monkeypatch, stubborn)
    settle_types()
    assert _has_version(stubborn)
