"""Reads one state of a definition: what it does, what undoes it, where it leads."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any

from mimo.actors.procedures import templates
from mimo.actors.procedures.definition import (
    ACTION_TIMEOUT_S,
    RUN_TIMEOUT_S_MAX,
    Action,
    Approval,
    Catalogue,
    End,
    Graph,
    Retry,
    State,
    Transition,
    Wait,
)
from mimo.actors.procedures.reading import Reader

#: What a path may begin with: in a state, in a guard of a transition, in a compensation.
ROOTS = frozenset({"context", "run"})
EVENT_ROOTS = ROOTS | {"event"}
RESULT_ROOTS = ROOTS | {"result"}

#: What a state may do; one of them.
KINDS = ("action", "set", "choose", "wait", "approval", "parallel", "end")
KEYS = {*KINDS, "compensation", "transitions", "visits_max", "result", "message", "description"}

_EVENT = re.compile(r"[a-z][a-z0-9_.-]{0,63}", re.ASCII)
_CONTEXT_NAME = re.compile(r"[A-Za-z_]\w{0,63}", re.ASCII)
#: Events that a person or a program can't send, since the machine does.
OWN_EVENTS = {"ok", "error", "timeout", "elapsed", "approved", "rejected"}
VISITS_MAX = 1_000
TRIES_MAX = 50


def state(name: str, reader: Reader, catalogue: Catalogue, branches: Mapping[str, Graph]) -> State:
    """Return the state that stands in the reader."""
    kinds = [kind for kind in KINDS if reader.has(kind)]
    if len(kinds) != 1:
        reader.problems.add(
            reader.place("")[:-1],
            f"expected one of {', '.join(KINDS)}, got {' and '.join(kinds) or 'none'}",
        )
    kind = kinds[0] if len(kinds) == 1 else ""
    if reader.has("compensation") and kind != "action":
        reader.problems.add(reader.place("compensation"), "expected it beside an action only")
    return State(
        name=name,
        transitions=_transitions(reader),
        action=_action(reader, "action", catalogue) if kind == "action" else None,
        compensation=_compensation(reader, catalogue) if kind == "action" else None,
        assign=_assign(reader) if kind == "set" else None,
        wait=_wait(reader) if kind == "wait" else None,
        approval=_approval(reader) if kind == "approval" else None,
        branches=branches,
        end=_end(reader) if kind == "end" else None,
        visits_max=reader.count("visits_max", 0, 0, VISITS_MAX),
    )


def _transitions(reader: Reader) -> tuple[Transition, ...]:
    given = reader.value("transitions", [])
    if not isinstance(given, list):
        reader.problems.add(reader.place("transitions"), "expected a list")
        return ()
    found = []
    for index, text in enumerate(given):
        place = reader.place(f"transitions.{index}")
        inner = Reader(text, place, reader.problems, {"on", "to", "code", "when"})
        found.append(
            Transition(
                on=inner.text("on", "ok", 64),
                to=inner.text("to", "", 64),
                code=inner.text("code", "", 64),
                when=inner.guard("when", EVENT_ROOTS),
            )
        )
    return tuple(found)


_ACTION_KEYS = {
    "tool",
    "operation",
    "arguments",
    "save_as",
    "timeout_s",
    "retry",
    "idempotent",
    "accept",
}


def _action(reader: Reader, key: str, catalogue: Catalogue) -> Action:
    return _read_action(reader, key, catalogue, ROOTS, _ACTION_KEYS, Retry())


def _compensation(reader: Reader, catalogue: Catalogue) -> Action | None:
    if not reader.has("compensation"):
        return None
    keys = (_ACTION_KEYS - {"save_as"}) | {"when"}
    return _read_action(reader, "compensation", catalogue, RESULT_ROOTS, keys, Retry(attempts=8))


def _read_action(  # noqa: PLR0913, PLR0917  what differs between an action and its compensation
    reader: Reader,
    key: str,
    catalogue: Catalogue,
    roots: frozenset[str],
    keys: set[str],
    retry: Retry,
) -> Action:
    place = reader.place(key)
    inner = Reader(reader.value(key), place, reader.problems, keys)
    tool, operation = inner.text("tool", "", 64), inner.text("operation", "", 64)
    facts = catalogue.get((tool, operation))
    arguments = inner.template("arguments", {}, roots)
    if facts is None:
        known = [f"{one}.{two}" for one, two in catalogue]
        near = difflib.get_close_matches(f"{tool}.{operation}", known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        inner.problems.add(place, f"expected a tool's operation, got {tool}.{operation}{hint}")
    elif not facts.callable:
        inner.problems.add(
            place, f"expected an operation that procedures may call, got {operation}"
        )
    elif not isinstance(arguments, Mapping):
        inner.problems.add(f"{place}.arguments", "expected an object")
    else:
        for name in sorted(facts.required - set(arguments)):
            inner.problems.add(f"{place}.arguments", f"expected {name!r}, which it needs")
        for name in sorted(set(arguments) - facts.parameters):
            inner.problems.add(
                f"{place}.arguments.{name}", f"expected {', '.join(sorted(facts.parameters))}"
            )
    return Action(
        tool=tool,
        operation=operation,
        arguments=arguments,
        save_as=_context_name(inner, "save_as"),
        timeout_s=inner.number(
            "timeout_s", facts.deadline_s if facts else ACTION_TIMEOUT_S, 0.1, 600.0
        ),
        retry=_retry(inner, retry),
        repeatable=inner.flag("idempotent", default=bool(facts and facts.idempotent)),
        reads=bool(facts and facts.reads),
        accept=inner.names("accept"),
        when=inner.guard("when", RESULT_ROOTS),
    )


def _retry(reader: Reader, default: Retry) -> Retry:
    if not reader.has("retry"):
        return default
    keys = {"attempts", "first_s", "factor", "most_s", "jitter"}
    inner = Reader(reader.value("retry"), reader.place("retry"), reader.problems, keys)
    return Retry(
        attempts=inner.count("attempts", default.attempts, 1, TRIES_MAX),
        first_s=inner.number("first_s", default.first_s, 0.0, 3_600.0),
        factor=inner.number("factor", default.factor, 1.0, 10.0),
        most_s=inner.number("most_s", default.most_s, 0.0, 86_400.0),
        jitter=inner.number("jitter", default.jitter, 0.0, 1.0),
    )


def _context_name(reader: Reader, key: str) -> str:
    name = reader.text(key, "", 64)
    if name and not _CONTEXT_NAME.fullmatch(name):
        reader.problems.add(reader.place(key), "expected a name of letters, digits and _")
    return name


def _assign(reader: Reader) -> Mapping[str, Any]:
    given = reader.mapping("set")
    for name, template in given.items():
        place = reader.place(f"set.{name}")
        if not _CONTEXT_NAME.fullmatch(name):
            reader.problems.add(place, "expected a name of letters, digits and _")
        reader.problems.extend(place, templates.problems(template, ROOTS))
    return given


def _wait(reader: Reader) -> Wait:
    keys = {"seconds", "until", "event", "save_as"}
    inner = Reader(reader.value("wait"), reader.place("wait"), reader.problems, keys)
    found = Wait(
        seconds=inner.template("seconds", None, ROOTS),
        until=inner.template("until", None, ROOTS),
        event=inner.text("event", "", 64),
        save_as=_context_name(inner, "save_as"),
    )
    if found.event and (not _EVENT.fullmatch(found.event) or found.event in OWN_EVENTS):
        inner.problems.add(
            inner.place("event"), f"expected a name other than {', '.join(sorted(OWN_EVENTS))}"
        )
    if found.seconds is None and found.until is None and not found.event:
        inner.problems.add(reader.place("wait"), "expected seconds, until or event")
    if isinstance(found.seconds, int | float) and not 0 <= found.seconds <= RUN_TIMEOUT_S_MAX:
        inner.problems.add(inner.place("seconds"), f"expected 0 to {RUN_TIMEOUT_S_MAX:g}")
    return found


def _approval(reader: Reader) -> Approval:
    keys = {"question", "timeout_s"}
    inner = Reader(reader.value("approval"), reader.place("approval"), reader.problems, keys)
    question = inner.template("question", "", ROOTS)
    if not isinstance(question, str) or not question:
        inner.problems.add(inner.place("question"), "expected the text of a question")
    timeout_s = inner.number("timeout_s", 1.0, 1.0, RUN_TIMEOUT_S_MAX)
    return Approval(question=question, timeout_s=timeout_s if inner.has("timeout_s") else None)


def _end(reader: Reader) -> End:
    how = reader.text("end", "", 16)
    if how not in ("succeeded", "failed"):
        reader.problems.add(reader.place("end"), f"expected succeeded or failed, got {how!r}")
    return End(
        succeeded=how == "succeeded",
        result=reader.template("result", None, ROOTS),
        message=reader.template("message", "", ROOTS),
    )
