"""The files of a directory or glob: sorted, without what is hidden, ignored, secret or a link."""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from pathspec import GitIgnoreSpec

from mimo.actors.ingest.formats import READ_SUFFIXES
from mimo.actors.ingest.places import SECRET_FOLDERS, Roots, is_secret, is_text
from mimo.config import limits
from mimo.config.errors import InvalidRequest

#: Folders of what was made or installed, not written.
_MADE_FOLDERS = frozenset({"node_modules", "__pycache__", "venv", "site-packages"})
_IGNORE_FILE = ".gitignore"
_IGNORE_BYTES_MAX = 262_144
_MAGIC = re.compile(r"[*?\[]")


class Walk:
    """One look at a directory, in turns: take `files` bit by bit.

    Args:
        base: Resolved directory.
        pattern: Glob of the files wanted, below `base`; "" for all that can be read.
        roots: What may be read.
    """

    def __init__(self, base: Path, pattern: str, roots: Roots) -> None:
        self.base = base
        self.skipped: Counter[str] = Counter()
        self._roots = roots
        self._wanted = tuple(pattern.split("/")) if pattern else ()

    def files(self) -> Iterator[Path]:
        """Yield the files, folder by folder, sorted by name.

        Raises:
            InvalidRequest: There are more than `limits.INGEST_FILES_MAX`.
        """
        root = self._roots.root_of(self.base)
        rules = [] if root is None else _rules_above(self.base, root)
        for count, path in enumerate(self._folder(self.base, rules), 1):
            if count > limits.INGEST_FILES_MAX:
                raise InvalidRequest(
                    f"expected at most {limits.INGEST_FILES_MAX} files, got more below"
                    f" {self.base}; ingest its folders one by one, or narrow the glob"
                )
            yield path

    def _folder(self, folder: Path, rules: list[_Rules]) -> Iterator[Path]:
        own = _rules_of(folder)
        rules = [*rules, own] if own else rules
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError:
            self.skipped["unreadable"] += 1
            return
        for entry in entries:
            reason = self._reason(entry, folder / entry.name, rules)
            if reason:
                self.skipped[reason] += 1
            elif entry.is_dir(follow_symlinks=False):
                yield from self._folder(folder / entry.name, rules)
            else:
                yield folder / entry.name

    def _reason(self, entry: os.DirEntry[str], path: Path, rules: list[_Rules]) -> str:
        """Return why an entry is left out; "" if it isn't."""
        is_folder = entry.is_dir(follow_symlinks=False)
        reasons = (
            ("unreadable", not is_text(entry.name)),
            ("link", entry.is_symlink()),
            ("secret", is_secret(entry.name) or entry.name in SECRET_FOLDERS),
            ("hidden", entry.name.startswith(".")),
            ("ignored", is_folder and entry.name in _MADE_FOLDERS),
            ("special", not is_folder and not entry.is_file(follow_symlinks=False)),
            ("ignored", _is_ignored(path, rules, is_folder=is_folder)),
            ("outside", is_folder and self._roots.root_of(path) is None),
        )
        found = next((name for name, is_so in reasons if is_so), "")
        return found if found or is_folder else self._unwanted(path)

    def _unwanted(self, path: Path) -> str:
        if self._wanted:
            is_wanted = matches(path.relative_to(self.base).parts, self._wanted)
            return "" if is_wanted else "not matched"
        return "" if path.suffix.lower() in READ_SUFFIXES else "other form"


class _Rules:
    """The rules of one `.gitignore`."""

    def __init__(self, folder: Path, lines: list[str]) -> None:
        self._folder = folder
        self._spec = GitIgnoreSpec.from_lines(lines)

    def verdict(self, path: Path, *, is_folder: bool) -> bool | None:
        """Tell whether it is ignored; None if no rule speaks of it."""
        name = str(path.relative_to(self._folder)) + ("/" if is_folder else "")
        return self._spec.check_file(name).include


def _is_ignored(path: Path, rules: list[_Rules], *, is_folder: bool) -> bool:
    """Tell whether a path is ignored: the nearest file that speaks of it decides.

    Source: gitignore(5).
    """
    for each in reversed(rules):
        verdict = each.verdict(path, is_folder=is_folder)
        if verdict is not None:
            return verdict
    return False


def _rules_of(folder: Path) -> _Rules | None:
    try:
        # A pipe of this name must not be waited for.
        handle = os.open(
            folder / _IGNORE_FILE, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
        )
        with os.fdopen(handle, "rb") as stream:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return None
            raw = stream.read(_IGNORE_BYTES_MAX)
        return _Rules(folder, raw.decode("utf-8", "replace").splitlines())
    except (OSError, ValueError):
        return None


def _rules_above(base: Path, root: Path) -> list[_Rules]:
    """Return the rules of the repository around a folder, outermost first; none outside of one.

    Nothing above `root` is looked at.
    """
    above: list[Path] = []
    for folder in (base, *base.parents):
        if not folder.is_relative_to(root):
            return []
        if folder != base:
            above.insert(0, folder)
        if (folder / ".git").exists():
            return [rules for each in above if (rules := _rules_of(each)) is not None]
    return []


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


def split_glob(given: str) -> tuple[str, str]:
    """Return the folder before the first part with a wildcard, and the glob from there; "" if none.

    A path that exists as it is written is no glob.
    """
    if not _MAGIC.search(given) or os.path.lexists(os.path.expanduser(given)):  # noqa: PTH111
        return given, ""
    parts = given.split("/")
    first = next(index for index, part in enumerate(parts) if _MAGIC.search(part))
    return "/".join(parts[:first]) or "/", "/".join(parts[first:])
