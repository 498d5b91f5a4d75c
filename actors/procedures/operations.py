"""The `orchestrate` tool as data: procedures and their runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mimo.actors.operations import CallContext, Operation, Tool
from mimo.actors.procedures import messages
from mimo.actors.procedures.facts import PROCEDURES
from mimo.actors.procedures.state import ENDED, OPEN
from mimo.config import limits
from mimo.config.errors import InvalidRequest

Arguments = Mapping[str, Any]
Schema = Mapping[str, Any]

#: How long `run_procedure` waits for the end unless told otherwise, and at most, in seconds.
WAIT_S = 20.0
WAIT_S_MAX = 50.0
#: Lines of a journal shown unless told otherwise.
LINES = 20


def _text(description: str, longest: int, shortest: int = 1) -> Schema:
    sizes = {"minLength": shortest, "maxLength": longest}
    return {"type": "string", "description": description, **sizes}


_PARAMETERS: dict[str, Schema] = {
    "name": _text("Name of a procedure.", 64),
    "version": _text("Such as 1.2.0; default the newest active.", 24),
    "definition": {
        "type": "object",
        "description": "name, version, initial_state, states, context_schema, result.",
    },
    "example": _text("A shipped one instead; see list_procedures.", 64),
    "context": {"type": "object", "description": "Values that the run begins with."},
    "wait_s": {
        "type": "number",
        "description": "Wait so long for the end; default 20, 0 returns at once.",
        "minimum": 0,
        "maximum": WAIT_S_MAX,
    },
    "run_id": _text("From run_procedure or list_runs.", 64),
    "event": _text("Name of what happened.", 64),
    "payload": {"type": "object", "description": "What the event says."},
    "at": _text("State that asks, where several do.", 300),
    "resolution": {
        "type": "string",
        "description": "In a review: repeat the call, or it is done already.",
        "enum": ["repeat", "done"],
    },
    "note": _text("Why, for the journal.", 500, 0),
    "answers": {
        "type": "object",
        "description": "State: result, {error: code} or {event: name}.",
    },
    "status": {
        "type": "string",
        "description": "Only runs of this status; open is all that haven't ended.",
        "enum": ["open", *OPEN, *ENDED],
    },
    "limit": {
        "type": "integer",
        "description": "How many; default 20.",
        "minimum": 1,
        "maximum": limits.PAGE_MAX,
    },
}


def _take(*names: str) -> dict[str, Schema]:
    return {name: _PARAMETERS[name] for name in names}


def _object(required: tuple[str, ...], *names: str) -> Schema:
    return {
        "type": "object",
        "properties": {name: _RESULTS[name] for name in (*required, *names)},
        "required": list(required),
    }


_STRING, _COUNT, _FLAG, _OPEN = (
    {"type": kind} for kind in ("string", "integer", "boolean", "object")
)
_STRINGS = {"type": "array", "items": _STRING}
_OBJECTS = {"type": "array", "items": _OPEN}
_RESULTS: dict[str, Schema] = {
    "run_id": _STRING,
    "name": _STRING,
    "version": _STRING,
    "status": _STRING,
    "at": _STRINGS,
    "context": _OPEN,
    "journal": _OBJECTS,
    "asks": _OBJECTS,
    "result": _OPEN,
    "error": _OPEN,
    "undone": _STRINGS,
    "not_undone": _STRINGS,
    "assumed": _STRINGS,
    "started_at": _STRING,
    "updated_at": _STRING,
    "finished_at": _STRING,
    "source": _STRING,
    "problem": _STRING,
    "description": _STRING,
    "active": _FLAG,
    "states": _COUNT,
    "sha256": _STRING,
    "created_at": _STRING,
    "definition": _OPEN,
    "procedures": _OBJECTS,
    "examples": _OBJECTS,
    "runs": _OBJECTS,
    "count": _COUNT,
    "created": _FLAG,
    "valid": _FLAG,
    "problems": _STRINGS,
    "deactivated": _COUNT,
}
_RUN = _object(
    ("run_id", "name", "version", "status", "at", "journal", "started_at", "updated_at"),
    *("finished_at", "source", "asks", "result", "error", "undone", "not_undone", "context"),
    "problem",
)


def _sized(value: Any, name: str, most: int) -> Any:
    """Return JSON values that aren't too large.

    Raises:
        InvalidRequest: They are, or they are nested too deeply.
    """
    try:
        size = len(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    except RecursionError:
        raise InvalidRequest(f"expected {name!r} of few levels, got very many") from None
    if size > most:
        raise InvalidRequest(f"expected {name!r} of at most {most} bytes as JSON, got {size}")
    return value


def _context_of(arguments: Arguments) -> dict[str, Any]:
    given = arguments.get("context", {})
    return dict(_sized(given, "context", limits.PROCEDURE_CONTEXT_BYTES_MAX))


def _definition_of(arguments: Arguments) -> Any:
    return _sized(arguments.get("definition"), "definition", limits.PROCEDURE_BYTES_MAX)


def _run(arguments: Arguments, context: CallContext) -> messages.RunProcedure:
    return messages.RunProcedure(
        name=arguments["name"],
        version=arguments.get("version", ""),
        context=_context_of(arguments),
        wait_s=float(arguments.get("wait_s", WAIT_S)),
        key=context.key,
        client=context.client,
    )


def _status(arguments: Arguments, _context: CallContext) -> messages.ProcedureStatus:
    return messages.ProcedureStatus(run_id=arguments["run_id"], lines=arguments.get("limit", LINES))


def _cancel(arguments: Arguments, context: CallContext) -> messages.CancelProcedure:
    return messages.CancelProcedure(
        run_id=arguments["run_id"], note=arguments.get("note", ""), key=context.key
    )


def _signal(arguments: Arguments, context: CallContext) -> messages.SignalProcedure:
    payload = _sized(arguments.get("payload", {}), "payload", limits.PROCEDURE_CONTEXT_BYTES_MAX)
    return messages.SignalProcedure(
        run_id=arguments["run_id"], event=arguments["event"], payload=payload, key=context.key
    )


def _decision(arguments: Arguments, context: CallContext, *, approved: bool) -> Any:
    return messages.DecideProcedure(
        run_id=arguments["run_id"],
        approved=approved,
        at=arguments.get("at", ""),
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
    return messages.ListProcedures(name=arguments.get("name", ""))


def _show(arguments: Arguments, _context: CallContext) -> messages.ShowProcedure:
    return messages.ShowProcedure(name=arguments["name"], version=arguments.get("version", ""))


def _register(arguments: Arguments, context: CallContext) -> messages.Register:
    if ("definition" in arguments) == ("example" in arguments):
        raise InvalidRequest("expected 'definition' or 'example', got both or none; give one")
    return messages.Register(
        definition=_definition_of(arguments),
        example=arguments.get("example", ""),
        key=context.key,
        client=context.client,
    )


def _validate(arguments: Arguments, _context: CallContext) -> messages.Validate:
    return messages.Validate(definition=_definition_of(arguments))


def _dry_run(arguments: Arguments, _context: CallContext) -> messages.DryRun:
    if ("definition" in arguments) == ("name" in arguments):
        raise InvalidRequest("expected 'definition' or 'name', got both or none; give one")
    answers = _sized(arguments.get("answers", {}), "answers", limits.PROCEDURE_CONTEXT_BYTES_MAX)
    return messages.DryRun(
        name=arguments.get("name", ""),
        version=arguments.get("version", ""),
        definition=_definition_of(arguments),
        context=_context_of(arguments),
        answers=dict(answers),
    )


def _deactivate(arguments: Arguments, context: CallContext) -> messages.Deactivate:
    return messages.Deactivate(
        name=arguments["name"], version=arguments.get("version", ""), key=context.key
    )


def _runs(arguments: Arguments, _context: CallContext) -> messages.ListRuns:
    return messages.ListRuns(
        name=arguments.get("name", ""),
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

_DECIDED = _take("run_id", "at", "resolution", "note")

OPERATIONS = (
    Operation(
        name="run_procedure",
        summary="Start a run; it goes on after crashes and restarts until it ends or is undone.",
        parameters=_take("name", "version", "context", "wait_s"),
        required=("name",),
        result=_RUN,
        effect="destructive",
        worker=PROCEDURES,
        build=_run,
        deadline_s=60.0,
        example={"name": "session_wrap_up", "context": {"session_id": "today"}},
    ),
    Operation(
        name="procedure_status",
        summary="Show where a run is, what it asks, its context, journal and result.",
        parameters=_take("run_id", "limit"),
        required=("run_id",),
        result=_RUN,
        effect="read",
        idempotent=True,
        worker=PROCEDURES,
        build=_status,
        example={"run_id": "3f2a9c0d1e4b5a68"},
    ),
    Operation(
        name="list_runs",
        summary="Show runs, newest first.",
        parameters=_take("name", "status", "limit"),
        result=_object(("runs", "count")),
        effect="read",
        idempotent=True,
        worker=PROCEDURES,
        build=_runs,
        example={"status": "open"},
    ),
    Operation(
        name="cancel_procedure",
        summary="End a run and undo what it did.",
        parameters=_take("run_id", "note"),
        required=("run_id",),
        result=_RUN,
        effect="destructive",
        idempotent=True,
        worker=PROCEDURES,
        build=_cancel,
        example={"run_id": "3f2a9c0d1e4b5a68", "note": "no longer wanted"},
    ),
    Operation(
        name="signal_procedure",
        summary="Tell a run of an event; kept until the run waits for it.",
        parameters=_take("run_id", "event", "payload"),
        required=("run_id", "event"),
        result=_RUN,
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
        result=_RUN,
        effect="destructive",
        worker=PROCEDURES,
        build=_approve,
        example={"run_id": "3f2a9c0d1e4b5a68"},
    ),
    Operation(
        name="reject_procedure",
        summary="Say no to what a run asks; in a review it is undone.",
        parameters=_take("run_id", "at", "note"),
        required=("run_id",),
        result=_RUN,
        effect="destructive",
        worker=PROCEDURES,
        build=_reject,
        example={"run_id": "3f2a9c0d1e4b5a68", "note": "too early"},
    ),
    Operation(
        name="list_procedures",
        summary="Show registered procedures and shipped examples; with a name, its versions.",
        parameters=_take("name"),
        result=_object(("procedures", "count", "examples")),
        effect="read",
        idempotent=True,
        worker=PROCEDURES,
        build=_list,
        example={},
    ),
    Operation(
        name="show_procedure",
        summary="Show a definition, registered or shipped.",
        parameters=_take("name", "version"),
        required=("name",),
        result=_object(
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
        parameters=_take("definition", "example"),
        result=_object(("name", "version", "sha256", "created")),
        effect="write",
        idempotent=True,
        worker=PROCEDURES,
        build=_register,
        example={"example": "session_wrap_up"},
    ),
    Operation(
        name="validate_procedure",
        summary="Say all that is wrong with a definition.",
        parameters=_take("definition"),
        required=("definition",),
        result=_object(("valid", "problems"), "sha256"),
        effect="read",
        idempotent=True,
        worker=PROCEDURES,
        build=_validate,
        example={"definition": HELLO},
    ),
    Operation(
        name="dry_run_procedure",
        summary="Walk through without effects, with assumed or given answers.",
        parameters=_take("name", "version", "definition", "context", "answers"),
        result=_object(
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
        parameters=_take("name", "version"),
        required=("name",),
        result=_object(("deactivated",)),
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
        "Procedures: versioned state machines of tool calls, conditions, waits, parallel branches"
        " and approvals, with retries, timeouts and undoing. A run survives crashes. Read"
        " mimo://schema/orchestrate/validate_procedure for an example of a definition."
    ),
    operations=OPERATIONS,
    aliases={"run_procedure": "run_procedure", "list_procedures": "list_procedures"},
)
