"""What stands inside what: definitions and nameless bodies as nested spans of the text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tree_sitter import Node

#: What is told only where it isn't the business of one function alone.
PASSING: Final = frozenset({"variable", "constant", "import"})
CALLABLES: Final = frozenset({"function", "method"})
#: A function in one of these is a method.
OWNERS: Final = frozenset({"class", "interface", "enum", "within"})
_HOLDERS: Final = CALLABLES | OWNERS | {"module"}


@dataclass(slots=True, kw_only=True)
class Span:
    """A definition, or a body without a name.

    Args:
        kind: One of `symbols.KINDS`, `within` for an owner that is no symbol, or `scope`.
        start: First byte.
        end: Byte behind the last one.
        name: As written; "" for a scope.
        owner: The type that it belongs to, where that stands in its head.
        node: Of the definition; None for a scope.
        at: Node of the name; likewise.
        parent: The span around it.
        is_local: Whether nobody outside of a function sees it.
        bound: Names that parameters and local variables take in it.
    """

    kind: str
    start: int
    end: int
    name: str = ""
    owner: str = ""
    node: Node | None = None
    at: Node | None = None
    parent: Span | None = None
    is_local: bool = False
    bound: set[str] = field(default_factory=set)

    @property
    def binds(self) -> bool:
        """Tell whether variables inside are its own."""
        return self.kind == "scope" or self.kind in CALLABLES


def nest(spans: Iterable[Span]) -> list[Span]:
    """Give each span its parent and return them in the order of the text.

    Of two with the same bytes the definition is outside.
    """
    ordered = sorted(spans, key=_place_in_text)
    around: list[Span] = []
    for span in ordered:
        while around and around[-1].end <= span.start:
            around.pop()
        span.parent = next((each for each in reversed(around) if each.end >= span.end), None)
        around.append(span)
    for span in ordered:
        _place(span)
    return ordered


def _place_in_text(span: Span) -> tuple[int, int, bool, int]:
    name_at = 0 if span.at is None else span.at.start_byte
    return span.start, -span.end, span.kind == "scope", name_at


def _place(span: Span) -> None:
    """Say whether a definition is a method, and whether it is one function's own business."""
    holder = holder_of(span)
    if span.kind == "function" and holder is not None and holder.kind in OWNERS:
        span.kind = "method"
    if span.kind in PASSING:
        span.is_local = _is_inside_body(span)
        if span.is_local and span.kind != "import":
            binder = binder_of(span)
            if binder is not None:
                binder.bound.add(span.name)


def _is_inside_body(span: Span) -> bool:
    around = span.parent
    while around is not None and around.kind in PASSING:
        around = around.parent
    return around is not None and around.binds


def binder_of(span: Span) -> Span | None:
    """Return the innermost body around a span whose variables are its own."""
    around = span.parent
    while around is not None and not around.binds:
        around = around.parent
    return around


def holder_of(span: Span) -> Span | None:
    """Return the innermost definition around a span by which it is called, or None."""
    around = span.parent
    while around is not None:
        if around.kind in _HOLDERS:
            return around
        # An object's functions are named after the variable that holds it.
        if around.kind in PASSING and span.kind == "method":
            return around
        around = around.parent
    return None


def qualified(span: Span, separator: str) -> str:
    """Return a definition's name behind those of what it stands in."""
    parts = [span.name]
    around: Span | None = None if span.kind == "import" else span
    while around is not None:
        if around.owner:
            parts.append(around.owner)
        around = holder_of(around)
        if around is not None:
            parts.append(around.name)
    return separator.join(reversed(parts))


class Sweep:
    """Finds the innermost span around positions that come in rising order.

    Args:
        spans: As `nest` returned them.
    """

    def __init__(self, spans: Sequence[Span]) -> None:
        self._spans = spans
        self._next = 0
        self._around: Span | None = None

    def at(self, position: int) -> Span | None:
        """Return the innermost span around a byte."""
        while self._next < len(self._spans) and self._spans[self._next].start <= position:
            self._around = self._spans[self._next]
            self._next += 1
        while self._around is not None and self._around.end <= position:
            self._around = self._around.parent
        return self._around
