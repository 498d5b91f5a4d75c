"""Plans: lists of tool calls, compiled to procedures, so that they survive what procedures do.

    [{"id": "find", "tool": "memory", "operation": "search", "args": {"query": "cats"}},
     {"parallel": [{"id": "a", ...}, [{"id": "b", ...}, {"id": "c", ...}]]},
     {"id": "keep", "tool": "memory", "operation": "store", "on_error": "continue",
      "when": {"path": "steps.find.result.count", "above": 0},
      "args": {"content": "{{ steps.find.result.memories.0.content }}"}}]

A step's result is kept in the run's context under its id, what it failed with under `id__error`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mimo.actors.procedures.reading import Problems, Reader
from mimo.config import limits
from mimo.config.errors import InvalidRequest

#: How the names of compiled plans begin; nobody else's may.
PREFIX = "plan-"
#: What happens when a step fails.
ON_ERROR = ("halt", "continue", "escalate")
#: The state in which a plan ends.
END = "the-end"

_ID = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_STEP = re.compile(r"\{\{\s*steps\.(?P<id>\w+)\.(?P<what>result|error)\b", re.ASCII)
_PATH = re.compile(r"steps\.(?P<id>\w+)\.(?P<what>result|error)\b", re.ASCII)
_STEP_KEYS = {
    *("id", "tool", "operation", "args", "arguments", "on_error", "when", "undo"),
    *("timeout_s", "retry", "idempotent"),
}
_UNDO_KEYS = {"tool", "operation", "args", "arguments", "when"}

States = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStep:
    """One call of a plan: its id, and what it calls."""

    id: str
    tool: str
    operation: str


@dataclass(slots=True)
class _Compiler:
    """Turns steps into states.

    Args:
        problems: What is wrong so far.
        steps: Calls so far, in order.
        known: Ids whose results may be used here.
        forks: States so far that run branches.
    """

    problems: Problems = field(default_factory=Problems)
    steps: list[PlanStep] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    forks: int = 0

    def sequence(self, plan: Sequence[Any], place: str) -> tuple[str, States]:
        """Return the first state, and the states of steps that run one after the other."""
        compiled = [
            self._entry(entry, f"{place}.{number}" if place else f"plan.{number}")
            for number, entry in enumerate(plan)
        ]
        states: States = {}
        following = END
        for first, made in reversed(compiled):
            states = _linked(made, following) | states
            following = first
        return following, states | {END: {"end": "succeeded"}}

    def _entry(self, entry: Any, place: str) -> tuple[str, States]:
        if isinstance(entry, Mapping) and "parallel" in entry:
            return self._fork(entry, place)
        return self._step(entry, place)

    def _fork(self, entry: Mapping[str, Any], place: str) -> tuple[str, States]:
        reader = Reader(entry, place, self.problems, {"parallel"})
        given = reader.value("parallel")
        most = limits.PROCEDURE_BRANCHES_MAX
        if not isinstance(given, list) or not 2 <= len(given) <= most:
            self.problems.add(f"{place}.parallel", f"expected a list of 2 to {most} steps")
            given = []
        self.forks += 1
        name = f"fork-{self.forks}"
        before, after = set(self.known), set(self.known)
        branches = {}
        for number, each in enumerate(given):
            # What runs beside a step can't be used by it.
            self.known = set(before)
            inside = each if isinstance(each, list) else [each]
            first, states = self.sequence(inside, f"{place}.parallel.{number}")
            branches[f"branch-{number + 1}"] = {"initial_state": first, "states": states}
            after |= self.known
        self.known = after
        return name, {name: {"parallel": branches, "transitions": [{"on": "ok", "to": None}]}}

    def _step(self, entry: Any, place: str) -> tuple[str, States]:
        reader = Reader(entry, place, self.problems, _STEP_KEYS)
        step_id = reader.text("id", f"step_{len(self.steps) + 1}", 40)
        if not _ID.fullmatch(step_id):
            self.problems.add(f"{place}.id", f"expected a-z, 0-9 and _, got {step_id[:40]!r}")
        if step_id in {step.id for step in self.steps}:
            self.problems.add(f"{place}.id", f"expected each id once, got {step_id!r} twice")
        on_error = reader.text("on_error", "halt", 16)
        if on_error not in ON_ERROR:
            self.problems.add(f"{place}.on_error", f"expected one of {', '.join(ON_ERROR)}")
        tool, operation = reader.text("tool", "", 64), reader.text("operation", "", 64)
        action: dict[str, Any] = {
            "tool": tool,
            "operation": operation,
            "arguments": self._filled(_arguments(reader, self.problems), place),
            "save_as": step_id,
        }
        for key in ("timeout_s", "retry", "idempotent"):
            if reader.has(key):
                action[key] = reader.value(key)
        state: dict[str, Any] = {"action": action, "transitions": [{"on": "ok", "to": None}]}
        if reader.has("undo"):
            state["compensation"] = self._undo(reader.value("undo"), tool, f"{place}.undo")
        states: States = {step_id: state} | _after_error(step_id, on_error, f"{tool}.{operation}")
        if on_error in ("continue", "escalate"):
            target = f"{step_id}-{'failed' if on_error == 'continue' else 'ask'}"
            state["transitions"].append({"on": "error", "to": target})
        first = step_id
        if reader.has("when"):
            first = f"{step_id}-when"
            guard = self._filled(reader.value("when"), place)
            branch = [{"on": "ok", "to": step_id, "when": guard}, {"on": "ok", "to": None}]
            states = {first: {"choose": True, "transitions": branch}} | states
        self.steps.append(PlanStep(id=step_id, tool=tool, operation=operation))
        self.known.add(step_id)
        return first, states

    def _undo(self, given: Any, tool: str, place: str) -> dict[str, Any]:
        reader = Reader(given, place, self.problems, _UNDO_KEYS)
        made = {
            "tool": reader.text("tool", tool, 64),
            "operation": reader.text("operation", "", 64),
            "arguments": self._filled(_arguments(reader, self.problems), place),
        }
        return made | ({"when": reader.value("when")} if reader.has("when") else {})

    def _filled(self, template: Any, place: str) -> Any:
        """Return a template that reads the run's context where it read `steps`."""
        if isinstance(template, str):
            return self._text(template, place)
        if isinstance(template, list):
            return [self._filled(each, place) for each in template]
        if isinstance(template, Mapping):
            return {
                name: self._path(value, place)
                if name in ("$each", "path") and isinstance(value, str)
                else self._filled(value, place)
                for name, value in template.items()
            }
        return template

    def _text(self, text: str, place: str) -> str:
        return _STEP.sub(lambda found: "{{ " + self._named(found, place), text)

    def _path(self, path: str, place: str) -> str:
        found = _PATH.match(path)
        return path if found is None else self._named(found, place) + path[found.end() :]

    def _named(self, found: re.Match[str], place: str) -> str:
        if found["id"] not in self.known:
            known = ", ".join(sorted(self.known)) or "none"
            self.problems.add(
                place, f"expected a step before this one ({known}), got steps.{found['id']}"
            )
        return f"context.{found['id']}" + ("__error" if found["what"] == "error" else "")


