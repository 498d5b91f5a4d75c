"""Files as texts: lines, insertions, replacements. Pure, and exact to the byte outside of an edit.

A text is UTF-8; bytes that aren't stay what they are (PEP 383). A line ends with a line feed, which
belongs to it; a file that ends its lines with carriage return and line feed gets such lines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mimo.config import limits
from mimo.config.errors import InvalidRequest

_PLACEHOLDER = re.compile(r"\[redacted: [\w -]+\]")


def text_of(data: bytes, name: str) -> str:
    """Return a file's text.

    Raises:
        InvalidRequest: It is no text: it has a NUL in it, as pictures and UTF-16 have.
    """
    if b"\0" in data:
        raise InvalidRequest(
            f"expected a text file, got one with NUL bytes at {name}; get_info tells more"
        )
    return data.decode("utf-8", "surrogateescape")


def bytes_of(text: str) -> bytes:
    """Return the bytes of what `text_of` made."""
    return text.encode("utf-8", "surrogateescape")


def given(text: str, parameter: str) -> str:
    """Return a text of a caller, which must be plain Unicode.

    Raises:
        InvalidRequest: It has lone surrogates, which would become other bytes.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidRequest(
            f"expected Unicode in {parameter!r}, got half of a surrogate pair; correct it"
        ) from None
    return text


def lines_of(text: str) -> list[str]:
    """Return the lines, each with its end; the last one may have none."""
    lines = text.split("\n")
    ended = [f"{line}\n" for line in lines[:-1]]
    return [*ended, lines[-1]] if lines[-1] else ended


def line_end(text: str) -> str:
    """Return how the text ends its lines: all with CR LF, or with LF."""
    count = text.count("\r\n")
    return "\r\n" if count and count == text.count("\n") else "\n"


