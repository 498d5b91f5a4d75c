"""Commands about procedures and their runs: what is registered, what runs, what asks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from mimo.config.errors import InvalidRequest
from mimo.interfaces.cli import output, wire
from mimo.interfaces.cli.options import PlacedGroup, json_option, pass_place
from mimo.interfaces.cli.place import Place

#: How long one answer may take, in seconds.
ANSWER_S = 60.0


def _ask(place: Place, operation: str, **arguments: Any) -> dict[str, Any]:
    """Call an operation of `orchestrate` on the running node.

    Raises:
        MimoError: It was refused, or there is no node.
    """
    given = {name: value for name, value in arguments.items() if value not in (None, "")}
    with wire.session(place.paths, ANSWER_S) as session:
        result = session.request(
            "tools/call",
            {"name": "orchestrate", "arguments": {"operation": operation, **given}},
        )
    error = wire.failure_of(result)
    if error is not None:
        raise error
    found: dict[str, Any] = result.get("structuredContent", {})
    return found


def _object(text: str, option: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise InvalidRequest(
            f"expected {option} as a JSON object, got {text[:60]!r} ({error})"
        ) from None
    if not isinstance(found, dict):
        raise InvalidRequest(f"expected {option} as a JSON object, got {text[:60]!r}")
    return found


@click.group(cls=PlacedGroup)
def procedures() -> None:
    """Show and run procedures; the node must run."""


@procedures.command("list")
@json_option
@pass_place
def list_(place: Place, *, as_json: bool) -> None:
    """List the registered procedures, and those that are shipped."""
    found = _ask(place, "list_procedures")
    if as_json:
        output.show_json(found)
        return
    known = {one["name"] for one in found["procedures"]}
    shipped = [one | {"shipped": True} for one in found["examples"] if one["name"] not in known]
    rows = [
        (one["name"], one["version"], one["states"], _kind(one), one["description"])
        for one in (*found["procedures"], *shipped)
    ]
    output.show_table(("procedure", "version", "#states", "state", "what it is for"), rows)


def _kind(one: dict[str, Any]) -> str:
    if one.get("shipped"):
        return "shipped"
    return "active" if one["active"] else "inactive"


@procedures.command()
@click.argument("name")
@click.option("--version", default="", help="Such as 1.2.0; by default the newest.")
@pass_place
def show(place: Place, name: str, version: str) -> None:
    """Print the definition of NAME as JSON."""
    output.show_json(_ask(place, "show_procedure", name=name, version=version)["definition"])


@procedures.command()
@click.argument("source", metavar="FILE|EXAMPLE")
@json_option
@pass_place
def register(place: Place, source: str, *, as_json: bool) -> None:
    """Check and keep a definition: a JSON file, or the name of a shipped one."""
    path = Path(source)
    if path.is_file():
        definition = _object(path.read_text(encoding="utf-8"), source)
        found = _ask(place, "register_procedure", definition=definition)
    else:
        found = _ask(place, "register_procedure", example=source)
    if as_json:
        output.show_json(found)
    else:
        known = "registered" if found["created"] else "known already"
        output.say(f"{found['name']} {found['version']}  {known}")


@procedures.command()
@click.argument("name")
@click.argument("values", metavar="'JSON'", default="{}")
@click.option("--version", default="", help="Such as 1.2.0; by default the newest.")
@click.option("--wait", "wait_s", default=20.0, show_default=True, metavar="SECONDS")
@json_option
@pass_place
def run(  # noqa: PLR0913  one argument for each option
    place: Place, name: str, values: str, version: str, wait_s: float, *, as_json: bool
) -> int:
    """Start a run of NAME with a context. Exit code 1: it failed."""
    found = _ask(
        place,
        "run_procedure",
        name=name,
        version=version,
        context=_object(values, "the context"),
        wait_s=wait_s,
    )
    return _show_run(found, as_json=as_json)


@procedures.command()
@click.option("--status", default="", help="Such as open, succeeded, needs_review.")
@click.option("--name", default="", help="Only runs of this procedure.")
@click.option("--limit", default=20, show_default=True)
@json_option
@pass_place
def runs(place: Place, status: str, name: str, limit: int, *, as_json: bool) -> None:
    """List runs, newest first."""
    found = _ask(place, "list_runs", status=status, name=name, limit=limit)
    if as_json:
        output.show_json(found)
        return
    rows = [
        (one["run_id"], one["name"], one["version"], one["status"], one["started_at"])
        for one in found["runs"]
    ]
    output.show_table(("run", "procedure", "version", "status", "started"), rows)


@procedures.command()
@click.argument("run_id", metavar="RUN")
@json_option
@pass_place
def status(place: Place, run_id: str, *, as_json: bool) -> int:
    """Show where RUN is, what it asks, and its journal. Exit code 1: it failed."""
    found = _ask(place, "procedure_status", run_id=run_id, limit=100)
    return _show_run(found, as_json=as_json)


@procedures.command()
@click.argument("run_id", metavar="RUN")
@click.option("--at", default="", help="The state that asks, where several do.")
@click.option("--note", default="", help="For the journal.")
@click.option("--done", is_flag=True, help="In a review: the call has happened; don't repeat it.")
@json_option
@pass_place
def approve(  # noqa: PLR0913  one argument for each option
    place: Place, run_id: str, at: str, note: str, *, done: bool, as_json: bool
) -> int:
    """Say yes to what RUN asks."""
    resolution = "done" if done else ""
    found = _ask(place, "approve_procedure", run_id=run_id, at=at, note=note, resolution=resolution)
    return _show_run(found, as_json=as_json)


@procedures.command()
@click.argument("run_id", metavar="RUN")
@click.option("--at", default="", help="The state that asks, where several do.")
@click.option("--note", default="", help="For the journal.")
@json_option
@pass_place
def reject(place: Place, run_id: str, at: str, note: str, *, as_json: bool) -> int:
    """Say no to what RUN asks; in a review it is undone."""
    found = _ask(place, "reject_procedure", run_id=run_id, at=at, note=note)
    return _show_run(found, as_json=as_json)


@procedures.command()
@click.argument("run_id", metavar="RUN")
@click.option("--note", default="", help="For the journal.")
@json_option
@pass_place
def cancel(place: Place, run_id: str, note: str, *, as_json: bool) -> int:
    """End RUN and undo what it did."""
    found = _ask(place, "cancel_procedure", run_id=run_id, note=note)
    return _show_run(found, as_json=as_json)


def _show_run(found: dict[str, Any], *, as_json: bool) -> int:
    if as_json:
        output.show_json(found)
    else:
        output.say(f"{found['run_id']}  {found['name']} {found['version']}  {found['status']}")
        rows = [
            (line["number"], line["at"], line["state"], line["what"], _brief(line.get("detail")))
            for line in found["journal"]
        ]
        output.show_table(("#", "at", "state", "what", "detail"), rows)
        for one in found.get("asks", ()):
            output.say(f"{one['at']} asks: {one['question']}")
        for name in ("result", "error"):
            if name in found:
                output.say(f"{name}: {json.dumps(found[name], ensure_ascii=False)}")
    return 1 if found["status"] in {"failed", "rolled_back"} else 0


def _brief(detail: Any) -> str:
    return "" if detail is None else json.dumps(detail, ensure_ascii=False)[:120]
