"""What a task may do by itself, what a person must agree to, and what is refused.

The rules for a command line and for paths are those of the tools that act: they hold again when
the task begins. This one asks early, while somebody is there to answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from mimo.actors.operations import Operation
from mimo.actors.procedures.recipes import procedure_of
from mimo.actors.tasks.messages import TaskOrder
from mimo.actors.terminal.deciding import decide
from mimo.actors.terminal.messages import Run
from mimo.actors.workspace.places import workspace
from mimo.config.errors import ApprovalRequired
from mimo.config.settings import Settings

#: Most characters of arguments in a question.
SHOWN_CHARS_MAX = 400
#: Words of wholesale destruction; a task that is described so is asked about. Source: the
#: original's list of phrases, which refused.
_DRASTIC = re.compile(
    r"\b(?:(?:delete|remove|erase|wipe|drop|destroy)\s+(?:everything|all\b|the\s+(?:whole|entire))"
    r"|destroy|nuke|obliterate|format\s+(?:the\s+)?(?:disk|drive)|wipe\s+(?:the\s+)?(?:disk|drive))",
    re.IGNORECASE,
)


def drastic(description: str) -> str:
    """Return the words of a description that speak of wholesale destruction; "" if none do."""
    found = _DRASTIC.search(description)
    return found[0] if found else ""


class Asking:
    """Tells what a person must agree to before a task begins.

    Args:
        operations: That are offered.
        settings: With the effects that are asked about, and the rules for commands.
        procedures: Returns the names of the procedures that can be run.
    """

    def __init__(
        self,
        operations: Mapping[tuple[str, str], Operation],
        settings: Settings,
        procedures: Callable[[], Sequence[str]],
    ) -> None:
        self._operations = operations
        self._settings = settings
        self._procedures = procedures

    def question(
        self, order: TaskOrder, tool: str, operation: Operation, arguments: Mapping[str, Any]
    ) -> str:
        """Return the question; "" where nothing is asked.

        Raises:
            InvalidRequest: It is a command that may not run here.
            NotAvailable: Commands can't run here.
        """
        words = drastic(order.description)
        why = f"its description says {words!r}" if words else ""
        if order.command and "{{" not in order.command:
            asked = command_question(str(arguments["command"]), arguments, self._settings)
            if asked:
                return asked
        elif order.plan:
            why = why or self._of_steps(order.plan)
        elif order.is_described_only:
            # Recipes call nothing that is asked about; a procedure may.
            name = procedure_of(order.description, self._procedures())
            why = why or (f"it names the procedure {name!r}" if name else "")
        elif not order.command and operation.effect in self._settings.tasks.ask:
            why = why or f"{tool}.{operation.name} is {operation.effect}"
        if not why:
            return ""
        shown = json.dumps(arguments, ensure_ascii=False)
        if len(shown) > SHOWN_CHARS_MAX:
            shown = shown[:SHOWN_CHARS_MAX] + "..."
        return f"May a task call {tool}.{operation.name} with {shown}? It asks since {why}."

    def _of_steps(self, steps: Iterable[Any]) -> str:
        """Return why a plan is asked about."""
        return next(filter(None, map(self._of_step, steps)), "")

    def _of_step(self, step: Any) -> str:
        if isinstance(step, list):
            return self._of_steps(step)
        if not isinstance(step, Mapping):
            return ""
        if isinstance(step.get("parallel"), list):
            return self._of_steps(step["parallel"])
        found = self._operations.get((str(step.get("tool")), str(step.get("operation"))))
        if found is None or found.effect not in self._settings.tasks.ask:
            return ""
        return f"{step['tool']}.{step['operation']} is {found.effect}"


def command_question(command: str, arguments: Mapping[str, Any], settings: Settings) -> str:
    """Return what the terminal would ask about a command; "" where it runs by itself.

    Raises:
        InvalidRequest: It may not run here.
        NotAvailable: No command can.
    """
    request = Run(
        command=command,
        cwd=str(arguments.get("cwd", "")),
        env=dict(arguments.get("env", {})),
        shell=str(arguments.get("shell", "sh")),
        timeout_s=0.0,
        stays=True,
        pty=bool(arguments.get("pty", False)),
        name="",
        key="",
        client="",
        approved=False,
    )
    try:
        decide(request, settings, workspace(settings))
    except ApprovalRequired as error:
        return error.message
    return ""
