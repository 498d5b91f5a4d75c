"""Reading one open source file into what the index keeps: plain JSON values; the child's side."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from typing import Any, Final, TypedDict

from mimo.actors.code.parsing import parse, tree_of
from mimo.actors.code.symbols import Use
from mimo.config import limits
from mimo.storage.code_records import FileRow, Stamps, SymbolRow, UseRow

#: Read with the file's stamps unchanged: nothing new.
SAME: Final = "same"
_BLOCK_BYTES: Final = 1_048_576
_BROKEN: Final = "some of it doesn't fit the language's grammar; what fits is here"
#: A change within the same tick of the file system's clock leaves a file's time as it is.
_TICK_NS: Final = 50_000_000


class Task(TypedDict):
    """One file to read.

    Args:
        path: As it is called in the index.
        language: One of `grammars.GRAMMARS`.
        hash: Of what it held when it was read last; "" to read it in any case.
        tree_chars: Characters of its syntax tree that are wanted.
        seconds: How long it may take.
    """

    path: str
    language: str
    hash: str
    tree_chars: int
    seconds: float


class Answer(TypedDict, total=False):
    """What became of a task.

    Args:
        path: The task's.
        stamps: Of the file when it was opened.
        hash: Of its bytes, or `SAME`.
        lines: How many it has.
        note: What has to be said of it.
        symbols: Rows of definitions.
        uses: Rows of uses.
        tree: Its syntax tree, if wanted.
        is_broken: Whether some of it doesn't fit the grammar.
    """

    path: str
    stamps: list[int]
    hash: str
    lines: int
    note: str
    symbols: list[list[Any]]
    uses: list[list[Any]]
    tree: str
    is_broken: bool


def read(task: Task, handle: int, now_ns: int) -> Answer:
    """Return what an open file holds.

    Args:
        task: What it is.
        handle: Its number; it is left open.
        now_ns: Wall time.

    Raises:
        OSError: It can't be read.
        InvalidRequest: The language isn't understood.
    """
    stamps = stamps_of(os.fstat(handle), now_ns)
    answer = Answer(path=task["path"], stamps=list(stamps), hash="", lines=0, note="")
    data = _bytes(handle)
    if len(data) > limits.CODE_FILE_BYTES_MAX:
        return answer | Answer(
            note=f"expected at most {limits.CODE_FILE_BYTES_MAX} bytes, got more; it was not read"
        )
    found = hashlib.sha256(data).hexdigest()
    if found == task["hash"]:
        return answer | Answer(hash=SAME)
    return answer | Answer(hash=found) | parsed(data, task["language"], task["tree_chars"])


def parsed(data: bytes, language: str, tree_chars: int = 0) -> Answer:
    """Return what a text holds.

    Raises:
        InvalidRequest: The language isn't understood.
    """
    result = parse(data, language)
    symbols = result.symbols[: limits.CODE_SYMBOLS_PER_FILE_MAX]
    uses = result.uses[: limits.CODE_USES_PER_FILE_MAX]
    notes = [_BROKEN] if result.is_broken else []
    if len(symbols) < len(result.symbols) or len(uses) < len(result.uses):
        notes.append(f"it has {len(result.symbols)} symbols and {len(result.uses)} uses; not all")
        kept = len(symbols)
        uses = tuple(use for use in uses if use.within < kept)
    answer = Answer(
        lines=data.count(b"\n") + (not data.endswith(b"\n") and bool(data)),
        note="; ".join(notes),
        symbols=[
            [
                *(each.name, each.qualified_name, each.kind, each.line, each.column),
                *(each.start_line, each.end_line, each.signature),
            ]
            for each in symbols
        ],
        uses=_grouped(uses),
        is_broken=result.is_broken,
    )
    if tree_chars:
        answer["tree"] = _tree(data, language, tree_chars)
    return answer


def stamps_of(found: os.stat_result, now_ns: int) -> Stamps:
    """Return a file's stamps; of one that changed just now they fit nothing, so it is read again.

    Source: git's "racy git" problem, Documentation/technical/racy-git.
    """
    is_fresh = now_ns - found.st_mtime_ns < _TICK_NS
    return Stamps(found.st_size, 0 if is_fresh else found.st_mtime_ns, found.st_ino)


def row_of(answer: Answer, language: str) -> FileRow:
    """Return the row of the index that an answer makes."""
    return FileRow(
        path=answer["path"],
        language=language,
        stamps=Stamps(*answer["stamps"]),
        hash=answer["hash"],
        lines=answer["lines"],
        note=answer["note"],
        symbols=[SymbolRow(*each) for each in answer.get("symbols", ())],
        uses=[UseRow(*each) for each in answer.get("uses", ())],
    )


def _bytes(handle: int) -> bytes:
    """Return a file's bytes up to one beyond the limit."""
    blocks: list[bytes] = []
    size = 0
    while size <= limits.CODE_FILE_BYTES_MAX:
        block = os.pread(handle, _BLOCK_BYTES, size)
        if not block:
            break
        blocks.append(block)
        size += len(block)
    return b"".join(blocks)


def _grouped(uses: Iterable[Use]) -> list[list[Any]]:
    """Return uses by name and kind, each with its places one behind the other."""
    found: dict[tuple[str, str], list[int]] = {}
    for use in uses:
        places = found.setdefault((use.name, use.kind), [])
        places += (use.line, use.column, use.within)
    return [[name, kind, places] for (name, kind), places in found.items()]


def _tree(data: bytes, language: str, chars: int) -> str:
    """Return the head of a syntax tree in parentheses, without building the whole text.

    Source: tree-sitter, "S-expressions".
    """
    parts: list[str] = []
    size = 0
    cursor = tree_of(data, language).walk()
    depth = 0
    while size <= chars:
        node = cursor.node
        if node is not None and node.is_named:
            name = cursor.field_name
            parts.append(f"{' ' * (depth > 0)}{f'{name}: ' if name else ''}({node.type}")
            size += len(parts[-1])
        if cursor.goto_first_child():
            depth += 1
            continue
        while True:
            if cursor.node is not None and cursor.node.is_named:
                parts.append(")")
                size += 1
            if cursor.goto_next_sibling():
                break
            if not cursor.goto_parent():
                return "".join(parts)[:chars]
            depth -= 1
    return "".join(parts)[:chars]
