"""Learning from use: a memory that was found and then used was useful.

Merely being returned says nothing, or what is found often would be found ever more often.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from mimo.actors.lifecycle.hebbian import Together
from mimo.actors.lifecycle.work import Stage, Work, commit, new_key
from mimo.storage import sessions
from mimo.storage.sessions import Call
from mimo.storage.sessions_learning import LEARNT, Learn

#: Operations whose answers show memories that a client may then use.
SHOWS: Final = frozenset({"search", "synthesize", "list", "briefing"})
#: How much a use of a shown memory counts. Source: ours; only their order matters much.
USES: Final = {
    "get": 0.5,
    "history": 0.5,
    "update": 1.0,
    "supersede": 1.0,
    "protect": 1.0,
    "link_memory": 1.0,
    "store": 1.0,
}
#: What was shown may be used within this, in seconds.
USED_WITHIN_S: Final = 600.0
#: Calls looked at in one slice, and those before them that are looked at for what was shown.
SLICE: Final = 500
BEFORE: Final = 500


@dataclass(slots=True)
class Lessons:
    """What calls taught.

    Args:
        signals: Memories that were used, and how much that counts.
        pairs: Memories that were used together, the lower id first.
    """

    signals: list[tuple[int, float]] = field(default_factory=list)
    pairs: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True)
class _Session:
    """What one session has shown and used so far."""

    shown: dict[int, float] = field(default_factory=dict)
    together: Together = field(default_factory=Together)


def lessons(calls: Sequence[Call], after: int) -> Lessons:
    """Return what the calls after an id teach; those before it only tell what was shown.

    Each time that a memory is shown it can prove useful once.

    Args:
        calls: In their order.
        after: The last call that was learnt from before.
    """
    learnt = Lessons()
    seen: dict[int, _Session] = {}
    for call in calls:
        if call.outcome != "ok":
            continue
        session = seen.setdefault(call.session, _Session())
        for memory_id, weight in _uses(call):
            shown_s = session.shown.pop(memory_id, None)
            if shown_s is None or not 0 <= call.at_s - shown_s <= USED_WITHIN_S:
                continue
            pairs = session.together.use(memory_id, call.at_s)
            if call.id > after:
                learnt.pairs += pairs
                if weight:
                    learnt.signals.append((memory_id, weight))
        if call.operation in SHOWS:
            session.shown |= dict.fromkeys(call.memory_ids, call.at_s)
    return learnt


def _uses(call: Call) -> Iterator[tuple[int, float]]:
    """Yield the memories that a call uses if they were shown, and how much that counts."""
    given = call.arguments
    if call.operation == "feedback":
        # Counted already, when it was given.
        if given.get("verdict") == "helpful":
            yield from ((memory_id, 0.0) for memory_id in call.memory_ids)
        return
    weight = USES.get(call.operation)
    if weight is None:
        return
    named = [given.get(name) for name in ("memory_id", "old_id", "new_id")]
    replaced = given.get("supersedes")
    named += replaced if isinstance(replaced, list) else []
    for memory_id in named:
        if isinstance(memory_id, int):
            yield memory_id, weight


def learning(work: Work) -> Stage:
    """Learn from the calls since last time, each once, however often this is interrupted."""
    figures = {"calls": 0, "signals": 0, "pairs": 0}
    while not work.must_end:
        after = sessions.mark(work.db, LEARNT)
        calls = sessions.calls_after(work.db, max(after - BEFORE, 0), BEFORE + SLICE)
        fresh = [call for call in calls if call.id > after]
        if not fresh:
            break
        taught = lessons(calls, after)
        done: dict[str, int] = yield from commit(
            Learn(
                since=after,
                upto=fresh[-1].id,
                signals=tuple(taught.signals),
                pairs=tuple(taught.pairs),
                key=new_key("learn"),
            )
        )
        figures["calls"] += len(fresh)
        for name, value in done.items():
            figures[name] += value
        yield None
    return figures
