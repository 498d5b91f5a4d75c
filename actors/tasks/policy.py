"""What a task may do by itself, what a person must agree to, and what is refused.

The rules for a command line and for paths are those of the tools that act: they hold again when
the task begins. This one asks early, while somebody is there to answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from mimo.actors.operations import Operation
from mimo.actors.tasks.messages import TaskOrder

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


def question(  # noqa: PLR0913, PLR0917  what is judged
    order: TaskOrder,
    tool: str,
    operation: Operation,
    arguments: Mapping[str, Any],
    operations: Mapping[tuple[str, str], Operation],
    asked: Collection[str],
) -> str:
    """Return what a person must agree to before a task begins; "" nothing."""
    why = ""
    words = drastic(order.description)
    if words:
        why = f"its description says {words!r}"
    elif order.plan:
        why = _of_steps(order.plan, operations, asked)
    elif not order.command and operation.effect in asked:
        why = f"{tool}.{operation.name} is {operation.effect}"
    if not why:
        return ""
    shown = json.dumps(arguments, ensure_ascii=False)
    if len(shown) > SHOWN_CHARS_MAX:
        shown = shown[:SHOWN_CHARS_MAX] + "..."
    return f"May a task call {tool}.{operation.name} with {shown}? It asks since {why}."


def _of_steps(
    steps: Collection[Any],
    operations: Mapping[tuple[str, str], Operation],
    asked: Collection[str],
) -> str:
    """Return why a plan is asked about."""
    for step in steps:
        if isinstance(step, Mapping) and isinstance(step.get("parallel"), list):
            why = _of_steps(step["parallel"], operations, asked)
        elif isinstance(step, list):
            why = _of_steps(step, operations, asked)
        elif isinstance(step, Mapping):
            found = operations.get((str(step.get("tool")), str(step.get("operation"))))
            is_asked = found is not None and found.effect in asked
            why = (
                f"{step['tool']}.{step['operation']} is {found.effect}"
                if is_asked and found
                else ""
            )
        else:
            why = ""
        if why:
            return why
    return ""
