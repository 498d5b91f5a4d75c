"""Values with holes: `{{ context.note }}` inside JSON, filled from what a run knows.

A text that is one hole takes the value with its type; holes within a longer text are spelled out.
An object whose only key begins with `$` is computed:

    {"$each": "context.notes", "as": "note", "give": {"content": "{{ note.content }}"}}
    {"$add": ["{{ context.count }}", 1]}   {"$length": "{{ context.notes }}"}
    {"$default": ["{{ context.limit }}", 10]}   {"$join": ["{{ context.names }}", ", "]}

Nothing else is evaluated: no code, no functions of the host.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

#: Most entries that one `$each` makes.
EACH_MAX = 1_000
#: Deepest nesting of a template.
DEPTH_MAX = 32

_PATH = r"[A-Za-z_][\w]*(?:\.[\w-]+)*"
_HOLE = re.compile(r"\{\{\s*(" + _PATH + r")\s*\}\}", re.ASCII)
_BRACES = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_FULL_PATH = re.compile(_PATH, re.ASCII)

#: What computes, and what its value must look like.
FORMS = ("$each", "$add", "$length", "$default", "$join")


class TemplateError(Exception):
    """A hole can't be filled; the text says which and why."""


def lookup(path: str, scope: Mapping[str, Any]) -> Any:
    """Return what stands at a dotted path; numbers index lists.

    Raises:
        TemplateError: Nothing stands there.
    """
    value: Any = scope
    for part in path.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            raise TemplateError(f"expected a value at {path!r}, got nothing at {part!r}")
    return value


def render(template: Any, scope: Mapping[str, Any]) -> Any:
    """Return the template with its holes filled.

    Args:
        template: JSON values.
        scope: What paths begin with: `context`, `result`, `event`, `run`.

    Raises:
        TemplateError: A hole has no value, or a form got what it can't compute.
    """
    if isinstance(template, str):
        return _filled(template, scope)
    if isinstance(template, list):
        return [render(each, scope) for each in template]
    if not isinstance(template, Mapping):
        return template
    form = _form_of(template)
    if form is not None:
        return _COMPUTE[form](template, scope)
    return {name: render(value, scope) for name, value in template.items()}


def problems(template: Any, roots: frozenset[str], depth: int = 0) -> Iterator[str]:
    """Yield what is wrong with a template whatever it is filled with.

    Args:
        template: JSON values.
        roots: Names with which a path may begin.
        depth: How deep this template stands in another one.
    """
    if depth > DEPTH_MAX:
        yield f"expected at most {DEPTH_MAX} levels, got more"
    elif isinstance(template, str):
        yield from _text_problems(template, roots)
    elif isinstance(template, list):
        for each in template:
            yield from problems(each, roots, depth + 1)
    elif isinstance(template, Mapping):
        yield from _object_problems(template, roots, depth)


def _text_problems(text: str, roots: frozenset[str]) -> Iterator[str]:
    for braces in _BRACES.findall(text):
        found = _HOLE.fullmatch(braces)
        if found is None:
            yield f"expected a path such as {{{{ context.name }}}}, got {braces[:60]!r}"
        else:
            yield from path_problems(found[1], roots)
    if "{{" in _BRACES.sub("", text):
        yield f"expected '}}}}' after '{{{{', got {text[:60]!r}"


def path_problems(path: object, roots: frozenset[str]) -> Iterator[str]:
    """Yield what is wrong with a dotted path."""
    if not isinstance(path, str) or not _FULL_PATH.fullmatch(path):
        yield f"expected a dotted path, got {str(path)[:60]!r}"
    elif path.partition(".")[0] not in roots:
        yield f"expected a path that begins with {', '.join(sorted(roots))}, got {path[:60]!r}"


def _object_problems(
    template: Mapping[str, Any], roots: frozenset[str], depth: int
) -> Iterator[str]:
    form = _form_of(template)
    inner = roots
    if form == "$each":
        yield from path_problems(template["$each"], roots)
        name = template.get("as")
        if set(template) != {"$each", "as", "give"} or not isinstance(name, str):
            yield "expected {'$each': path, 'as': name, 'give': template}, got other keys"
            return
        yield from problems(template["give"], roots | {name}, depth + 1)
        return
    unknown = [name for name in template if str(name).startswith("$") and name not in FORMS]
    if unknown or (form is None and any(str(name).startswith("$") for name in template)):
        yield f"expected one of {', '.join(FORMS)} alone, got {', '.join(map(str, template))[:80]}"
    wanted = _ARITIES.get(form or "")
    value = template.get(form) if form else None
    if wanted and not (isinstance(value, list) and wanted[0] <= len(value) <= wanted[1]):
        yield f"expected {form} with a list of {wanted[0]} to {wanted[1]} entries"
    for each in template.values():
        yield from problems(each, inner, depth + 1)


def _form_of(template: Mapping[str, Any]) -> str | None:
    if "$each" in template:
        return "$each"
    (name,) = template if len(template) == 1 else ("",)
    return name if name in FORMS else None


def _filled(text: str, scope: Mapping[str, Any]) -> Any:
    whole = _HOLE.fullmatch(text.strip())
    if whole is not None:
        return lookup(whole[1], scope)
    return _HOLE.sub(lambda found: _spelled(lookup(found[1], scope)), text)


def _spelled(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _each(template: Mapping[str, Any], scope: Mapping[str, Any]) -> list[Any]:
    items = lookup(template["$each"], scope)
    if not isinstance(items, list) or len(items) > EACH_MAX:
        raise TemplateError(
            f"expected a list of at most {EACH_MAX} at {template['$each']!r}, got"
            f" {type(items).__name__ if not isinstance(items, list) else len(items)}"
        )
    return [render(template["give"], {**scope, template["as"]: item}) for item in items]


def _add(template: Mapping[str, Any], scope: Mapping[str, Any]) -> float | int:
    values = [render(each, scope) for each in template["$add"]]
    if any(isinstance(each, bool) or not isinstance(each, int | float) for each in values):
        raise TemplateError("expected numbers to add, got something else")
    total: float | int = sum(values)
    return total


def _length(template: Mapping[str, Any], scope: Mapping[str, Any]) -> int:
    value = render(template["$length"], scope)
    if not isinstance(value, str | list | Mapping):
        raise TemplateError("expected a text, a list or an object to measure, got another value")
    return len(value)


def _default(template: Mapping[str, Any], scope: Mapping[str, Any]) -> Any:
    wanted, fallback = template["$default"]
    try:
        return render(wanted, scope)
    except TemplateError:
        return render(fallback, scope)


def _join(template: Mapping[str, Any], scope: Mapping[str, Any]) -> str:
    items, separator = (render(each, scope) for each in template["$join"])
    if not isinstance(items, list) or not isinstance(separator, str):
        raise TemplateError("expected a list and a text to join, got another value")
    return separator.join(map(_spelled, items))


_ARITIES = {"$add": (1, 32), "$default": (2, 2), "$join": (2, 2)}
_COMPUTE = {
    "$each": _each,
    "$add": _add,
    "$length": _length,
    "$default": _default,
    "$join": _join,
}
