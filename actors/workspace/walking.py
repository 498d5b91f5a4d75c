"""What stands below a folder: sorted, without what is hidden, ignored, secret or a link."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pathspec import GitIgnoreSpec

from mimo.actors.workspace.ignoring import quick
from mimo.actors.workspace.opening import folder
from mimo.actors.workspace.places import Place, Roots, real_path
from mimo.actors.workspace.secret_names import is_secret, is_secret_folder, is_text

#: Folders of what was made or installed, not written.
MADE_FOLDERS = frozenset({"node_modules", "__pycache__", "venv", "site-packages"})
_IGNORE_FILE = ".gitignore"
_IGNORE_BYTES_MAX = 262_144


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder that a walk found."""

    place: Place
    is_folder: bool


def everything(_parts: tuple[str, ...]) -> str:
    """Leave nothing out."""
    return ""


class Walk:
    """One look at a folder, in turns: take `entries` bit by bit.

    What is left out is counted by reason in `skipped`.

    Args:
        base: The folder.
        roots: What may be seen.
        leaves_out: Tells from a file's names below `base` why it isn't wanted; "" if it is.
        ignores: Whether what git ignores, and what was made or installed, is left out.
        depth: How many folders deep to go at most; None for all.
    """

    def __init__(
        self,
        base: Place,
        roots: Roots,
        *,
        leaves_out: Callable[[tuple[str, ...]], str] = everything,
        ignores: bool = True,
        depth: int | None = None,
    ) -> None:
        self.base = base
        self.skipped: Counter[str] = Counter()
        self._roots = roots
        self._leaves_out = leaves_out
        self._ignores = ignores
        self._deepest = None if depth is None else len(base.parts) + depth
        self._refused = frozenset(map(real_path, roots.refused))

    def entries(self) -> Iterator[Entry]:
        """Yield files and folders, each folder before what stands in it, sorted by name."""
        rules = _rules_above(self.base) if self._ignores else []
        yield from self._folder(self.base, rules)

    def files(self) -> Iterator[Place]:
        """Yield the files alone."""
        return (entry.place for entry in self.entries() if not entry.is_folder)

    def _folder(self, place: Place, rules: list[_Rules]) -> Iterator[Entry]:
        try:
            found = _entries(place)
        except OSError:
            self.skipped["unreadable"] += 1
            return
        has_rules = self._ignores and any(name == _IGNORE_FILE for name, *_ in found)
        own = _rules_of(place) if has_rules else None
        rules = [*rules, own] if own else rules
        for name, is_folder, is_link, is_file in found:
            below = place.below(name)
            reason = (
                self._reason(below, rules, is_folder=is_folder)
                if is_folder or is_file
                else self._special(below, is_link=is_link)
            )
            if reason:
                self.skipped[reason] += 1
            else:
                yield Entry(below, is_folder)
                if is_folder and (self._deepest is None or len(below.parts) < self._deepest):
                    yield from self._folder(below, rules)

    def _special(self, place: Place, *, is_link: bool) -> str:
        if is_link:
            return "link" if is_text(place.name) else "unreadable"
        return "hidden" if self._roots.is_hidden(place.name) else "special"

    def _reason(self, place: Place, rules: list[_Rules], *, is_folder: bool) -> str:
        """Return why an entry is left out; "" if it isn't."""
        name = place.name
        if not is_text(name):
            return "unreadable"
        if is_secret_folder(name) if is_folder else is_secret(name):
            return "secret"
        if self._roots.is_hidden(name):
            return "hidden"
        is_made = self._ignores and is_folder and name in MADE_FOLDERS
        if is_made or _is_ignored(place, rules, is_folder=is_folder):
            return "ignored"
        if is_folder:
            return "outside" if place.path in self._refused else ""
        return self._leaves_out(place.parts[len(self.base.parts) :])


def _entries(place: Place) -> list[tuple[str, bool, bool, bool]]:
    """Return (name, is folder, is link, is file) of what stands in a folder, sorted.

    Raises:
        OSError: It can't be read, or became a link.
    """
    with folder(place) as handle, os.scandir(handle) as found:
        return sorted(
            (
                entry.name,
                entry.is_dir(follow_symlinks=False),
                entry.is_symlink(),
                entry.is_file(follow_symlinks=False),
            )
            for entry in found
        )


class _Rules:
    """The rules of one `.gitignore`."""

    def __init__(self, place: Place, lines: list[str]) -> None:
        self._depth = len(place.parts)
        self._spec = GitIgnoreSpec.from_lines(quick(lines))

    def verdict(self, place: Place, *, is_folder: bool) -> bool | None:
        """Tell whether it is ignored; None if no rule speaks of it."""
        name = "/".join(place.parts[self._depth :]) + ("/" if is_folder else "")
        return self._spec.check_file(name).include


def _is_ignored(place: Place, rules: list[_Rules], *, is_folder: bool) -> bool:
    """Tell whether a path is ignored: the nearest file that speaks of it decides.

    Source: gitignore(5).
    """
    for each in reversed(rules):
        verdict = each.verdict(place, is_folder=is_folder)
        if verdict is not None:
            return verdict
    return False


def _rules_of(place: Place) -> _Rules | None:
    # Non-blocking: a pipe of this name must not be waited for.
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with folder(place) as above:
            handle = os.open(_IGNORE_FILE, flags, dir_fd=above)
        with os.fdopen(handle, "rb") as stream:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return None
            raw = stream.read(_IGNORE_BYTES_MAX)
        return _Rules(place, raw.decode("utf-8", "replace").splitlines())
    except (OSError, ValueError):
        return None


def _rules_above(base: Place) -> list[_Rules]:
    """Return the rules of the repository around a folder, outermost first; none outside of one.

    Nothing above the allowed folder is looked at.
    """
    for depth in range(len(base.parts), -1, -1):
        top = Place(base.root, base.parts[:depth])
        if (top.path / ".git").exists():
            above = (Place(base.root, base.parts[:end]) for end in range(depth, len(base.parts)))
            return [rules for each in above if (rules := _rules_of(each)) is not None]
    return []
