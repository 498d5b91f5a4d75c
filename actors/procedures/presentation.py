"""Procedures and runs as plain JSON values: the one shape in which every operation returns them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from mimo.actors.memory.presentation import iso_time
from mimo.actors.procedures import versions
from mimo.actors.procedures.events import Line
from mimo.actors.procedures.state import RunState, from_json
from mimo.actors.procedures.turn import brief, thread_name
from mimo.storage.procedure_reads import Run, Step, Stored

#: Most characters of JSON of a journal, a context and a result in one answer.
PART_CHARS_MAX = 14_000


def canonical(definition: Any) -> str:
    """Return a definition as text: the same text for the same content."""
    return json.dumps(definition, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def sha256_of(text: str) -> str:
    """Return the hash of a definition's text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def procedure_json(stored: Stored) -> dict[str, Any]:
    """Return a registered procedure without its definition."""
    return {
        "name": stored.name,
        "version": versions.spelled(stored.version),
        "description": stored.description,
        "active": stored.is_active,
        "states": len(stored.definition["states"]),
        "sha256": stored.sha256,
        "created_at": iso_time(stored.created_at_s),
        "source": stored.source,
    }


def run_json(
    run: Run, steps: Iterable[Step], problem: str = "", *, whole: bool = True
) -> dict[str, Any]:
    """Return a run with its place, what it asks, its journal, and how it ended.

    Args:
        run: As it is stored.
        steps: The end of its journal.
        problem: Why it can't go on.
        whole: Whether to show its context too.
    """
    state = from_json(run.state)
    lines = [
        {"at": iso_time(step.at_s)} | _line(step.number, step.state, step.what, step.detail)
        for step in steps
    ]
    shown = run_row(run) | {
        "at": [thread_name(one.graph, one.state) for one in state.threads.values()],
        "journal": _newest(lines),
    }
    if whole:
        shown["context"] = _fitting(state.context)
    asks = [
        {
            "at": thread_name(one.graph, one.state),
            "kind": "approval" if one.act is not None and one.act.asks else one.phase,
            "question": one.question,
        }
        for one in state.threads.values()
        if one.phase in ("approval", "review")
    ]
    return shown | _ending(state) | ({"asks": asks} if asks else {}) | _said("problem", problem)


def run_row(run: Run) -> dict[str, Any]:
    """Return a run as a row of a list."""
    shown = {
        "run_id": run.run_id,
        "name": run.name,
        "version": versions.spelled(run.version),
        "status": run.status,
        "started_at": iso_time(run.started_at_s),
        "updated_at": iso_time(run.updated_at_s),
        "source": run.source,
    }
    return shown | _said("finished_at", iso_time(run.finished_at_s))


def dry_json(run: RunState, lines: Iterable[Line], assumed: Iterable[str]) -> dict[str, Any]:
    """Return how a dry run went."""
    journal = [_line(line.number, line.state, line.what, line.detail) for line in lines]
    shown: dict[str, Any] = {
        "status": run.status,
        "journal": _newest(journal),
        "context": _fitting(run.context),
    }
    return shown | _ending(run) | {"assumed": sorted(set(assumed))}


def _ending(state: RunState) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if state.status == "succeeded":
        shown["result"] = _fitting(
            state.result if isinstance(state.result, dict) else {"value": state.result}
        )
    if state.reason is not None:
        shown["error"] = dict(state.reason)
    if state.undone:
        shown["undone"] = list(state.undone)
    if state.left:
        shown["not_undone"] = list(state.left)
    return shown


def _line(number: int, state: str, what: str, detail: Any) -> dict[str, Any]:
    shown = {"number": number, "state": state, "what": what}
    return shown | ({} if detail is None else {"detail": brief(detail)})


def _newest(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the last lines that fit into an answer."""
    left, kept = PART_CHARS_MAX, len(lines)
    while kept and (left := left - len(json.dumps(lines[kept - 1], ensure_ascii=False))) >= 0:
        kept -= 1
    return lines[kept:]


def _fitting(values: dict[str, Any]) -> dict[str, Any]:
    """Return values as they are if they fit into an answer, else each one's beginning."""
    if len(json.dumps(values, ensure_ascii=False)) <= PART_CHARS_MAX:
        return values
    short = {name: brief(value) for name, value in values.items()}
    while len(json.dumps(short, ensure_ascii=False)) > PART_CHARS_MAX:
        short.popitem()
    return short


def _said(name: str, text: str) -> dict[str, str]:
    return {name: text} if text else {}
