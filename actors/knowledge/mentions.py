"""What a text mentions: files, functions, libraries, and phrases that may name an entity."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

#: Longest phrase that may be an entity's name, in words, and most phrases looked up.
PHRASE_WORDS_MAX: Final = 5
PHRASES_MAX: Final = 4_000

_EXTENSIONS: Final = (
    "py|pyi|js|jsx|mjs|ts|tsx|rs|go|rb|ex|exs|java|kt|c|h|cc|cpp|hpp|cs|swift|php|lua|sql|sh|md|rst"
    "|toml|yaml|yml|json|cfg|ini|html|css|proto|ipynb"
)
_FILE: Final = re.compile(
    rf"(?<![\w/.@-])(?:\.{{0,2}}/)?(?:[\w@.-]+/)*[\w@.-]+\.(?:{_EXTENSIONS})\b"
)
_CALL: Final = re.compile(r"(?<![\w.])((?:[A-Za-z_]\w*(?:\.|::))*[A-Za-z_]\w*)\(\)")
_ARITY: Final = re.compile(r"(?<![\w.])((?:[A-Z]\w*\.)+[a-z_]\w*[?!]?)/\d\b")
_DEFINED: Final = re.compile(r"\b(?:def|fn|func|function|defp)\s+([A-Za-z_]\w*)\s*\(")
_QUOTED_CALL: Final = re.compile(r"`((?:[A-Za-z_]\w*(?:\.|::))*[A-Za-z_]\w*)\([^`]*\)`")
_IMPORT: Final = re.compile(
    r"(?:^|[`\n;]|\bcode:)\s*(?:from\s+([A-Za-z_]\w*)[\w.]*\s+import\b|import\s+([A-Za-z_]\w*))"
)
_INSTALL: Final = re.compile(
    r"\b(?:pip3? install|uv add|poetry add|npm (?:install|i)|yarn add|pnpm add|cargo add|go get"
    r"|gem install)\s+(?:-{1,2}[\w-]+\s+)*((?:@[\w.-]+/)?[A-Za-z][\w.\-/]*)"
)
_LIBRARY: Final = re.compile(
    r"`?((?:@[\w.-]+/)?[A-Za-z][\w.-]*)`?\s+(?:library|package|crate|gem)\b"
    r"|\b(?:library|package|crate|gem)\s+`((?:@[\w.-]+/)?[A-Za-z][\w.-]*)`"
)
_NO_LIBRARY: Final = frozenset(
    (
        *("a", "an", "the", "this", "that", "our", "your", "my", "their", "its", "another", "any"),
        *("each", "every", "some", "which", "same", "new", "old"),
    )
)
_WORD: Final = re.compile(r"[\w#+.@/-]*[\w#+]")


@dataclass(frozen=True, slots=True)
class Mentions:
    """What was found, each once, in the order of the text."""

    files: tuple[str, ...]
    functions: tuple[str, ...]
    libraries: tuple[str, ...]


def mentions(text: str) -> Mentions:
    """Return the files, functions and libraries that a text mentions.

    A word before a bracket is a function only where it is written as one: `name()`, in backticks,
    with its arity, or after `def`.
    """
    files = [match.group().removeprefix("./") for match in _FILE.finditer(text)]
    functions: list[str] = []
    for form in (_CALL, _QUOTED_CALL, _ARITY, _DEFINED):
        functions += [match[1] for match in form.finditer(text)]
    libraries: list[str] = []
    for form in (_IMPORT, _INSTALL, _LIBRARY):
        for match in form.finditer(text):
            name = next(group for group in match.groups() if group)
            if name.lower() not in _NO_LIBRARY:
                libraries.append(name.rstrip(".,"))
    return Mentions(_once(files), _once(functions), _once(libraries))


def phrases(text: str) -> tuple[str, ...]:
    """Return every run of up to `PHRASE_WORDS_MAX` words: one may be an entity's name."""
    return _once(list(_phrases(text)))


def _phrases(text: str) -> Iterator[str]:
    words = _WORD.findall(text)
    for start in range(min(len(words), PHRASES_MAX // PHRASE_WORDS_MAX)):
        for size in range(1, PHRASE_WORDS_MAX + 1):
            run = words[start : start + size]
            if len(run) == size and any(len(word) > 1 for word in run):
                yield " ".join(run)


def _once(names: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
