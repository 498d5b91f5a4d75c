"""Long work as generators: a stage yields what it asks of other actors and gets the answers.

So the same stage runs in the actor, a slice at a time between its messages, and in a test, against
a real database and a manual clock.
"""

from __future__ import annotations

import uuid
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from mimo.actors.lifecycle.decay import ActiveDays
from mimo.actors.storage.messages import Commit
from mimo.config.clock import Clock
from mimo.config.settings import Settings
from mimo.storage import lifecycle
from mimo.storage.commands import Edit
from mimo.storage.connection import Database

WRITER = "storage/writer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a stage wants answered: the value comes back, a failure is raised.

    Args:
        target: Name of the actor.
        request: The message.
        timeout_s: Seconds until it counts as failed.
        is_cast: Whether no answer is wanted.
    """

    target: str
    request: Any
    timeout_s: float = 30.0
    is_cast: bool = False


#: What a stage yields; None lets other messages be handled first.
Step = Ask | None
#: A piece of work; it returns its report in figures.
Stage = Generator[Step, Any, dict[str, Any]]


@dataclass(slots=True, kw_only=True)
class Work:
    """What a run works with.

    Args:
        db: A reader's connection.
        clock: Dates and measures.
        settings: The node's.
        run_id: Under which its actions are noted; 0 before it began.
        cause: idle, asked, exit or use.
        is_up: Actors that are known to serve.
        began_s: When it began, monotonic seconds.
        is_wanted: False once somebody calls: what isn't urgent ends.
    """

    db: Database
    clock: Clock
    settings: Settings
    run_id: int = 0
    cause: str = "asked"
    is_up: frozenset[str] = frozenset()
    began_s: float = 0.0
    is_wanted: bool = True

    @property
    def must_end(self) -> bool:
        """Whether the rest is left to the next run; one that was asked for ends by itself."""
        if self.cause == "asked":
            return False
        budget_s = self.settings.lifecycle.budget_s
        return not self.is_wanted or self.clock.monotonic_s() - self.began_s > budget_s

    def active_days(self) -> ActiveDays:
        """Return the days on which the assistant was used; today is one of them."""
        with self.db.snapshot() as link:
            days = lifecycle.active_days(link)
        return ActiveDays(days)


def new_key(kind: str) -> str:
    """Return an idempotency key that nobody else has: a resent edit has its effect once."""
    return f"lifecycle:{kind}:{uuid.uuid4().hex}"


def commit(command: Edit) -> Generator[Step, Any, Any]:
    """Have the writer do an edit and return what it returned."""
    value = yield Ask(target=WRITER, request=Commit(command=command))
    return value
