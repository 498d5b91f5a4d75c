"""A briefing: what happened last time and what matters now, within a budget of tokens."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from mimo.actors.lifecycle.curation import CALLS_MAX, NAMED_CHARS, ids_of, summary_of
from mimo.actors.lifecycle.session_messages import Briefing
from mimo.actors.memory.presentation import iso_time
from mimo.storage import sessions, sessions_briefing
from mimo.storage.connection import Database
from mimo.storage.sessions import Session
from mimo.storage.sessions_briefing import SECTIONS, Clash, Reminder

#: Tokens of English text are about this many characters. Source: usual for BPE vocabularies.
CHARS_A_TOKEN: Final = 4
#: What a memory costs besides its text: id, date, category, tags.
HEAD_CHARS: Final = 110
#: Longest text of one memory, in characters, and most memories of a section.
TEXT_CHARS: Final = 320
SECTION_MAX: Final = 12
CLASHES_MAX: Final = 3
#: Sessions among which the last one with something to tell is looked for.
_LOOKED_AT: Final = 10


def briefing(db: Database, request: Briefing, now_s: float) -> dict[str, Any]:
    """Return the briefing, and how many tokens it takes, by estimate.

    Sections take turns, so a small budget holds the first of each; a memory stands in one only.

    Args:
        db: Where to read.
        request: For whom.
        now_s: The present, wall seconds UTC.

    Raises:
        MimoError: The database can't be read; see `storage.faults`.
    """
    left = request.max_tokens * CHARS_A_TOKEN
    last = _last_session(db, request, now_s)
    left -= _cost(last)
    pairs = []
    for clash in sessions_briefing.clashes(db, project=request.project, limit=CLASHES_MAX):
        pair = _pair(clash)
        if _cost(pair) <= left // 2:
            pairs.append(pair)
            left -= _cost(pair)
    found = {
        name: sessions_briefing.section(
            db, name, now_s=now_s, project=request.project, limit=SECTION_MAX
        )
        for name in SECTIONS
    }
    memories, left_off = chosen(found, left)
    used = sum(_cost_of(str(each["content"])) for each in memories)
    tokens = (request.max_tokens * CHARS_A_TOKEN - left + used) // CHARS_A_TOKEN
    return {
        "memories": memories,
        "count": len(memories),
        "last_session": last,
        "pairs": pairs,
        "left_off": left_off,
        "tokens": max(tokens, 0),
    }


def chosen(found: dict[str, list[Reminder]], budget_chars: int) -> tuple[list[dict[str, Any]], int]:
    """Return memories that fit, a section at a time in turns, and how many were left off.

    Args:
        found: Memories by section, the first ones first.
        budget_chars: What they may cost together.
    """
    shown: list[dict[str, Any]] = []
    known: set[int] = set()
    left_off = 0
    for name, reminder in _in_turns(found):
        if reminder.memory_id in known:
            continue
        known.add(reminder.memory_id)
        text = _cut(reminder.content, TEXT_CHARS)
        if _cost_of(text) > budget_chars:
            left_off += 1
            continue
        budget_chars -= _cost_of(text)
        shown.append(_reminder(name, reminder, text))
    order = list(found)
    return sorted(shown, key=lambda each: order.index(str(each["why"]))), left_off


def session_json(session: Session, now_s: float) -> dict[str, Any]:
    """Return a session as JSON values."""
    return {
        "session_id": session.name,
        "client": session.client,
        "project": session.project,
        "state": session.state_at(now_s),
        "started_at": iso_time(session.started_at_s),
        "last_at": iso_time(session.last_at_s),
        "calls": session.calls,
        "failures": session.failures,
        "resumed": session.resumed,
        "summary": session.summary,
    }


def told(db: Database, session: Session) -> str:
    """Return what a session brought: its summary, or what its calls say before it has one."""
    if session.summary and session.curated_at_s is not None:
        return session.summary
    calls = sessions.calls_of(db, session.id, CALLS_MAX)
    texts = sessions_briefing.contents(db, ids_of(calls), NAMED_CHARS * 2)
    return summary_of(calls, texts)


def _last_session(db: Database, request: Briefing, now_s: float) -> dict[str, Any]:
    """Return the last session of others, or of this client before this one, that did anything."""
    for session in sessions.newest(db, _LOOKED_AT, project=request.project):
        if session.connection == request.connection:
            continue
        summary = told(db, session)
        if summary:
            most = request.max_tokens * CHARS_A_TOKEN // 2
            shown = session_json(session, now_s)
            return {**shown, "summary": _cut(summary, max(most - HEAD_CHARS * 2, 80))}
    return {}


def _in_turns(found: dict[str, list[Reminder]]) -> Iterator[tuple[str, Reminder]]:
    longest = max((len(each) for each in found.values()), default=0)
    for place in range(longest):
        for name, reminders in found.items():
            if place < len(reminders):
                yield name, reminders[place]


def _reminder(name: str, reminder: Reminder, text: str) -> dict[str, Any]:
    return {
        "memory_id": reminder.memory_id,
        "content": text,
        "category": reminder.category,
        "importance": round(reminder.importance, 4),
        "tags": _strings(json.loads(reminder.tags)),
        "project": reminder.project,
        "speaker": reminder.speaker,
        "session_id": reminder.session_id,
        "occurred_at": iso_time(reminder.occurred_at_s),
        "source": reminder.source,
        "trust": reminder.trust,
        "why": name,
    }


def _pair(clash: Clash) -> dict[str, Any]:
    return {
        "newer_id": clash.newer_id,
        "older_id": clash.older_id,
        "newer": _cut(clash.newer, TEXT_CHARS // 2),
        "older": _cut(clash.older, TEXT_CHARS // 2),
        "why": clash.why,
    }


def _strings(values: Iterable[object]) -> Sequence[str]:
    return sorted(str(each) for each in values)


def _cost(shown: dict[str, Any]) -> int:
    return len(json.dumps(shown, ensure_ascii=False)) if shown else 0


def _cost_of(text: str) -> int:
    return HEAD_CHARS + len(text)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
