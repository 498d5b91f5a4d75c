"""How memories fade, are archived and are condensed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mimo.actors.lifecycle import messages as lm
from mimo.actors.memory.cleaning import name_of
from mimo.actors.memory.parameters import take
from mimo.actors.memory.results import DECAYED, PREVIEWED, PROTECTED, RECOVERED, RUN, RUNS
from mimo.actors.operations import CallContext, Operation
from mimo.actors.storage.messages import Commit
from mimo.storage.lifecycle_archive import Recover
from mimo.storage.lifecycle_edits import Protect

Arguments = Mapping[str, Any]

LIFECYCLE_WORKER = ("memory/lifecycle",)
WRITER = ("storage/writer",)


def _decay_check(arguments: Arguments, _context: CallContext) -> lm.DecayCheck:
    project = arguments.get("project")
    return lm.DecayCheck(
        memory_id=arguments.get("memory_id", 0),
        limit=arguments.get("limit", 10),
        project=None if project is None else name_of(project, "project"),
    )


def _preview(arguments: Arguments, _context: CallContext) -> lm.ForgettingPreview:
    return lm.ForgettingPreview(limit=arguments.get("limit", 10))


def _forget(arguments: Arguments, context: CallContext) -> lm.Forget | lm.ForgettingPreview:
    return _preview(arguments, context) if arguments.get("dry_run") else lm.Forget()


def _protection(*, protected: bool) -> Any:
    def build(arguments: Arguments, context: CallContext) -> Commit:
        command = Protect(memory_id=arguments["memory_id"], protected=protected, key=context.key)
        return Commit(command=command, as_result=True)

    return build


def _recover(arguments: Arguments, context: CallContext) -> Commit:
    command = Recover(memory_id=arguments["memory_id"], key=context.key)
    return Commit(command=command, as_result=True)


def _consolidate(_arguments: Arguments, _context: CallContext) -> lm.Consolidate:
    return lm.Consolidate()


def _sleep(arguments: Arguments, _context: CallContext) -> lm.Sleep:
    return lm.Sleep(action=arguments.get("action", "run"))


def _sleep_report(arguments: Arguments, _context: CallContext) -> lm.SleepReport:
    return lm.SleepReport(run_id=arguments.get("run_id", 0), limit=arguments.get("limit", 10))


LIFECYCLE: tuple[Operation, ...] = (
    Operation(
        name="decay_check",
        summary="How far they faded; one memory, or the weakest, and when it is archived.",
        parameters=take("memory_id", "limit", "project"),
        result=DECAYED,
        effect="read",
        idempotent=True,
        worker=LIFECYCLE_WORKER,
        build=_decay_check,
        example={"limit": 5},
    ),
    Operation(
        name="forgetting_preview",
        summary="What forget would archive; nothing is changed.",
        parameters=take("limit"),
        result=PREVIEWED,
        effect="read",
        idempotent=True,
        worker=LIFECYCLE_WORKER,
        build=_preview,
        example={"limit": 5},
    ),
    Operation(
        name="forget",
        summary="Archive what has faded; never deletes, restore brings it back.",
        parameters=take("dry_run", "limit"),
        result=PREVIEWED,
        effect="write",
        worker=LIFECYCLE_WORKER,
        build=_forget,
        deadline_s=60.0,
        example={"dry_run": True},
    ),
    Operation(
        name="protect",
        summary="Never forget one; it doesn't fade.",
        parameters=take("memory_id"),
        required=("memory_id",),
        result=PROTECTED,
        effect="write",
        idempotent=True,
        worker=WRITER,
        build=_protection(protected=True),
        example={"memory_id": 1},
    ),
    Operation(
        name="unprotect",
        summary="Let it fade again.",
        parameters=take("memory_id"),
        required=("memory_id",),
        result=PROTECTED,
        effect="write",
        idempotent=True,
        worker=WRITER,
        build=_protection(protected=False),
        example={"memory_id": 1},
    ),
    Operation(
        name="recover",
        summary="Bring an archived one back; also out of the archive's files.",
        parameters=take("memory_id"),
        required=("memory_id",),
        result=RECOVERED,
        effect="write",
        worker=WRITER,
        build=_recover,
        example={"memory_id": 1},
    ),
    Operation(
        name="consolidate",
        summary="Store the notes worth it; important, repeated or read often.",
        parameters={},
        result=RUN,
        effect="write",
        worker=LIFECYCLE_WORKER,
        build=_consolidate,
        deadline_s=60.0,
        example={},
    ),
    Operation(
        name="sleep",
        summary="Run the sleep cycle; or pause or resume the automatic one.",
        parameters=take("action"),
        result=RUN,
        effect="write",
        worker=LIFECYCLE_WORKER,
        build=_sleep,
        deadline_s=60.0,
        example={"action": "run"},
    ),
    Operation(
        name="sleep_report",
        summary="What cycles did; stage by stage, of one run also every action.",
        parameters=take("run_id", "limit"),
        result=RUNS,
        effect="read",
        idempotent=True,
        worker=LIFECYCLE_WORKER,
        build=_sleep_report,
        example={"limit": 3},
    ),
)
