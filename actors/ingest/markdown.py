"""Markdown into chunks by section; each carries the headings it stands under."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from mimo.actors.ingest.chunks import Chunk, divided, divided_lines, packed
from mimo.config import limits

_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
#: Longest line of headings before a chunk, in characters.
PATH_CHARS_MAX = 300


@dataclass(slots=True)
class _Section:
    """Headings as (level, title), and blocks of lines; a fenced block holds its blank lines."""

    path: tuple[tuple[int, str], ...]
    blocks: list[list[str]] = field(default_factory=list)


def markdown(text: str, title: str = "") -> Iterator[Chunk]:
    """Yield chunks, none of two sections; `title` is used where no heading of level 1 stands."""
    for section in _sections(_without_front_matter(text).split("\n")):
        titles = [heading for _, heading in section.path] or [title]
        head = " > ".join(titles)[:PATH_CHARS_MAX]
        longest = limits.CHUNK_CHARS_MAX - len(head) - 2
        pieces = [piece for block in section.blocks for piece in _pieces(block, longest)]
        for group in packed(pieces, longest):
            body = "\n\n".join(group)
            yield Chunk(
                text=f"{head}\n\n{body}" if head else body,
                metadata={"heading": head} if head else {},
            )


def _pieces(block: list[str], chars_max: int) -> list[str]:
    text = "\n".join(block).strip("\n")
    if not text.strip():
        return []
    is_structured = bool(_FENCE.match(text)) or text.lstrip()[:1] in "|-*+>"
    return divided_lines(text, chars_max) if is_structured else divided(text, chars_max)


def _without_front_matter(text: str) -> str:
    if not text.startswith("---\n"):
        return text
    end = re.search(r"\n(?:---|\.\.\.)[ \t]*(?:\n|$)", text[3:])
    return text[3 + end.end() :] if end else text


def _sections(lines: list[str]) -> Iterator[_Section]:
    section = _Section(())
    block: list[str] = []
    fence = ""
    for line in lines:
        mark = _FENCE.match(line)
        if fence:
            block.append(line)
            if mark and mark[1].startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif mark:
            fence = mark[1]
            block.append(line)
        elif heading := _heading(line, block):
            level, title = heading
            section.blocks.append(block)
            yield section
            section, block = _Section(_below(section.path, level, title)), []
        elif line.strip():
            block.append(line)
        elif block:
            section.blocks.append(block)
            block = []
    section.blocks.append(block)
    yield section


def _heading(line: str, block: list[str]) -> tuple[int, str] | None:
    """Return level and title if the line is a heading, or underlines `block` and so makes it one.

    Source: CommonMark 0.31, 4.2 and 4.3.
    """
    if atx := _ATX.fullmatch(line):
        return len(atx[1]), (atx[2] or "").strip()
    under = _SETEXT.fullmatch(line)
    if under and len(block) == 1 and not _ATX.match(block[0]) and block[0][:1] not in "|>-*+ ":
        title = block.pop()
        return (1 if under[1][0] == "=" else 2), title.strip()
    return None


def _below(
    path: tuple[tuple[int, str], ...], level: int, title: str
) -> tuple[tuple[int, str], ...]:
    """Return the path of a heading; levels that were left out leave no gap."""
    kept = tuple(heading for heading in path if heading[0] < level)
    return (*kept, (level, title)) if title else kept
