"""What the bridge adds to answers, and what it remembers of them, without being asked to.

Before an answer goes out only tables are looked into; what they hold is learnt afterwards, with the
record of calls.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections import OrderedDict
from typing import Any, Final

from mimo.actors.bridge.admission import CLIENTS_MAX
from mimo.actors.bridge.experience import Experience
from mimo.actors.bridge.gateway import Submission
from mimo.actors.bridge.recording import Noted
from mimo.actors.bridge.remembering import Gate, lessons_of
from mimo.actors.lifecycle.session_messages import Briefing
from mimo.actors.memory.messages import Remember
from mimo.actors.operations import Result
from mimo.config import limits
from mimo.config.errors import MimoError
from mimo.config.settings import Settings
from mimo.storage import database, usage
from mimo.storage.records import Interaction, NewMemory
from mimo.supervision.messages import Failure

#: Whose memories these are.
SOURCE: Final = "mimo auto-memory"
#: How long the briefing of a new client may take, in seconds.
BRIEFING_S: Final = 5.0
#: A client's first calls may be these; then it has its briefing already.
_BRIEFED_BY: Final = frozenset({"memory.briefing"})
#: Connections without a session of their own.
_NO_SESSION: Final = frozenset({"http", "readyz"})
#: Longest text of one reminder in a first briefing, in characters.
_REMINDER_CHARS: Final = 160


class Hindsight:
    """Notes, briefings and lessons of one bridge.

    Args:
        settings: The node's.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._experience = Experience()
        self._gate = Gate(settings.auto_memory)
        #: Connections that were or will be briefed; what is to be told to each.
        self._briefings: OrderedDict[str, str] = OrderedDict()

    def read(self, now_s: float) -> None:
        """Learn from the record what a predecessor knew; without a record, nothing.

        Args:
            now_s: Wall seconds UTC.
        """
        with contextlib.suppress(MimoError):
            db = database.open_reader(self._settings.paths.database)
            try:
                for each in usage.recent(db, limits.EXPERIENCE_READ_MAX):
                    self._experience.learn(each.label, each.project, each.outcome, each.arguments)
                for connection in usage.connections(db, now_s - limits.SESSION_RESUMED_WITHIN_S):
                    self._briefings[connection] = ""
            finally:
                db.close()

    def briefing_for(self, submission: Submission) -> Briefing | None:
        """Return what to ask for a client whose first call this is, or None."""
        connection = submission.connection
        if not self._settings.briefing.first_call or connection in self._briefings:
            return None
        if submission.arguments is None or connection in _NO_SESSION:
            return None
        self._briefings[connection] = ""
        if len(self._briefings) > CLIENTS_MAX:
            self._briefings.popitem(last=False)
        if submission.label in _BRIEFED_BY:
            return None
        project = submission.arguments.get("project")
        return Briefing(
            project=project if isinstance(project, str) else None,
            max_tokens=self._settings.briefing.max_tokens,
            connection=connection,
        )

    def briefed(self, connection: str, answer: Any) -> None:
        """Keep a briefing until the client's next answer; a failed one isn't missed."""
        if isinstance(answer, Result) and connection in self._briefings:
            self._briefings[connection] = briefing_text(answer.data)

    def left(self, connection: str) -> None:
        """Forget a connection that has ended."""
        self._briefings.pop(connection, None)

    def annotated(self, submission: Submission, value: Any) -> Any:
        """Return the answer of a client's call with what there is to add to it."""
        if submission.arguments is None:
            return value
        project = submission.arguments.get("project", "")
        note = self._experience.note(submission.label, project if isinstance(project, str) else "")
        if isinstance(value, Failure):
            return dataclasses.replace(value, message=f"{value.message}; {note}") if note else value
        briefing = self._briefings.get(submission.connection, "")
        if not isinstance(value, Result) or not (note or briefing):
            return value
        if briefing:
            self._briefings[submission.connection] = ""
        return dataclasses.replace(value, experience=note, briefing=briefing)

    def heard(self, noted: Noted, call: Interaction, now_s: float) -> list[NewMemory]:
        """Learn from a call that was recorded; return what is to be remembered of it.

        Args:
            noted: The call and its answer.
            call: What is recorded of it.
            now_s: Monotonic seconds.
        """
        mended = self._experience.learn(noted.label, call.project, call.outcome, call.arguments)
        if self._settings.tools.read_only:
            return []
        passed = [
            self._gate.passed(each, now_s) for each in lessons_of(noted, mended, call.arguments)
        ]
        return [
            NewMemory(
                content=each.content,
                category="observation",
                importance=each.importance,
                tags=("auto",),
                project=call.project,
                occurred_at_s=call.at_s,
                source=SOURCE,
                trust="web" if each.trust == "web" else "tool",
            )
            for each in passed
            if each is not None
        ]


def remember(memory: NewMemory, key: str) -> Remember:
    """Return the request to store what was learnt, once for each key."""
    return Remember(memories=(memory,), key=key, on_similar="ignore")


def briefing_text(data: dict[str, Any]) -> str:
    """Return a briefing in a few lines; "" where there is nothing to tell."""
    lines = []
    last = data.get("last_session") or {}
    if last.get("summary"):
        lines.append(f"last session ({last['client']}, {last['last_at']}): {last['summary']}")
    for each in data.get("memories", ()):
        text = " ".join(str(each["content"]).split())[:_REMINDER_CHARS]
        lines.append(f"{each['why']} [{each['memory_id']}]: {text}")
    if data.get("pairs"):
        lines.append(f"{len(data['pairs'])} contradictions; see memory briefing")
    return "\n".join(lines)
