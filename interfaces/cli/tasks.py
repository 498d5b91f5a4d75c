"""Commands about tasks that run by themselves, and about what waits for the user's word."""

from __future__ import annotations

from typing import Any, Literal

import click

from mimo.actors.procedures.messages import DecideProcedure
from mimo.actors.procedures.presentation import run_json
from mimo.actors.tasks.messages import DecideTask
from mimo.actors.tasks.presentation import question_json
from mimo.config.errors import NotFound
from mimo.interfaces.cli import output, wire
from mimo.interfaces.cli.options import PlacedGroup, json_option, pass_place
from mimo.interfaces.cli.place import Place
from mimo.storage import procedure_reads, task_reads
from mimo.storage.database import Database, open_reader

#: How long one answer may take, in seconds.
ANSWER_S = 30.0
#: Most questions in a list.
LISTED_MAX = 100
TASKS = "tools/tasks"
PROCEDURES = "knowledge/procedures"


def _ask(place: Place, operation: str, **arguments: Any) -> dict[str, Any]:
    """Call an operation of `autonomous` on the running node.

    Raises:
        MimoError: It was refused, or there is no node.
    """
    given = {name: value for name, value in arguments.items() if value not in (None, "")}
    with wire.session(place.paths, ANSWER_S) as session:
        result = session.request(
            "tools/call", {"name": "autonomous", "arguments": {"operation": operation, **given}}
        )
    error = wire.failure_of(result)
    if error is not None:
        raise error
    found: dict[str, Any] = result.get("structuredContent", {})
    return found


# -- Tasks -----------------------------------------------------------------------------------------
@click.group(cls=PlacedGroup)
def tasks() -> None:
    """Show and steer the tasks that run by themselves; the node must run."""


@tasks.command("list")
@click.option("--status", default="", help="Such as running, needs_review, failed, all.")
@click.option("--limit", default=20, show_default=True)
@json_option
@pass_place
def list_(place: Place, status: str, limit: int, *, as_json: bool) -> None:
    """List tasks, newest first; by default those that are open."""
    found = _ask(place, "list_queue", status=status, limit=limit)
    if as_json:
        output.show_json(found)
        return
    columns = ("task", "status", "#priority", "#tries", "call", "what it is for")
    rows = [
        tuple(one[name] for name in ("id", "status", "priority", "attempts", "call", "description"))
        for one in found["tasks"]
    ]
    output.show_table(columns, rows)


@tasks.command()
@json_option
@pass_place
def status(place: Place, *, as_json: bool) -> None:
    """Tell how the queue stands."""
    found = _ask(place, "status")
    if as_json:
        output.show_json(found)
    else:
        output.say(f"{found['status']}: {found['message']}")
        for name, one in found["circuit_breaker"]["details"].items():
            output.say(f"{name}: {one['state']}, {one['bad']} of {one['outcomes']} failed")


@tasks.command()
@click.argument("task_id", metavar="TASK")
@json_option
@pass_place
def show(place: Place, task_id: str, *, as_json: bool) -> int:
    """Show TASK with its journal. Exit code 1: it didn't succeed."""
    return _show(_ask(place, "task_status", task_id=task_id, limit=100), as_json=as_json)


@tasks.command()
@click.argument("task_id", metavar="TASK")
@click.option("--note", default="", help="For the journal.")
@json_option
@pass_place
def cancel(place: Place, task_id: str, note: str, *, as_json: bool) -> None:
    """End TASK and what it has begun."""
    _show(_ask(place, "cancel", task_id=task_id, note=note), as_json=as_json)


@tasks.command()
@click.argument("task_id", metavar="[TASK]", default="")
@pass_place
def pause(place: Place, task_id: str) -> None:
    """Start no task any more, or not TASK; what runs goes on."""
    output.say(_ask(place, "pause", task_id=task_id)["status"])


@tasks.command()
@click.argument("task_id", metavar="[TASK]", default="")
@pass_place
def resume(place: Place, task_id: str) -> None:
    """Start tasks again, or TASK."""
    output.say(_ask(place, "resume", task_id=task_id)["status"])


