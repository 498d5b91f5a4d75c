"""Globs over the parts of paths: one star stays in its folder, two don't; braces are choices."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Sequence
from pathlib import Path

from mimo.config.errors import InvalidRequest

_MAGIC = re.compile(r"[*?\[]")
_MAGIC_OR_BRACES = re.compile(r"[*?\[{]")
_BRACES = re.compile(r"\{([^{}]*)\}")
#: Most globs that one with braces stands for.
CHOICES_MAX = 64


def matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Tell whether the parts of a path fit those of a glob; `**` is any number of parts."""
    # Which prefixes of the path fit the pattern's parts so far: no glob takes longer than this.
    fits = {0}
    for each in pattern:
        if each == "**":
            fits = set(range(min(fits), len(parts) + 1)) if fits else set()
        else:
            fits = {
                at + 1 for at in fits if at < len(parts) and fnmatch.fnmatchcase(parts[at], each)
            }
    return len(parts) in fits


def choices(glob: str) -> tuple[tuple[str, ...], ...]:
    """Return the globs without braces that a glob stands for, each as its parts.

    Raises:
        InvalidRequest: There are too many.
    """
    ready: list[str] = []
    queue = [glob]
    while queue:
        each = queue.pop()
        found = _BRACES.search(each)
        if found is None:
            ready.append(each)
        else:
            head, tail = each[: found.start()], each[found.end() :]
            queue += [f"{head}{choice}{tail}" for choice in found[1].split(",")]
        if len(ready) + len(queue) > CHOICES_MAX:
            raise InvalidRequest(
                f"expected a glob of at most {CHOICES_MAX} choices, got {glob[:200]!r}; narrow it"
            )
    return tuple(tuple(part for part in each.split("/") if part != ".") for each in ready)


def split_glob(given: str, base: Path = Path("/"), *, braces: bool = False) -> tuple[str, str]:
    """Return the folder before the first part with a wildcard, and the glob from there; "" if none.

    A path that exists as it is written is no glob.

    Args:
        given: A path or a glob.
        base: Where a relative one starts.
        braces: Whether braces are wildcards, for `choices`.
    """
    magic = _MAGIC_OR_BRACES if braces else _MAGIC
    if "\0" in given or not magic.search(given):
        return given, ""
    if os.path.lexists(base / os.path.expanduser(given)):  # noqa: PTH111  see `places`
        return given, ""
    parts = given.split("/")
    first = next(index for index, part in enumerate(parts) if magic.search(part))
    folder = "/".join(parts[:first])
    return folder or ("/" if given.startswith("/") else "."), "/".join(parts[first:])
