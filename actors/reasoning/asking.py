"""What an operation needs to know before it can answer, and how it answers: the seam of handlers.

A handler is a pair of pure functions: `needs` says what is to be looked up and stored, `answer`
makes the reply, and the changed session, of what came of that. The actor does what lies between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mimo.actors.memory.messages import Contradictions, Search, Synthesize
from mimo.actors.reasoning.evidence import Hit
from mimo.actors.reasoning.session import Session
from mimo.config import limits
from mimo.config.errors import InvalidRequest
from mimo.storage.reasoning import CountTopic
from mimo.storage.records import Filters

Arguments = Mapping[str, Any]

#: On every memory that reasoning stores, so that it is found again.
TAG = "reasoning"
#: Name of the search for such memories.
PAST = "past"
#: Hits of one search unless told otherwise.
HITS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One call, as its handler sees it.

    Args:
        operation: Its name.
        arguments: Checked against the operation's schema.
        key: Idempotency key.
        client: Who calls.
        now_s: Wall seconds UTC.
        session: The one it is about, None if it is about none; needs leave it as it is.
        stats: What the database tells; empty for operations that don't ask for it.
    """

    operation: str
    arguments: Arguments
    key: str
    client: str
    now_s: float
    session: Session | None = None
    stats: Mapping[str, Any] = field(default_factory=dict)

    @property
    def about(self) -> Session:
        """Return the session that the call is about.

        Raises:
            InvalidRequest: It is about none.
        """
        if self.session is None:
            raise InvalidRequest("expected 'session_id', got none; take it from guided")
        return self.session

    def text(self, name: str) -> str:
        """Return an argument without white space around it; "" if it wasn't given."""
        return str(self.arguments.get(name, "")).strip()

    def wanted(self, name: str) -> str:
        """Return an argument that says something.

        Raises:
            InvalidRequest: It is empty.
        """
        found = self.text(name)
        if not found:
            raise InvalidRequest(f"expected {name!r} to say something, got nothing but space")
        return found

    def texts(self, name: str) -> list[str]:
        """Return a list of texts, those left out that say nothing."""
        return [text for each in self.arguments.get(name, ()) if (text := str(each).strip())]


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What is to be looked up, and stored, before the answer.

    Args:
        searches: Searches in memory, by a name of the handler's.
        facts: A text whose facts the knowledge graph is asked for; "" for none.
        project: Whose graph that is.
        conflicts: Which contradictions between memories; None for none.
        answer: A question that memory shall answer; None for none.
        memory: Arguments of memory's `store`; None to store nothing.
    """

    searches: Mapping[str, Search] = field(default_factory=dict)
    facts: str = ""
    project: str = ""
    conflicts: Contradictions | None = None
    answer: Synthesize | None = None
    memory: Mapping[str, Any] | None = None


@dataclass(slots=True, kw_only=True)
class Found:
    """What came of it.

    Args:
        hits: By the name of the search; a name is missing where the search failed.
        facts: Facts of the knowledge graph.
        conflicts: Pairs of ids of memories that contradict each other.
        answer: What memory answered; None where it wasn't asked or couldn't.
        memory_id: Of what was stored; 0 if nothing was.
        lacking: What couldn't be looked up, and why.
    """

    hits: dict[str, list[Hit]] = field(default_factory=dict)
    facts: list[dict[str, Any]] = field(default_factory=list)
    conflicts: list[tuple[int, int]] = field(default_factory=list)
    answer: dict[str, Any] | None = None
    memory_id: int = 0
    lacking: list[str] = field(default_factory=list)

    def of(self, name: str) -> list[Hit]:
        """Return what a search found."""
        return self.hits.get(name, [])


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a handler made of it.

    Args:
        data: The reply's data.
        session: The session as it is now; None if none was changed.
        topic: A topic to be counted; None for none.
    """

    data: dict[str, Any]
    session: Session | None = None
    topic: CountTopic | None = None


def _nothing(_ask: Ask) -> Needs:
    return Needs()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one operation is done.

    Args:
        answer: Makes the answer.
        needs: Says what it needs first.
        begins: Whether it begins a session where it is given none.
        counts: Whether it asks for the database's statistics.
    """

    answer: Callable[[Ask, Found], Answer]
    needs: Callable[[Ask], Needs] = _nothing
    begins: bool = False
    counts: bool = False


def look(text: str, project: str = "", *, tags: tuple[str, ...] = (), limit: int = HITS) -> Search:
    """Return a search for what has to do with a text."""
    return Search(
        query=text[: limits.QUERY_CHARS_MAX],
        filters=Filters(project=project or None, tags=tags),
        limit=limit,
        explain=True,
    )
