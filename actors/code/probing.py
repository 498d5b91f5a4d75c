"""One text or file that is parsed by itself, for who wants to see how it is understood."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, Final

from mimo.actors.code import messages as cm
from mimo.actors.code.reader import Reader
from mimo.actors.code.reading import Answer, Task
from mimo.actors.files.redacting import without_secrets
from mimo.config import limits
from mimo.config.errors import InvalidRequest, NotAvailable
from mimo.supervision import messages as m

_FIELDS: Final = (
    *("name", "qualified_name", "kind", "line", "column", "start_line", "end_line", "signature"),
)


@dataclass(slots=True, eq=False)
class Probe:
    """A text that is being parsed.

    Args:
        call: Who wants to know.
        request: What was asked.
        shown: The file's path as it is told; "" for a text.
        language: Its language.
        reader: The process that parses it, and nothing else.
        ends_s: When it is overdue, on the monotonic clock.
        answers: What has come.
    """

    call: m.Call
    request: cm.Parse
    shown: str
    language: str
    reader: Reader
    ends_s: float
    answers: list[tuple[Task, Answer]] = field(default_factory=list)


def reader_of(handle: int, language: str) -> Reader:
    """Have an open file parsed by a reader of its own; the handle is closed."""
    task = Task(
        path="",
        language=language,
        hash="",
        tree_chars=limits.CODE_TREE_CHARS_MAX,
        seconds=limits.CODE_PROBE_S_MAX,
    )
    reader = Reader()
    try:
        reader.send([task], [handle])
    finally:
        os.close(handle)
    return reader


def answer_of(probe: Probe) -> dict[str, Any]:
    """Return what was understood of a text.

    Raises:
        NotAvailable: The process that parsed it died.
        InvalidRequest: It is too long, or could not be read.
    """
    if not probe.answers:
        raise NotAvailable(
            "expected the text to be parsed, got the death of the process that was at it: it needs"
            " too much memory or time; parse a part of it"
        )
    answer = probe.answers[0][1]
    if not answer["hash"]:
        raise InvalidRequest(f"expected a text that can be parsed: {answer['note']}")
    symbols = answer["symbols"]
    told = {
        "language": probe.language,
        "lines": answer["lines"],
        "is_broken": answer["is_broken"],
        "symbols": [
            dict(zip(_FIELDS, each, strict=True)) for each in symbols[: probe.request.limit]
        ],
        "count": min(len(symbols), probe.request.limit),
        "total": len(symbols),
        "reference_count": sum(len(places) // 3 for _, _, places in answer["uses"]),
        "output": answer["tree"],
    }
    return without_secrets(told | ({"path": probe.shown} if probe.shown else {}))
