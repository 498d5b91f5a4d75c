"""The difference between two texts as a unified diff."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

from mimo.actors.files import messages, texts
from mimo.actors.files.reading import read_text
from mimo.actors.workspace.places import Roots
from mimo.config import limits
from mimo.config.errors import InvalidRequest

_NO_END = "\\ No newline at end of file\n"

#: What happens (`equal`, `replace`, `delete`, `insert`), and the lines of both texts.
_Opcode = tuple[str, int, int, int, int]


def compared(request: messages.Compare, roots: Roots) -> dict[str, Any]:
    """Return the difference between two files, or a file and a text.

    Raises:
        MimoError: One can't be read, or they differ too much.
    """
    one = roots.resolve(request.path)
    before = read_text(one)
    if request.other_path:
        other = roots.resolve(request.other_path)
        after, name = read_text(other), roots.shown(other)
    else:
        after, name = texts.given(request.content, "content"), f"{roots.shown(one)} (proposed)"
    return difference(before, after, (roots.shown(one), name), request.context_lines)


def difference(before: str, after: str, names: tuple[str, str], context: int = 3) -> dict[str, Any]:
    """Return a unified diff with a summary; `patch` makes the one text of the other by it.

    Args:
        before: The one text.
        after: The other.
        names: What they are called in it.
        context: Lines shown around each change.

    Raises:
        InvalidRequest: The part that differs is too long.
    """
    old, new = texts.lines_of(before), texts.lines_of(after)
    opcodes = _opcodes(old, new)
    groups = _grouped(opcodes, context)
    lines = [f"--- {names[0]}\n", f"+++ {names[1]}\n"] if groups else []
    for group in groups:
        lines += _hunk(group, old, new)
    whole = texts.visible("".join(lines))
    changed = [code for code in opcodes if code[0] != "equal"]
    told: dict[str, Any] = {
        "diff": whole[: limits.FILE_PAGE_CHARS_MAX],
        "summary": {
            "lines_before": len(old),
            "lines_after": len(new),
            "additions": sum(code[4] - code[3] for code in changed),
            "deletions": sum(code[2] - code[1] for code in changed),
        },
        "identical": before == after,
    }
    if len(whole) > limits.FILE_PAGE_CHARS_MAX:
        told |= {"truncated": True, "hint": f"the diff has {len(whole)} characters"}
    return told


def _opcodes(old: Sequence[str], new: Sequence[str]) -> list[_Opcode]:
    """Return how the one becomes the other; what both begin and end with is not compared.

    Raises:
        InvalidRequest: The part that differs is too long.
    """
    shorter = min(len(old), len(new))
    head = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    room = shorter - head
    tail = next((at for at in range(room) if old[-1 - at] != new[-1 - at]), room)
    middle_old, middle_new = old[head : len(old) - tail], new[head : len(new) - tail]
    if len(middle_old) + len(middle_new) > limits.DIFF_LINES_MAX:
        raise InvalidRequest(
            f"expected texts whose differing part has at most {limits.DIFF_LINES_MAX} lines,"
            f" got {len(middle_old) + len(middle_new)}; compare parts of them"
        )
    matcher = difflib.SequenceMatcher(None, middle_old, middle_new)
    found: list[_Opcode] = [("equal", 0, head, 0, head)] if head else []
    for tag, first, last, new_first, new_last in matcher.get_opcodes():
        found.append((tag, first + head, last + head, new_first + head, new_last + head))
    if tail:
        found.append(("equal", len(old) - tail, len(old), len(new) - tail, len(new)))
    return found


def _grouped(opcodes: Sequence[_Opcode], context: int) -> list[list[_Opcode]]:
    """Return the changes with equal lines around them, near ones together."""
    groups: list[list[_Opcode]] = []
    group: list[_Opcode] = []
    for index, (tag, first, last, new_first, new_last) in enumerate(opcodes):
        is_near = last - first <= 2 * context and 0 < index < len(opcodes) - 1
        if tag != "equal" or is_near:
            group.append((tag, first, last, new_first, new_last))
            continue
        size = min(last - first, context)
        if index:
            groups.append([*group, (tag, first, first + size, new_first, new_first + size)])
        group = [(tag, last - size, last, new_last - size, new_last)]
    if any(tag != "equal" for tag, *_ in group):
        groups.append(group)
    return groups


def _hunk(group: Sequence[_Opcode], old: Sequence[str], new: Sequence[str]) -> list[str]:
    first, last = group[0], group[-1]
    ranges = _range(first[1], last[2]), _range(first[3], last[4])
    lines = [f"@@ -{ranges[0]} +{ranges[1]} @@\n"]
    for tag, begin, end, new_begin, new_end in group:
        if tag == "equal":
            lines += _marked(" ", old[begin:end])
        else:
            lines += _marked("-", old[begin:end]) + _marked("+", new[new_begin:new_end])
    return lines


def _range(begin: int, end: int) -> str:
    """Return a range of lines. Source: GNU diffutils, "Detailed Description of Unified Format"."""
    length = end - begin
    if length == 1:
        return str(begin + 1)
    return f"{begin + 1 if length else begin},{length}"


def _marked(mark: str, lines: Sequence[str]) -> list[str]:
    found: list[str] = []
    for line in lines:
        found.append(f"{mark}{line}" if line.endswith("\n") else f"{mark}{line}\n")
        if not line.endswith("\n"):
            found.append(_NO_END)
    return found
