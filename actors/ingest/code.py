"""Source code into chunks: Python by its syntax, other languages by blocks.

A block is a run of lines between brackets that are closed, begun by a line that isn't indented; its
name is read off that line by the words languages declare with. That is a guess: a chunk says so in
its metadata (`cut: blocks`).
"""

from __future__ import annotations

import ast
import itertools
import re
import warnings
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mimo.actors.ingest.chunks import Chunk, divided_lines, packed
from mimo.config import limits

#: Language by the end of a file's name.
LANGUAGES = {
    ".py": "python",
    ".pyi": "python",
    ".js": "javascript",
    ".jsx": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".ts": "typescript",
    ".tsx": "typescript",
    ".go": "go",
    ".rs": "rust",
    ".java": "java",
    ".kt": "kotlin",
    ".scala": "scala",
    ".swift": "swift",
    ".c": "c",
    ".h": "c",
    ".cc": "cpp",
    ".cpp": "cpp",
    ".hpp": "cpp",
    ".cs": "csharp",
    ".rb": "ruby",
    ".ex": "elixir",
    ".exs": "elixir",
    ".erl": "erlang",
    ".php": "php",
    ".lua": "lua",
    ".sh": "shell",
    ".bash": "shell",
    ".sql": "sql",
    ".css": "css",
    ".scss": "css",
    ".hs": "haskell",
    ".ml": "ocaml",
    ".pl": "perl",
    ".r": "r",
    ".jl": "julia",
    ".zig": "zig",
    ".dart": "dart",
    ".proto": "protobuf",
    ".tf": "terraform",
}
_DECLARED = re.compile(
    r"\b(?:func(?:tion)?|fn|def|defp|defmodule|class|struct|enum|interface|trait|impl|module|"
    r"namespace|object|record|protocol|type|const|let|var|message|service|table|view|sub|resource)"
    r"\s+(?:\([^)]*\)\s*)?[\"'`]?([A-Za-z_$][\w$.:]*)"
)
_CALLABLE = re.compile(
    r"\b(?!(?:import|if|for|while|switch|return|use|require)\b)([A-Za-z_$][\w$:~]*)\s*\([^;]*$"
)
_TEXTS = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|`[^`]*`|//.*|#(?!include|define).*")
_CLOSERS = re.compile(r"\s*(?:[)\]}]|end\b|else\b|elif\b|catch\b|rescue\b|finally\b|\*/)")


class Piece(NamedTuple):
    """Some lines of source, and what they define; "" for nothing of a name."""

    symbol: str
    text: str


def code(text: str, name: str, language: str) -> Iterator[Chunk]:
    """Yield chunks by symbol; what has no name is packed together."""
    pieces = python_pieces(text) if language == "python" else None
    cut = "symbols"
    if pieces is None:
        pieces, cut = block_pieces(text), "blocks"
    for piece in _joined(pieces):
        head = f"{name}: {piece.symbol}" if piece.symbol else name
        longest = limits.CHUNK_CODE_CHARS_MAX - len(head) - 1
        for part in divided_lines(piece.text, longest):
            metadata = {"language": language, "symbol": piece.symbol, "cut": cut}
            yield Chunk(
                text=f"{head}\n{part}",
                metadata={key: value for key, value in metadata.items() if value},
            )


def python_pieces(text: str) -> list[Piece] | None:
    """Return functions, classes (or their methods, if long) and what lies between; None if no AST.

    A file that this Python can't parse has none.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    lines = text.split("\n")
    return _python_body(lines, tree.body, 0, len(lines), "")


def _python_body(
    lines: Sequence[str], body: Sequence[ast.stmt], start: int, end: int, prefix: str
) -> list[Piece]:
    """Return the pieces of lines [start, end) that hold these statements."""
    pieces: list[Piece] = []
    at = start
    for node in body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        first = min([node.lineno, *(each.lineno for each in node.decorator_list)]) - 1
        first, last = max(first, at), node.end_lineno or node.lineno
        pieces.append(Piece(prefix.rstrip("."), "\n".join(lines[at:first])))
        symbol, source = f"{prefix}{node.name}", "\n".join(lines[first:last])
        if isinstance(node, ast.ClassDef) and len(source) > limits.CHUNK_CODE_CHARS_MAX:
            pieces += _python_body(lines, node.body, first, last, f"{symbol}.")
        else:
            pieces.append(Piece(symbol, source))
        at = max(at, last)
    pieces.append(Piece(prefix.rstrip("."), "\n".join(lines[at:end])))
    return [piece for piece in pieces if piece.text.strip()]


def block_pieces(text: str) -> list[Piece]:
    """Return runs of lines, each begun by a line that isn't indented, with brackets closed."""
    blocks: list[list[str]] = [[]]
    depth = 0
    for line in text.split("\n"):
        begins = line[:1].strip() != "" and depth == 0 and not _CLOSERS.match(line)
        if begins and blocks[-1] and not blocks[-1][-1].strip():
            blocks.append([])
        blocks[-1].append(line)
        depth = max(0, depth + _opened(line))
    return [
        Piece(_symbol(block), "\n".join(block).strip("\n"))
        for block in blocks
        if any(line.strip() for line in block)
    ]


def _opened(line: str) -> int:
    bare = _TEXTS.sub("", line)
    return sum(bare.count(each) for each in "([{") - sum(bare.count(each) for each in ")]}")


def _symbol(block: Sequence[str]) -> str:
    for line in block:
        bare = line.strip()
        if not bare or bare.startswith(("//", "#", "*", "/*", "--", "@", "%", ";")):
            continue
        found = _DECLARED.search(bare) or _CALLABLE.search(bare)
        return found[1] if found else ""
    return ""


def _joined(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Yield the pieces, those without a name packed with their likes beside them."""
    longest = limits.CHUNK_CODE_CHARS_MAX // 2
    for is_named, run in itertools.groupby(pieces, key=lambda piece: bool(piece.symbol)):
        if is_named:
            yield from (Piece(piece.symbol, piece.text.strip("\n")) for piece in run)
            continue
        parts = (part for piece in run for part in divided_lines(piece.text.strip("\n"), longest))
        for group in packed(parts, longest):
            yield Piece("", "\n\n".join(group))
