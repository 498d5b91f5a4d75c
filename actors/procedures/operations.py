"""The `orchestrate` tool as data: procedures and their runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mimo.actors.operations import CallContext, Operation, Tool
from mimo.actors.procedures import messages
from mimo.actors.procedures.arguments import LINES, WAIT_S, Arguments, context_of, named, sized
from mimo.actors.procedures.facts import PROCEDURES
from mimo.actors.procedures.operations_plans import PLANS
from mimo.actors.procedures.parameters import (
    RUN,
    result,
    take,
)
from mimo.config import limits
from mimo.config.errors import InvalidRequest


def _definition_of(arguments: Arguments) -> Any:
    given = arguments.get("definition")
    if given is not None and not isinstance(given.get("states"), Mapping):
        got = ", ".join(given)[:80] or "nothing"
        raise InvalidRequest(f"expected 'definition' to hold an object 'states', got {got!a}")
    return sized(given, "definition", limits.PROCEDURE_BYTES_MAX)


def _run(arguments: Arguments, context: CallContext) -> messages.RunProcedure:
    return messages.RunProcedure(
        **named(arguments, "name", "version"),
        context=context_of(arguments),
        wait_s=float(arguments.get("wait_s", WAIT_S)),
        key=context.key,
        client=context.client,
    )


def _status(arguments: Arguments, _context: CallContext) -> messages.ProcedureStatus:
    return messages.ProcedureStatus(
        **named(arguments, "run_id"), lines=arguments.get("limit", LINES)
    )


def _cancel(arguments: Arguments, context: CallContext) -> messages.CancelProcedure:
    return messages.CancelProcedure(
        **named(arguments, "run_id"), note=arguments.get("note", ""), key=context.key
    )


def _signal(arguments: Arguments, context: CallContext) -> messages.SignalProcedure:
    payload = sized(arguments.get("payload", {}), "payload", limits.PROCEDURE_CONTEXT_BYTES_MAX)
    return messages.SignalProcedure(
        **named(arguments, "run_id", "event"), payload=payload, key=context.key
    )


def _decision(arguments: Arguments, context: CallContext, *, approved: bool) -> Any:
    return messages.DecideProcedure(
        **named(arguments, "run_id", "at"),
        approved=approved,
        is_confirmed=context.approved,
        resolution=arguments.get("resolution", "repeat"),
        note=arguments.get("note", ""),
        key=context.key,
        client=context.client,
    )


def _approve(arguments: Arguments, context: CallContext) -> Any:
    return _decision(arguments, context, approved=True)


def _reject(arguments: Arguments, context: CallContext) -> Any:
    return _decision(arguments, context, approved=False)


def _list(arguments: Arguments, _context: CallContext) -> messages.ListProcedures:
    return messages.ListProcedures(**named(arguments, "name"))


def _show(arguments: Arguments, _context: CallContext) -> messages.ShowProcedure:
    return messages.ShowProcedure(**named(arguments, "name", "version"))


def _register(arguments: Arguments, context: CallContext) -> messages.Register:
    if ("definition" in arguments) == ("example" in arguments):
        raise InvalidRequest("expected 'definition' or 'example', got both or none; give one")
    return messages.Register(
        definition=_definition_of(arguments),
        **named(arguments, "example"),
        key=context.key,
        client=context.client,
    )


def _validate(arguments: Arguments, _context: CallContext) -> messages.Validate:
    return messages.Validate(definition=_definition_of(arguments))


def _dry_run(arguments: Arguments, _context: CallContext) -> messages.DryRun:
    if ("definition" in arguments) == ("name" in arguments):
        raise InvalidRequest("expected 'definition' or 'name', got both or none; give one")
    answers = sized(arguments.get("answers", {}), "answers", limits.PROCEDURE_CONTEXT_BYTES_MAX)
    return messages.DryRun(
        **named(arguments, "name", "version"),
        definition=_definition_of(arguments),
        context=context_of(arguments),
        answers=dict(answers),
    )


def _deactivate(arguments: Arguments, context: CallContext) -> messages.Deactivate:
    return messages.Deactivate(**named(arguments, "name", "version"), key=context.key)


def _runs(arguments: Arguments, _context: CallContext) -> messages.ListRuns:
    return messages.ListRuns(
        **named(arguments, "name"),
        status=arguments.get("status", ""),
        limit=arguments.get("limit", 20),
    )


#: A definition that works and shows the form.
HELLO: Mapping[str, Any] = {
    "name": "remember_twice",
    "version": "1.0.0",
    "description": "Store a text as a memory, and take it back if anything fails later.",
    "context_schema": {"properties": {"text": {"type": "string"}}, "required": ["text"]},
    "initial_state": "store",
    "states": {
        "store": {
            "action": {
                "tool": "memory",
                "operation": "store",
                "arguments": {"content": "{{ context.text }}"},
                "save_as": "stored",
            },
            "compensation": {
                "tool": "memory",
                "operation": "delete",
                "arguments": {"memory_id": "{{ result.memory_id }}"},
                "when": {"path": "result.created", "equals": True},
            },
            "transitions": [{"on": "ok", "to": "done"}],
        },
        "done": {"end": "succeeded", "result": {"memory_id": "{{ context.stored.memory_id }}"}},
    },
}

_DECIDED = take("run_id", "at", "resolution", "note")

OPERATIONS = (
    *PLANS,
    Operation(
        name="run_procedure",
        reach="delegates",
        summary="Start a run; it goes on after crashes and restarts until it ends or is undone.",
        parameters=take("name", "version", "context", "wait_s"),
        required=("name",),
        result=RUN,
        effect="destructive",
        worker=PROCEDURES,
        build=_run,
        deadline_s=60.0,
        example={"name": "session_wrap_up", "context": {"session_id": "today"}},
    ),
    Operation(
        name="procedure_status",
        summary="Show where a run is; what it asks, its context, journal and result.",
        parameters=take("run_id", "limit"),
        required=("run_id",),
        result=RUN,
        effect="read",
        idempotent=True,
        worker=PROCEDURES,
        build=_status,
        example={"run_id": "3f2a9c0d1e4b5a68"},
    ),
    Operation(
        name="list_runs",
        summary="Show runs, newest first.",
        parameters=take("name", "status", "limit"),
        result=result(("runs", "count")),
        effect="read",
        idempotent=True,
        worker=PROCEDURES,
        build=_runs,
        example={"status": "open"},
    ),
    Operation(
        name="cancel_procedure",
        summary="End a run and undo what it did.",
        parameters=take("run_id", "note"),
        required=("run_id",),
        result=RUN,
        effect="destructive",
        idempotent=True,
        worker=PROCEDURES,
        build=_cancel,
        example={"run_id": "3f2a9c0d1e4b5a68", "note": "no longer wanted"},
    ),
    Operation(
        name="signal_procedure",
        summary="Tell a run of an event; kept until the run waits for it.",
        parameters=take("run_id", "event", "payload"),
        required=("run_id", "event"),
        result=RUN,
        effect="write",
        worker=PROCEDURES,
        build=_signal,
        example={"run_id": "3f2a9c0d1e4b5a68", "event": "tests_passed"},
    ),
    Operation(
        name="approve_procedure",
        summary="Say yes to what a run asks, once your user has.",
        parameters=_DECIDED,
        required=("run_id",),
        result=RUN,
        effect="destructive",
        worker=PROCEDURES,
        build=_approve,
        example={"run_id": "3f2a9c0d1e4b5a68"},
    ),
    Operation(
        name="reject_procedure",
        summary="Say no to what a run asks; in a review it is undone.",
        parameters=take("run_id", "at", "note"),
        required=("run_id",),
        result=RUN,
        effect="destructive",
        worker=PROCEDURES,
        build=_reject,
        example={"run_id": "3f2a9c0d1e4b5a68", "note": "too early"},
    ),
    Operation(
        name="list_procedures",
        summary="Show registered procedures; shipped examples; with a name, its versions.",
        parameters=take("name"),
        result=result(("procedures", "count", "examples")),
        effect="read",
        idempotent=True,
        worker=PROCEDURES,
        build=_list,
        example={},
    ),
    Operation(
        name="show_procedure",
        summary="Show a definition, registered or shipped.",
        parameters=take("name", "version"),
        required=("name",),
        result=result(
            ("name", "version", "description", "active", "states", "sha256", "definition"),
            *("created_at", "source"),
        ),
        effect="read",
        idempotent=True,
        worker=PROCEDURES,
        build=_show,
        example={"name": "session_wrap_up"},
    ),
    Operation(
        name="register_procedure",
        summary="Check and keep a definition; a version never changes.",
        parameters=take("definition", "example"),
        result=result(("name", "version", "sha256", "created")),
        effect="write",
        idempotent=True,
        worker=PROCEDURES,
        build=_register,
        example={"example": "session_wrap_up"},
    ),
    Operation(
        name="validate_procedure",
        summary="Say all that is wrong with a definition.",
        parameters=take("definition"),
        required=("definition",),
        result=result(("valid", "problems"), "sha256"),
        effect="read",
        idempotent=True,
        worker=PROCEDURES,
        build=_validate,
        example={"definition": HELLO},
    ),
    Operation(
        name="dry_run_procedure",
        summary="Walk through without effects; with assumed or given answers.",
        parameters=take("name", "version", "definition", "context", "answers"),
        result=result(
            ("status", "journal", "context", "assumed"),
            *("result", "error", "undone", "not_undone"),
        ),
        effect="read",
        idempotent=True,
        worker=PROCEDURES,
        build=_dry_run,
        example={"name": "session_wrap_up", "context": {"session_id": "today"}},
    ),
    Operation(
        name="deactivate_procedure",
        summary="Let a procedure be run no more; open runs go on.",
        parameters=take("name", "version"),
        required=("name",),
        result=result(("deactivated",)),
        effect="write",
        idempotent=True,
        worker=PROCEDURES,
        build=_deactivate,
        example={"name": "session_wrap_up"},
    ),
)

ORCHESTRATE = Tool(
    name="orchestrate",
    title="Orchestrate",
    description=(
        "Plans and procedures: tool calls with conditions, waits, parallel branches, approvals,"
        " retries and undoing. A run survives crashes. An example of a definition:"
        " mimo://schema/orchestrate/validate_procedure."
    ),
    operations=OPERATIONS,
)
