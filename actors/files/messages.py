"""What the actor of the `file` tool is asked; replies are `mimo.actors.operations.Result`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who asks for a change.

    Args:
        client: The client's name, for `undo` and the journal.
        key: Idempotency key: the same one changes things once.
    """

    client: str
    key: str


# -- Reading -------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPage:
    """Return lines of a file.

    Args:
        path: The file.
        first: Number of the first line, from 1.
        count: How many lines at most.
    """

    path: str
    first: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMany:
    """Return several files, each from its beginning."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GetInfo:
    """Tell what stands at a path."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFolder:
    """List a folder.

    Args:
        path: The folder.
        depth: How many levels, from 1.
        nested: Whether each entry is told with its kind and size, else its name alone.
    """

    path: str
    depth: int
    nested: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Glob:
    """Find files by their paths.

    Args:
        path: The folder to begin at.
        pattern: A glob below it.
        exclude: Globs of what is left out.
        respects_gitignore: Whether what git ignores is left out.
        limit: How many at most.
    """

    path: str
    pattern: str
    exclude: tuple[str, ...]
    respects_gitignore: bool
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Find lines by regular expressions.

    Args:
        path: A file, a folder, or a glob.
        patterns: The expressions.
        is_batch: Whether each pattern gets an answer of its own.
        exclude: Globs of what is left out.
        respects_gitignore: Whether what git ignores is left out.
        context_lines: Lines shown before and after.
        limit: Matches a pattern at most.
    """

    path: str
    patterns: tuple[str, ...]
    is_batch: bool
    exclude: tuple[str, ...]
    respects_gitignore: bool
    context_lines: int
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare:
    """Return the difference between two files, or a file and a text.

    Args:
        path: The one.
        other_path: The other; "" compares with `content`.
        content: The text.
        context_lines: Lines shown around each change.
    """

    path: str
    other_path: str
    content: str
    context_lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSymbols:
    """List what a source file defines.

    Args:
        path: The file.
        limit: How many at most.
    """

    path: str
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSymbol:
    """Return the source of a definition.

    Args:
        path: The file.
        symbol_name: Its name, or its qualified one.
        context_lines: Lines shown before and after.
    """

    path: str
    symbol_name: str
    context_lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSymbols:
    """Find definitions by their names.

    Args:
        path: A file, a folder, or a glob.
        pattern: Regular expression for the name.
        limit: How many at most.
    """

    path: str
    pattern: str
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEdits:
    """List what was changed, newest first.

    Args:
        path: Only what touched this path or something below it; "" is all.
        limit: How many at most.
    """

    path: str
    limit: int


# -- Changing ------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Write a file; folders above it are made.

    Args:
        path: The file.
        content: Its text, or what is added.
        appends: Whether it is added at the end.
        asked: Who asks.
    """

    path: str
    content: str
    appends: bool
    asked: Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace:
    """One replacement in one file.

    Args:
        path: The file.
        old: The text that is there.
        new: The text that shall be there.
    """

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EditTexts:
    """Replace texts in files, all or none.

    Args:
        operation: `edit`, `replace_string` or `multi_replace`.
        replacements: One for the first two; those of one file are made one after the other.
        which: The only occurrence, the first one, or all.
        expected_count: So many there must be, and all are replaced; None demands no number.
        is_dry_run: Only tell what would be replaced.
        asked: Who asks.
    """

    operation: str
    replacements: tuple[Replace, ...]
    which: Literal["only", "first", "all"]
    expected_count: int | None
    is_dry_run: bool
    asked: Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class EditLines:
    """Insert, replace or delete lines of a file.

    Args:
        operation: `insert_after`, `insert_before`, `replace_lines` or `delete_lines`.
        path: The file.
        first: Number of the first line, from 1; or of the line to insert behind, from 0.
        last: Number of the last line; -1 is the file's last.
        content: The new lines.
        asked: Who asks.
    """

    operation: str
    path: str
    first: int
    last: int
    content: str
    asked: Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Rename a file or folder; nothing is overwritten.

    Args:
        path: What.
        destination: Where to; a folder that exists takes it under its own name.
        asked: Who asks.
    """

    path: str
    destination: str
    asked: Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateDirectory:
    """Make a folder and those above it that are missing.

    Args:
        path: The folder.
        asked: Who asks.
    """

    path: str
    asked: Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """Take an edit back.

    Args:
        edit_id: Which; 0 is the client's newest one.
        asked: Who asks.
    """

    edit_id: int
    asked: Asked