# -- Replacing -----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """What shall stand instead of what.

    Args:
        old: The text that is there.
        new: The text that shall be there.
        everywhere: Every occurrence; else there must be just one.
        first: The first occurrence, however many there are.
        expected_count: So many there must be, and all are replaced; None demands no number.
    """

    old: str
    new: str
    everywhere: bool = False
    first: bool = False
    expected_count: int | None = None


def replaced(text: str, wanted: Replacement, name: str) -> tuple[str, int]:
    """Return the text with the replacement made, and how often it was.

    Raises:
        InvalidRequest: There is no such text, or not as often as was expected.
    """
    old, new = given(wanted.old, "old_str"), given(wanted.new, "new_str")
    if not old:
        raise InvalidRequest("expected the text to replace, got an empty one; give a few lines")
    if text.count(old) == 0 and line_end(text) == "\r\n" and "\r" not in old:
        old, new = old.replace("\n", "\r\n"), new.replace("\n", "\r\n")
    count = text.count(old)
    if not count:
        raise InvalidRequest(f"pattern_not_found: {_hint(text, old, name)}")
    if wanted.expected_count is not None and count != wanted.expected_count:
        raise InvalidRequest(
            f"unexpected_match_count: expected {wanted.expected_count} occurrences in {name},"
            f" got {count}, at lines {_places(text, old)}; read it again"
        )
    is_one = wanted.first or not (wanted.everywhere or wanted.expected_count)
    if count > 1 and is_one and not wanted.first:
        raise InvalidRequest(
            f"multiple_matches: expected one occurrence in {name}, got {count}, at lines"
            f" {_places(text, old)}; give more of what stands around it, or global"
        )
    refuse_placeholders(text, new, name)
    made = 1 if is_one else count
    # Before it is made: each character of a large file may become thousands.
    if len(text) + made * (len(new) - len(old)) > limits.FILE_BYTES_MAX:
        raise InvalidRequest(
            f"expected {name} to stay below {limits.FILE_BYTES_MAX} bytes, but {made} replacements"
            " make it larger; replace fewer, or by less"
        )
    return text.replace(old, new, made), made


def refuse_placeholders(before: str, new: str, name: str) -> None:
    """Refuse to write what stands for a secret where the secret itself stood.

    Raises:
        InvalidRequest: The new text has a placeholder that the file hasn't.
    """
    for found in _PLACEHOLDER.findall(new):
        if found not in before:
            raise InvalidRequest(
                f"expected real text for {name}, got {found}, which stands for a secret that"
                " isn't shown; edit around it by lines, or by a text without it"
            )


def _places(text: str, old: str) -> str:
    places: list[int] = []
    at = text.find(old)
    while at >= 0 and len(places) < _PLACES_MAX:
        places.append(text.count("\n", 0, at) + 1)
        at = text.find(old, at + len(old))
    return ", ".join(map(str, places)) + (" and more" if at >= 0 else "")


#: Occurrences that an error names.
_PLACES_MAX = 10


def _hint(text: str, old: str, name: str) -> str:
    """Return where something stands that differs from what was looked for in blanks alone."""
    wanted = [line.split() for line in old.strip().split("\n")]
    lines = text.split("\n")
    first = wanted[0]
    for at, line in enumerate(lines):
        if first and line.split() == first:
            there = [each.split() for each in lines[at : at + len(wanted)]]
            if there == wanted:
                return (
                    f"expected it in {name}; lines {at + 1}-{at + len(wanted)} differ from it in"
                    " white space alone: read them and give them exactly"
                )
    return f"expected it in {name}, got no such text; read the file again and give it exactly"


# -- Lines ---------------------------------------------------------------------------------------
def with_lines(text: str, first: int, last: int, content: str | None, name: str) -> str:
    """Return the text with lines replaced, or without them.

    Args:
        text: The text.
        first: Number of the first line, from 1.
        last: Number of the last one; -1 is the file's last.
        content: What shall stand there; None, and an empty text, remove them.
        name: Of the file, for errors.

    Raises:
        InvalidRequest: There are no such lines.
    """
    lines = lines_of(text)
    end = len(lines) if last == -1 else last
    if not 1 <= first <= end <= len(lines):
        raise InvalidRequest(
            f"expected lines within 1-{len(lines)} of {name}, got {first}-{last}; read it again"
        )
    new = [] if content is None else _as_lines(content, text)
    if new and end == len(lines) and not lines[-1].endswith("\n"):
        new[-1] = new[-1].removesuffix("\n").removesuffix("\r")
    return "".join([*lines[: first - 1], *new, *lines[end:]])


def with_insertion(text: str, after: int, content: str, name: str) -> str:
    """Return the text with lines inserted behind a line; 0 is before the first one.

    Raises:
        InvalidRequest: There is no such line.
    """
    if not content:
        raise InvalidRequest("expected lines to insert in 'content', got nothing; give some")
    lines = lines_of(text)
    if not 0 <= after <= len(lines):
        raise InvalidRequest(
            f"expected a line within 0-{len(lines)} of {name}, got {after}; read it again"
        )
    new = _as_lines(content, text)
    before = lines[:after]
    if after == len(lines) and before and not before[-1].endswith("\n"):
        # The last line had no end: now the last new one hasn't.
        before[-1] += line_end(text)
        new[-1] = new[-1].removesuffix("\n").removesuffix("\r")
    return "".join([*before, *new, *lines[after:]])


def _as_lines(content: str, text: str) -> list[str]:
    """Return what was given as whole lines that end like the others."""
    plain = given(content, "content").replace("\r\n", "\n")
    whole = plain if plain.endswith("\n") or not plain else f"{plain}\n"
    return lines_of(whole.replace("\n", line_end(text)))


# -- Pages ---------------------------------------------------------------------------------------
def page(text: str, first: int, count: int, chars_max: int) -> Mapping[str, Any]:
    """Return some lines of a text and where it goes on.

    Args:
        text: The text.
        first: Number of the first line, from 1.
        count: How many lines at most.
        chars_max: How many characters at most; a longer single line is cut.
    """
    lines = lines_of(text)
    shown: list[str] = []
    left = chars_max
    for line in lines[first - 1 : first - 1 + count]:
        if len(line) > left and shown:
            break
        shown.append(line[:left])
        left -= len(line)
    following = first + len(shown)
    has_more = following <= len(lines)
    found: dict[str, Any] = {
        "content": visible("".join(shown)),
        "offset": first,
        "lines_read": len(shown),
        "total_lines": len(lines),
        "has_more": has_more,
        "next_offset": following if has_more else 0,
    }
    if left < 0:
        found |= {"truncated": True, "hint": f"line {first} is longer than {chars_max} characters"}
    return found


def visible(text: str) -> str:
    """Return a text that can be sent: what is no UTF-8 becomes U+FFFD."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
