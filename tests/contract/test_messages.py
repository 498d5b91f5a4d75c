"""The vocabulary between processes: frozen, documented, and the same after pickling."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pickle
import types
import typing
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from mimo.config import limits
from mimo.storage.commands import Edit, Transaction
from mimo.supervision.specs import ChildSpec, Shutdown, SupervisorFlags
from tests.support.source import modules

#: Modules that hold what travels, besides every `messages.py`.
OTHERS = {"mimo.storage.records", "mimo.supervision.specs"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Nothing(Edit):
    """Stands for any edit where a message holds one."""

    def apply(self, transaction: Transaction) -> int:
        """Do nothing."""
        return transaction.seq


def vocabulary() -> list[type]:
    """Return every dataclass of every module of messages."""
    found = []
    for name in sorted(module.name for module in modules()):
        if name in OTHERS or name.endswith(".messages"):
            module = importlib.import_module(name)
            found += [
                kind
                for kind in vars(module).values()
                if dataclasses.is_dataclass(kind)
                and isinstance(kind, type)
                and kind.__module__ == name
            ]
    return found


def example(hint: Any) -> Any:  # noqa: PLR0911  one line a kind of type
    """Return some value of a type."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any or hint is object:
        return "anything"
    if origin is Literal:
        return inner[0]
    if origin in (typing.Union, types.UnionType):
        return example(next(kind for kind in inner if kind is not type(None)))
    if origin is tuple:
        return (example(inner[0]),) if inner[-1] is ... else tuple(example(kind) for kind in inner)
    if origin is dict or (origin is not None and issubclass(origin, typing.Mapping)):
        return {example(inner[0]): example(inner[1])}
    if hint is ChildSpec:
        return ChildSpec(id="a", start="b.C")
    if dataclasses.is_dataclass(hint):
        return instance(typing.cast("type", hint), is_inner=True)
    return _plain(hint)


def _plain(hint: Any) -> Any:
    plain = {str: "text", int: 3, float: 1.5, bool: True, bytes: b"\0\xff"}
    return plain[hint] if hint in plain else next(iter(hint))


def instance(kind: type, *, is_inner: bool = False) -> Any:
    """Return a message with every field set; inside another one, with what has no default."""
    if inspect.isabstract(kind):
        kind = Nothing
    hints = get_type_hints(kind)
    fields = [
        field.name
        for field in dataclasses.fields(kind)
        if not is_inner
        or (field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING)
    ]
    return kind(**{name: example(hints[name]) for name in fields})


@pytest.mark.parametrize(
    "kind", vocabulary(), ids=lambda kind: f"{kind.__module__}.{kind.__name__}"
)
def test_a_message_is_frozen_has_slots_and_a_meaning(kind: Any) -> None:
    """Immutable records with a docstring (aesthetics 4; pykka)."""
    assert kind.__dataclass_params__.frozen
    assert hasattr(kind, "__slots__")
    assert kind.__doc__
    assert not kind.__doc__.startswith(f"{kind.__name__}(")


@pytest.mark.parametrize(
    "kind", vocabulary(), ids=lambda kind: f"{kind.__module__}.{kind.__name__}"
)
def test_a_message_is_the_same_after_pickling(kind: type) -> None:
    """Thespian pickles a message by its class's import path (aesthetics 2)."""
    message = instance(kind)

    raw = pickle.dumps(message)

    assert pickle.loads(raw) == message
    assert len(raw) < limits.MESSAGE_BYTES_MAX


def test_specs_compare_by_value() -> None:
    """The tree is data: two equal trees are equal (aesthetics 0.2)."""
    flags = SupervisorFlags(intensity=1)

    assert ChildSpec(id="a", start="b", flags=flags) == ChildSpec(
        id="a", start="b", flags=SupervisorFlags(intensity=1)
    )
    assert Shutdown.after(5.0) != Shutdown.infinity()