def compiled(plan: Sequence[Any], timeout_s: float) -> tuple[dict[str, Any], list[PlanStep]]:
    """Return a plan as the definition of a procedure, and its calls in order.

    Args:
        plan: Steps, JSON values.
        timeout_s: Seconds for the whole.

    Raises:
        InvalidRequest: What is wrong with it, as far as the plan's own form goes.
    """
    compiler = _Compiler()
    first, states = compiler.sequence(plan, "")
    if len(compiler.steps) > limits.PLAN_STEPS_MAX:
        compiler.problems.add(
            "plan", f"expected at most {limits.PLAN_STEPS_MAX} steps, got {len(compiler.steps)}"
        )
    if compiler.problems.found:
        raise InvalidRequest("; ".join(compiler.problems.found[:5]))
    definition = {
        "version": "1.0.0",
        "description": ", ".join(f"{one.tool}.{one.operation}" for one in compiler.steps)[:500],
        "initial_state": first,
        "states": states,
        "timeout_s": timeout_s,
        "result": {step.id: _outcome(step.id) for step in compiler.steps},
    }
    text = json.dumps(definition, ensure_ascii=False, sort_keys=True)
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return {"name": PREFIX + digest, **definition}, compiler.steps


def steps_of(graph: Mapping[str, Any]) -> Iterator[PlanStep]:
    """Yield the calls of a compiled plan, in their order."""
    name, states = graph["initial_state"], graph["states"]
    while name != END:
        state = states[name]
        if "action" in state:
            action = state["action"]
            yield PlanStep(id=name, tool=action["tool"], operation=action["operation"])
        for _, branch in sorted(state.get("parallel", {}).items()):
            yield from steps_of(branch)
        # The first transition is that of success.
        name = state["transitions"][0]["to"]


def _arguments(reader: Reader, problems: Problems) -> Any:
    if reader.has("args") and reader.has("arguments"):
        problems.add(reader.place("args"), "expected args or arguments, got both")
    return reader.value("args", reader.value("arguments", {}))


def _after_error(step_id: str, on_error: str, label: str) -> States:
    """Return the states in which a plan goes on after a step that failed."""
    if on_error not in ("continue", "escalate"):
        return {}
    failed = f"{step_id}-failed"
    said = {"code": "{{ run.error.code }}", "message": "{{ run.error.message }}"}
    states: States = {
        failed: {
            "set": {f"{step_id}__error": said},
            "transitions": [{"on": "ok", "to": None}],
        }
    }
    if on_error == "escalate":
        question = (
            f"Step {step_id} ({label}) failed with {{{{ run.error.code }}}}:"
            " {{ run.error.message }}. Go on without it?"
        )
        ask = {"approval": {"question": question}}
        states[f"{step_id}-ask"] = ask | {"transitions": [{"on": "approved", "to": failed}]}
    return states


def _linked(states: States, following: str) -> States:
    """Return states whose open ends lead to the one that follows."""
    return {
        name: state
        | {
            "transitions": [
                each | {"to": following} if each["to"] is None else each
                for each in state["transitions"]
            ]
        }
        for name, state in states.items()
    }


def _outcome(step_id: str) -> Any:
    error = {"$default": [f"{{{{ context.{step_id}__error }}}}", None]}
    return {"$default": [f"{{{{ context.{step_id} }}}}", error]}
