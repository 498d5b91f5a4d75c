"""The record of tool calls: who called what, with what outcome, and which memories it was about.

Off the path of the answer: a call is noted in a bounded queue when it has been answered, and
described, redacted and handed to the writer later, in batches. The record is for statistics and for
what is learnt of sessions; when the queue overflows, or a writer dies with a batch, calls are
missing from it, and nothing else is.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any, Final

from mimo.actors.bridge.gateway import Submission
from mimo.actors.memory.scrubbing import scrub
from mimo.actors.operations import Result
from mimo.actors.storage.messages import Commit
from mimo.config import limits
from mimo.storage.commands import RecordInteractions
from mimo.storage.records import Interaction
from mimo.storage.sessions import CloseSessions

#: Texts that are stored, or that somebody wanted held only for a while: their length is enough.
LENGTH_ONLY: Final = frozenset({"content", "memories", "records", "text", "metadata", "note"})
#: Parts of an answer whose memories weren't its results.
_BESIDE: Final = frozenset({"context", "similar", "contradicts"})
_DEPTH_MAX: Final = 4
#: Of a text no more is looked at than this, in characters; far more than is kept.
_LOOKED_AT: Final = 8_000

Cast = Callable[[str, Any], bool]


@dataclass(frozen=True, slots=True)
class Noted:
    """A call that was answered, as it is noted; nothing is computed for it yet."""

    label: str
    client: str
    connection: str
    request_id: str
    arguments: Mapping[str, Any]
    answer: Any
    outcome: str
    duration_s: float
    at_s: float


@dataclass(frozen=True, slots=True)
class Left:
    """A connection that has ended, after the calls that were noted before."""

    connection: str


class Recorder:
    """Keeps what was called until it is written down.

    Args:
        writer: Name of the actor that writes.
        heard: Told of each call that was handed over, and what is recorded of it.
    """

    def __init__(
        self, writer: str, heard: Callable[[Noted, Interaction], None] | None = None
    ) -> None:
        self._writer = writer
        self._heard = heard
        self._noted: deque[Noted | Left] = deque(maxlen=limits.CALLS_QUEUED_MAX)

    def __len__(self) -> int:
        return len(self._noted)

    def note(self, noted: Noted | Left) -> None:
        """Remember a call, or the end of a connection; the oldest go when there are too many."""
        self._noted.append(noted)

    def flush(self, cast: Cast) -> bool:
        """Hand one batch to the writer; return whether more is left."""
        batch = list(islice(self._noted, limits.CALLS_BATCH_MAX))
        # In their order: who calls again after he has left is back.
        for _, run in groupby(batch, type):
            entries = list(run)
            if not self._hand_over(cast, entries):
                return True
            for _ in entries:
                self._noted.popleft()
        return bool(self._noted)

    def _hand_over(self, cast: Cast, entries: list[Noted | Left]) -> bool:
        noted = [each for each in entries if isinstance(each, Noted)]
        calls = tuple(interaction_of(each) for each in noted)
        if calls and cast(self._writer, RecordInteractions(interactions=calls)):
            if self._heard is not None:
                for each, call in zip(noted, calls, strict=True):
                    self._heard(each, call)
            return True
        if calls:
            return False
        left = [each.connection for each in entries if isinstance(each, Left)]
        return all(
            cast(self._writer, Commit(command=CloseSessions(connection=each))) for each in left
        )


def noted_of(
    submission: Submission, answer: Any, outcome: str, duration_s: float, at_s: float
) -> Noted:
    """Return the note of a call that was answered.

    Args:
        submission: The call.
        answer: Its result or failure.
        outcome: The error's code; "" if there is none.
        duration_s: How long it took.
        at_s: When it began, wall seconds UTC.
    """
    return Noted(
        label=submission.label,
        client=submission.client,
        connection=submission.connection,
        request_id=submission.request_id,
        arguments=submission.arguments or {},
        answer=answer,
        outcome=outcome or "ok",
        duration_s=duration_s,
        at_s=at_s,
    )


def interaction_of(noted: Noted) -> Interaction:
    """Return what is written down of a call."""
    tool, _, operation = noted.label.partition(".")
    project = noted.arguments.get("project", "")
    ids = memory_ids_of(noted.answer.data) if isinstance(noted.answer, Result) else ()
    return Interaction(
        tool=tool,
        operation=operation,
        outcome=noted.outcome,
        duration_ms=round(noted.duration_s * 1_000, 3),
        at_s=noted.at_s,
        client=noted.client,
        request_id=noted.request_id,
        connection=noted.connection,
        project=project[: limits.NAME_CHARS_MAX] if isinstance(project, str) else "",
        arguments=summary_of(noted.arguments),
        memory_ids=ids,
    )


def summary_of(arguments: Mapping[str, Any]) -> str:
    """Return arguments as a JSON object without secrets, at most `limits.CALL_BYTES_MAX` long."""
    kept: dict[str, Any] = {}
    size = 2
    for name, value in arguments.items():
        shown = _length(value) if name in LENGTH_ONLY else _short(value)
        size += len(json.dumps({name: shown}).encode())
        if size > limits.CALL_BYTES_MAX:
            break
        kept[name] = shown
    return json.dumps(kept, ensure_ascii=False) if kept else ""


def memory_ids_of(data: Any) -> tuple[int, ...]:
    """Return the ids of the memories in an answer, in its order, each once."""
    found = dict.fromkeys(islice(_ids(data, 0), limits.CALL_IDS_MAX * 2))
    return tuple(islice(found, limits.CALL_IDS_MAX))


def _ids(data: Any, depth: int) -> Iterator[int]:
    if depth > _DEPTH_MAX:
        return
    if isinstance(data, list):
        for each in data:
            yield from _ids(each, depth + 1)
    elif isinstance(data, dict):
        for name, value in data.items():
            if name == "memory_id" and isinstance(value, int):
                yield value
            elif name == "memory_ids" and isinstance(value, list):
                yield from (each for each in value if isinstance(each, int))
            elif name not in _BESIDE and isinstance(value, (dict, list)):
                yield from _ids(value, depth + 1)


def _length(value: Any) -> str:
    if isinstance(value, str):
        return f"({len(value)} characters)"
    return f"({len(value)} entries)" if isinstance(value, (list, dict)) else "(a value)"


def _short(value: Any) -> Any:
    match value:
        case str():
            # Redacted first: a secret that is cut is no longer recognised.
            text = scrub(value[:_LOOKED_AT]).text
            text = text.encode("utf-8", "replace").decode()
            most = limits.CALL_TEXT_CHARS_MAX
            return text if len(text) <= most else f"{text[: most - 1]}…"
        case bool() | int() | float() | None:
            return value
        case list():
            return [
                _short(each) if not isinstance(each, (list, dict)) else "…" for each in value[:8]
            ]
        case _:
            return _length(value)
