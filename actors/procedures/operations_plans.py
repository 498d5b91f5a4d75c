"""The operations of `orchestrate` on plans and descriptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mimo.actors.operations import CallContext, Operation
from mimo.actors.procedures import messages
from mimo.actors.procedures.arguments import LINES, WAIT_S, Arguments, context_of, named, sized
from mimo.actors.procedures.definition import RUN_TIMEOUT_S
from mimo.actors.procedures.facts import PROCEDURES
from mimo.actors.procedures.parameters import CLASSIFIED, DONE, METRICS, PLANNED, take
from mimo.config import limits


def _execute_plan(arguments: Arguments, context: CallContext) -> messages.ExecutePlan:
    answers = sized(arguments.get("answers", {}), "answers", limits.PROCEDURE_CONTEXT_BYTES_MAX)
    return messages.ExecutePlan(
        plan=tuple(sized(arguments["plan"], "plan", limits.PROCEDURE_BYTES_MAX)),
        context=context_of(arguments),
        wait_s=float(arguments.get("wait_s", WAIT_S)),
        timeout_s=float(arguments.get("timeout_s", RUN_TIMEOUT_S)),
        dry_run=arguments.get("dry_run", False),
        answers=dict(answers),
        key=context.key,
        client=context.client,
    )


def _execute(arguments: Arguments, context: CallContext) -> messages.Execute:
    return messages.Execute(
        description=arguments["description"].strip(),
        context=context_of(arguments),
        wait_s=float(arguments.get("wait_s", WAIT_S)),
        key=context.key,
        client=context.client,
    )


def _classify(arguments: Arguments, _context: CallContext) -> messages.Classify:
    return messages.Classify(description=arguments["description"].strip())


def _smart_plan(arguments: Arguments, _context: CallContext) -> messages.Classify:
    return messages.Classify(description=arguments["description"].strip(), whole=True)


def _metrics(arguments: Arguments, _context: CallContext) -> Any:
    if "run_id" not in arguments:
        return messages.RunCounts()
    return messages.ProcedureStatus(
        **named(arguments, "run_id"), lines=arguments.get("limit", LINES)
    )


#: A plan that works and shows the form.
PLAN: tuple[Mapping[str, Any], ...] = (
    {"id": "known", "tool": "memory", "operation": "search", "args": {"query": "cats"}},
    {
        "id": "count",
        "tool": "memory",
        "operation": "store",
        "args": {"content": "{{ steps.known.result.count }} memories speak of cats."},
        "on_error": "continue",
    },
)

PLANS = (
    Operation(
        name="execute_plan",
        reach="delegates",
        summary="Run a list of calls that survives crashes.",
        parameters=take("plan", "context", "wait_s", "timeout_s", "dry_run", "answers"),
        required=("plan",),
        result=DONE,
        effect="destructive",
        worker=PROCEDURES,
        build=_execute_plan,
        deadline_s=60.0,
        example={"plan": list(PLAN)},
    ),
    Operation(
        name="execute",
        reach="delegates",
        summary="Do what is described, if a recipe is known.",
        parameters=take("description", "context", "wait_s"),
        required=("description",),
        result=DONE,
        effect="destructive",
        worker=PROCEDURES,
        build=_execute,
        deadline_s=60.0,
        example={"description": "search memory for cats"},
    ),
    Operation(
        name="classify",
        summary="Say how a description would be done.",
        parameters=take("description"),
        required=("description",),
        result=CLASSIFIED,
        effect="read",
        idempotent=True,
        worker=PROCEDURES,
        build=_classify,
        example={"description": "search memory for cats"},
    ),
    Operation(
        name="smart_plan",
        summary="Make a plan of a description, as far as known.",
        parameters=take("description"),
        required=("description",),
        result=PLANNED,
        effect="read",
        idempotent=True,
        worker=PROCEDURES,
        build=_smart_plan,
        example={"description": "search memory for cats, then recall dogs"},
    ),
    Operation(
        name="smart_execute",
        reach="delegates",
        summary="Run the plan of smart_plan, if it is whole.",
        parameters=take("description", "context", "wait_s"),
        required=("description",),
        result=DONE,
        effect="destructive",
        worker=PROCEDURES,
        build=_execute,
        deadline_s=60.0,
        example={"description": "search memory for cats, then recall dogs"},
    ),
    Operation(
        name="status",
        summary="Count runs, or show one.",
        parameters=take("run_id", "limit"),
        result=METRICS,
        effect="read",
        idempotent=True,
        worker=PROCEDURES,
        build=_metrics,
        example={},
    ),
)
