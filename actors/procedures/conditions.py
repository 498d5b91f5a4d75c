"""Guards: `{"path": "context.count", "above": 3}`, joined by `all`, `any` and `not`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mimo.actors.procedures import templates

#: Deepest nesting of a guard.
DEPTH_MAX = 8


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """Return a comparison that is false between values that have no order."""

    def compared(left: Any, right: Any) -> bool:
        numbers = all(_is_number(each) for each in (left, right))
        texts = all(isinstance(each, str) for each in (left, right))
        return (numbers or texts) and compare(left, right)

    return compared


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(left: Any, right: Any) -> bool:
    """Compare as JSON does: true is not 1."""
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def _holds(left: Any, right: Any) -> bool:
    if isinstance(left, str | Mapping):
        return isinstance(right, str) and right in left
    return isinstance(left, list) and right in left


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": _same,
    "not_equals": lambda left, right: not _same(left, right),
    "above": _ordered(lambda left, right: left > right),
    "at_least": _ordered(lambda left, right: left >= right),
    "below": _ordered(lambda left, right: left < right),
    "at_most": _ordered(lambda left, right: left <= right),
    "contains": _holds,
    "one_of": lambda left, right: any(_same(left, each) for each in right),
}
#: What may stand beside `path`.
TESTS = (*_TESTS, "exists")


def holds(guard: Mapping[str, Any], scope: Mapping[str, Any]) -> bool:
    """Tell whether a guard that has no `problems` is true; a missing value meets no comparison."""
    if "all" in guard:
        return all(holds(each, scope) for each in guard["all"])
    if "any" in guard:
        return any(holds(each, scope) for each in guard["any"])
    if "not" in guard:
        return not holds(guard["not"], scope)
    (name,) = set(guard) - {"path"}
    try:
        value = templates.lookup(guard["path"], scope)
        wanted = templates.render(guard[name], scope)
    except templates.TemplateError:
        return name == "exists" and guard[name] is False
    return guard[name] is True if name == "exists" else _TESTS[name](value, wanted)


def problems(guard: Any, roots: frozenset[str], depth: int = 0) -> Iterator[str]:
    """Yield what is wrong with a guard."""
    if not isinstance(guard, Mapping) or depth > DEPTH_MAX:
        yield f"expected a guard, an object of at most {DEPTH_MAX} levels"
        return
    keys = set(guard)
    if keys in ({"all"}, {"any"}):
        inner = guard[next(iter(keys))]
        if not isinstance(inner, list) or not inner:
            yield "expected a list of guards in 'all' or 'any'"
            return
        for each in inner:
            yield from problems(each, roots, depth + 1)
    elif keys == {"not"}:
        yield from problems(guard["not"], roots, depth + 1)
    else:
        yield from _leaf_problems(guard, roots)


def _leaf_problems(guard: Mapping[str, Any], roots: frozenset[str]) -> Iterator[str]:
    names = set(guard) - {"path"}
    if "path" not in guard or len(names) != 1 or not names <= set(TESTS):
        got = ", ".join(map(str, guard))[:80] or "nothing"
        yield f"expected 'path' and one of {', '.join(TESTS)}, or all, any, not; got {got}"
        return
    (name,) = names
    yield from templates.path_problems(guard["path"], roots)
    yield from templates.problems(guard[name], roots)
    if name == "exists" and not isinstance(guard[name], bool):
        yield "expected 'exists' to be true or false"
    if name == "one_of" and not isinstance(guard[name], list):
        yield "expected 'one_of' to be a list"
