"""The rows of the index of code: plain tuples, since there are very many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Stamps(NamedTuple):
    """What tells without reading whether a file has changed since it was read."""

    size: int
    mtime_ns: int
    inode: int


class SymbolRow(NamedTuple):
    """A definition, as it stands in the index; see `actors.code.symbols.Symbol`."""

    name: str
    qualified_name: str
    kind: str
    line: int
    column: int
    start_line: int
    end_line: int
    signature: str


class UseRow(NamedTuple):
    """All uses of a name of one kind in one file; `places` are (line, column, within), flat."""

    name: str
    kind: str
    places: Sequence[int]


class FileRow(NamedTuple):
    """A file with what it holds.

    Args:
        path: Absolute, without links.
        language: By its name.
        stamps: Of when it was read.
        hash: Of its bytes; "" for one that couldn't be read.
        lines: How many it has.
        note: What has to be said of it, such as that it couldn't be read; "" for nothing.
        symbols: What it defines.
        uses: What it uses.
    """

    path: str
    language: str
    stamps: Stamps
    hash: str
    lines: int = 0
    note: str = ""
    symbols: Sequence[SymbolRow] = ()
    uses: Sequence[UseRow] = ()


class Found(NamedTuple):
    """A definition that was looked for; `ordinal` is its number in its file."""

    name: str
    qualified_name: str
    kind: str
    path: str
    line: int
    column: int
    start_line: int
    end_line: int
    signature: str
    ordinal: int


class Used(NamedTuple):
    """One use of a name; `within` is the number of the definition around it, -1 for none."""

    name: str
    kind: str
    path: str
    line: int
    column: int
    within: int


class Totals(NamedTuple):
    """How much the index holds of some folders."""

    files: int
    symbols: int
    uses: int
    lines: int


class Project(NamedTuple):
    """A folder that was made known.

    Args:
        path: Absolute.
        fingerprint: Of the contents of its files.
        state: running, completed, partial or failed.
        began_s: When, wall seconds UTC.
        ended_s: Likewise; None while it runs.
        steps: What each step came to, by its name, as JSON.
    """

    path: str
    fingerprint: str
    state: str
    began_s: float
    ended_s: float | None
    steps: str
