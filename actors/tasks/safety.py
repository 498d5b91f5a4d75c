"""What would become of a task, told before anything is queued."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mimo.actors.operations import Operation
from mimo.actors.tasks import policy
from mimo.actors.tasks.messages import CheckSafety
from mimo.actors.workspace.places import workspace
from mimo.config.errors import MimoError
from mimo.config.settings import Settings

#: From harmless to forbidden.
VERDICTS = ("allow", "confirm", "refuse")


def checked(
    request: CheckSafety, operations: Mapping[tuple[str, str], Operation], settings: Settings
) -> dict[str, Any]:
    """Return the strictest verdict on what was asked about, and the reasons of all."""
    found = list(_judged(request, operations, settings))
    verdict = max((each for each, _ in found), key=VERDICTS.index, default="allow")
    reasons = [reason for _, reason in found]
    said = {
        "allow": "it would run by itself",
        "confirm": "it would ask your user first",
        "refuse": "it would be refused",
    }
    return {
        "safe": verdict == "allow",
        "verdict": verdict,
        "reasons": reasons,
        "message": said[verdict],
    }


def _judged(
    request: CheckSafety, operations: Mapping[tuple[str, str], Operation], settings: Settings
) -> Iterator[tuple[str, str]]:
    if request.command:
        yield _of_command(request.command, settings)
    if request.path:
        yield from _of_path(request.path, settings)
    if request.call:
        yield _of_call(request.call, operations, settings)
    words = policy.drastic(request.description)
    if words:
        yield "confirm", f"the description says {words!r}"


def _of_command(command: str, settings: Settings) -> tuple[str, str]:
    try:
        question = policy.command_question(command, {}, settings)
    except MimoError as error:
        return "refuse", error.message
    return ("confirm", question) if question else ("allow", "the terminal runs it unasked")


def _of_path(path: str, settings: Settings) -> Iterator[tuple[str, str]]:
    try:
        workspace(settings).resolve(path, must_exist=False)
    except MimoError as error:
        yield "refuse", error.message


def _of_call(
    call: str, operations: Mapping[tuple[str, str], Operation], settings: Settings
) -> tuple[str, str]:
    tool, _, name = call.partition(".")
    found = operations.get((tool, name))
    if found is None or found.unavailable:
        why = found.unavailable if found else "no such operation is offered"
        return "refuse", f"{call[:80]}: {why}"
    if found.effect in settings.tasks.ask:
        return "confirm", f"{call} is {found.effect}"
    return "allow", f"{call} is {found.effect}"
