"""What can be said of plans and descriptions without running anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mimo.actors.procedures import plans, presentation, recipes
from mimo.actors.procedures.definition import Catalogue, Procedure
from mimo.actors.procedures.dry_run import DryRun
from mimo.actors.procedures.library import Library
from mimo.actors.procedures.messages import ExecutePlan
from mimo.actors.procedures.state import RunState

#: How a plan's steps are spelled where the machine speaks of states.
_STATE = "states."


class Planner:
    """Compiles plans and tells how descriptions would be done.

    Args:
        library: The procedures there are.
        catalogue: The operations that may be called.
        summaries: What each is for.
    """

    def __init__(
        self, library: Library, catalogue: Catalogue, summaries: Mapping[tuple[str, str], str]
    ) -> None:
        self._library = library
        self._catalogue = catalogue
        self._summaries = summaries

    def compiled(
        self, plan: Sequence[Any], timeout_s: float
    ) -> tuple[dict[str, Any], Procedure, list[plans.PlanStep]]:
        """Return a plan as a definition, as a procedure, and its calls.

        Raises:
            InvalidRequest: What is wrong with it.
        """
        definition, steps = plans.compiled(plan, timeout_s)
        return definition, self._library.parsed(definition), steps

    def dry_run(self, request: ExecutePlan, now_s: float) -> dict[str, Any]:
        """Return how a plan would go, with assumed answers.

        Raises:
            InvalidRequest: What is wrong with it.
        """
        _, procedure, steps = self.compiled(request.plan, request.timeout_s)
        walk = DryRun(procedure, self._catalogue, request.answers)
        run = walk.walk(dict(request.context), now_s)
        shown = presentation.dry_json(run, walk.lines, walk.assumed)
        return {
            **shown,
            "type": "dry_run",
            "plan_id": procedure.name,
            "steps": steps_json(steps, run),
        }

    def classified(self, description: str) -> dict[str, Any]:
        """Return how a description would be done: by a procedure, by known calls, or by nobody.

        `confidence` is the share of its clauses for which a recipe is known.
        """
        name = recipes.procedure_of(description, self._library.active_names())
        if name:
            return {
                "classification": "procedure",
                "reason": f"it names the procedure {name!r}",
                "recommendation": "run_procedure",
                "name": name,
                "confidence": 1.0,
            }
        steps, unknown, every = recipes.plan_of(description, self._catalogue)
        if steps and not unknown:
            return {
                "classification": "orchestrated",
                "reason": f"a recipe is known for each of its {len(every)} clauses",
                "recommendation": "execute",
                "confidence": 1.0,
                "plan": steps,
            }
        shown = "; ".join(unknown)[:200] or "nothing to do"
        return {
            "classification": "needs_reasoning",
            "reason": f"no recipe and no procedure is known for: {shown}",
            "recommendation": "think it through, then send the steps to execute_plan",
            "confidence": round(len(steps) / len(every), 2) if every else 0.0,
            "plan": steps,
            "unmatched": unknown,
        }

    def planned(self, description: str) -> dict[str, Any]:
        """Return a plan for a description, as far as recipes are known, and what is missing."""
        found = self.classified(description)
        steps = found.get("plan", [])
        shown = found | {
            "plan_id": "",
            "tools": [{"tool": one["tool"], "operation": one["operation"]} for one in steps],
            "complexity": len(recipes.clauses(description)),
            "plan": steps,
        }
        if steps and not found.get("unmatched"):
            shown["plan_id"] = self.compiled(steps, 3_600.0)[1].name
        shown["near"] = [
            {"clause": clause, "operations": recipes.nearest(clause, self._summaries)}
            for clause in found.get("unmatched", ())
        ]
        return shown


def escalated(found: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer where only an assistant can say how something is done."""
    return {
        "status": "escalated",
        "type": found["classification"],
        "reason": found["reason"],
        "context": dict(context),
        "message": str(found["recommendation"]),
    }


def steps_json(steps: Sequence[plans.PlanStep], run: RunState) -> list[dict[str, Any]]:
    """Return what became of each step of a plan."""
    return [_step_json(step, run) for step in steps]


def _step_json(step: plans.PlanStep, run: RunState) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": step.id, "tool": step.tool, "operation": step.operation}
    error = run.context.get(f"{step.id}__error")
    if step.id in run.context:
        return shown | {"status": "succeeded"}
    if error is not None:
        return shown | {"status": "failed", "error": error}
    if run.reason is not None and run.reason.get("state", "").endswith(step.id):
        return shown | {"status": "failed", "error": dict(run.reason)}
    for thread in run.threads.values():
        if thread.state.partition("-")[0] == step.id:
            return shown | {"status": "asks" if thread.question else "running"}
    return shown | {"status": "skipped" if run.has_ended else "pending"}