def _show(found: dict[str, Any], *, as_json: bool) -> int:
    if as_json:
        output.show_json(found)
    else:
        output.say(f"{found['task_id']}  {found['call']}  {found['status']}")
        rows = [
            (line["number"], line["at"], line["what"], str(line.get("detail", ""))[:120])
            for line in found["journal"]
        ]
        output.show_table(("#", "at", "what", "detail"), rows)
        for name in ("asks", "error", "result"):
            if name in found:
                output.say(f"{name}: {found[name]}")
    return 1 if found["status"] in {"failed", "cancelled", "skipped", "expired"} else 0


# -- Approvals -------------------------------------------------------------------------------------
@click.group(cls=PlacedGroup)
def approvals() -> None:
    """Show and decide what tasks, plans and procedures ask you."""


@approvals.command("list")
@json_option
@pass_place
def list_approvals(place: Place, *, as_json: bool) -> None:
    """List what waits for your word, oldest first; needs no node."""
    found = _pending(place)
    if as_json:
        output.show_json({"approvals": found, "count": len(found)})
        return
    rows = [(one["id"], one["kind"], one["question"]) for one in found]
    output.show_table(("id", "kind", "question"), rows)


@approvals.command()
@click.argument("asker", metavar="ID")
@click.option("--note", default="", help="For the journal.")
@click.option("--done", is_flag=True, help="In a review: it has happened; don't repeat it.")
@pass_place
def approve(place: Place, asker: str, note: str, *, done: bool) -> None:
    """Say yes to what the task or run ID asks."""
    _decide(place, asker, note, approved=True, done=done)


@approvals.command()
@click.argument("asker", metavar="ID")
@click.option("--note", default="", help="For the journal.")
@pass_place
def deny(place: Place, asker: str, note: str) -> None:
    """Say no to what the task or run ID asks."""
    _decide(place, asker, note, approved=False, done=False)


def _pending(place: Place) -> list[dict[str, Any]]:
    if not place.paths.database.exists():
        return []
    db = open_reader(place.paths.database)
    try:
        found = [
            question_json(one) | {"id": one.task_id}
            for one in task_reads.questions(db, limit=LISTED_MAX)
        ]
        return found + _of_runs(db)
    finally:
        db.close()


def _of_runs(db: Database) -> list[dict[str, Any]]:
    return [
        {"id": run.run_id, "kind": one["kind"], "question": one["question"], "at": one["at"]}
        for run in reversed(procedure_reads.runs(db, status="open", limit=LISTED_MAX))
        for one in run_json(run, ()).get("asks", ())
    ]


def _decide(place: Place, asker: str, note: str, *, approved: bool, done: bool) -> None:
    """Pass the user's decision to whoever asks; no assistant can come this way.

    Raises:
        NotFound: Nobody of this id asks.
    """
    asked = next((one for one in _pending(place) if one["id"] == asker), None)
    if asked is None:
        raise NotFound(
            f"expected the id of something that asks, got {asker!r}; see 'mimo approvals list'"
        )
    if "task_id" in asked:
        # It may rest; a call through the bridge wakes it.
        _ask(place, "status")
        found = _send(place, TASKS, _of_task(asked, note, approved=approved, done=done))
    else:
        request = DecideProcedure(
            run_id=asker,
            approved=approved,
            at=asked["at"],
            resolution="done" if done else "repeat",
            note=note,
            key="",
            client="operator",
            is_confirmed=True,
        )
        found = _send(place, PROCEDURES, request)
    output.say(f"{asker}  {found['status']}")


def _of_task(asked: dict[str, Any], note: str, *, approved: bool, done: bool) -> DecideTask:
    decision: Literal["approve", "deny", "repeat", "done", "failed"]
    if asked["kind"] == "review":
        decision = "failed" if not approved else "done" if done else "repeat"
    else:
        decision = "approve" if approved else "deny"
    return DecideTask(
        task_id=asked["id"],
        decision=decision,
        note=note,
        by="operator",
        key="",
        is_confirmed=True,
    )


def _send(place: Place, actor: str, request: Any) -> dict[str, Any]:
    with place.actors() as client:
        answer = client.call(actor, request, timeout_s=ANSWER_S)
    found: dict[str, Any] = answer.data
    return found
