"""Answers requests about plans and descriptions; what is to run is handed to the actor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from mimo.actors.operations import Result
from mimo.actors.procedures import library, messages, planning, plans, presentation
from mimo.actors.procedures.definition import Procedure
from mimo.actors.procedures.planning import Planner
from mimo.actors.procedures.state import from_json
from mimo.storage import procedure_reads
from mimo.storage.commands import Edit
from mimo.storage.connection import Database
from mimo.supervision import messages as m
from mimo.supervision.gen_server import NO_REPLY

#: Seconds that a plan made of a description may take.
PLAN_S = 3_600.0

REQUESTS = (
    messages.ExecutePlan,
    messages.Execute,
    messages.Classify,
    messages.RunCounts,
)


class Starter(Protocol):
    """What a plan needs from the actor that runs it."""

    def now_s(self) -> float:
        """Return wall seconds UTC."""

    def save(self, command: Edit, then: Callable[[Any], None]) -> None:
        """Commit durably; `then` gets the reply or a `Failure`."""

    def reply(self, call: m.Call, value: Any) -> None:
        """Answer a call."""

    def begin(  # noqa: PLR0913, PLR0917  what a run is made of
        self,
        call: m.Call,
        procedure: Procedure,
        row: int,
        context: dict[str, Any],
        wait_s: float,
        key: str,
        client: str,
    ) -> None:
        """Start a run, and answer at its end or that of the caller's patience."""


class PlanRequests:
    """Answer what stands in `REQUESTS`.

    Args:
        starter: The actor.
        planner: Knows plans.
        known: The procedures there are.
        db: A reading connection.
    """

    def __init__(
        self, starter: Starter, planner: Planner, known: library.Library, db: Database
    ) -> None:
        self._starter = starter
        self._planner = planner
        self._library = known
        self._db = db

    def handle(self, request: Any, call: m.Call) -> Any:
        """Answer a request, or see that it is answered later.

        Raises:
            InvalidRequest: A plan is none, or its context doesn't fit.
        """
        match request:
            case messages.Classify(whole=True):
                return Result(data=self._planner.planned(request.description))
            case messages.Classify():
                return Result(data=self._planner.classified(request.description))
            case messages.RunCounts():
                return Result(data=procedure_reads.run_counts(self._db))
            case messages.ExecutePlan(dry_run=True):
                return Result(data=self._planner.dry_run(request, self._starter.now_s()))
            case messages.ExecutePlan():
                return self._run_plan(
                    call, request.plan, request.timeout_s, request, dict(request.context)
                )
            case _:
                return self._execute(request, call)

    def steps_json(self, run: procedure_reads.Run) -> dict[str, Any]:
        """Return what a plan's run shows besides what every run shows; nothing for others."""
        if not run.name.startswith(plans.PREFIX):
            return {}
        stored = procedure_reads.definition_by_id(self._db, run.procedure_id)
        steps = list(plans.steps_of(stored.definition))
        shown = planning.steps_json(steps, from_json(run.state))
        return {"type": "plan_executed", "plan_id": run.name, "steps": shown}

    def _execute(self, request: messages.Execute, call: m.Call) -> Any:
        found = self._planner.classified(request.description)
        match found["classification"]:
            case "procedure":
                procedure, row = self._library.to_run(found["name"], "")
                context = library.completed(procedure, request.context)
                self._starter.begin(
                    call, procedure, row, context, request.wait_s, request.key, request.client
                )
                return NO_REPLY
            case "orchestrated":
                return self._run_plan(call, found["plan"], PLAN_S, request, dict(request.context))
            case _:
                return Result(data=planning.escalated(found, request.context))

    def _run_plan(
        self,
        call: m.Call,
        plan: Any,
        timeout_s: float,
        request: messages.ExecutePlan | messages.Execute,
        context: dict[str, Any],
    ) -> Any:
        """Keep the plan as a procedure, then run that."""
        definition, procedure, _ = self._planner.compiled(plan, timeout_s)
        text = presentation.canonical(definition)
        command = library.kept(procedure, text, request.client, f"{request.key}:plan")

        def kept(value: Any) -> None:
            if isinstance(value, m.Failure):
                self._starter.reply(call, value)
                return
            row = procedure_reads.definition(self._db, procedure.name).id
            self._starter.begin(
                call, procedure, row, context, request.wait_s, request.key, request.client
            )

        self._starter.save(command, kept)
        return NO_REPLY
