"""From the record of a session to the few memories that are worth keeping of it, by rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mimo.actors.lifecycle.work import Stage, Work, commit, new_key
from mimo.actors.memory.building import without_secrets
from mimo.actors.memory.presentation import iso_time
from mimo.storage import sessions
from mimo.storage.records import NewMemory
from mimo.storage.sessions import Call, Session
from mimo.storage.sessions_briefing import contents
from mimo.storage.sessions_curating import KeepSession, Kept

#: Calls of one session that are looked at, and sessions in one run.
CALLS_MAX: Final = 2_000
SESSIONS_AT_ONCE: Final = 20
#: Most things that one sentence names, and the characters of each.
NAMED_MAX: Final = 5
NAMED_CHARS: Final = 100
#: Errors that say nothing of the call: another try is no lesson.
PASSING: Final = frozenset(
    {"busy", "unavailable", "deadline_exceeded", "rate_limited", "cancelled", "internal"}
)
#: Operations whose first success after a failure was merely another question.
_STORING: Final = frozenset({"store", "store_many", "ingest"})
_CHANGING: Final = {
    "update": "changed",
    "supersede": "superseded",
    "delete": "deleted",
    "restore": "restored",
    "teach": "taught",
}
_PLACES: Final = ("path", "url", "source")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A memory that a session comes to.

    Args:
        content: What it says.
        importance: 0 to 1.
        calls: The calls that it is made from.
        cites: The memories that it speaks of.
    """

    content: str
    importance: float
    calls: tuple[int, ...]
    cites: tuple[int, ...] = ()


def drafts_of(session: Session, calls: Sequence[Call], texts: Mapping[int, str]) -> list[Draft]:
    """Return what a session's calls are worth keeping, nothing for mere reading.

    Args:
        session: Whose.
        calls: In their order.
        texts: Beginnings of the memories that they were about, by id; of deleted ones nothing.
    """
    head = f"{session.client or 'A client'} on {iso_time(session.started_at_s)[:10]}"
    if session.project:
        head += f" in project {session.project}"
    parts = (_done(head, calls, texts), _missed(head, calls), _mended(head, calls))
    return [each for each in parts if each is not None]


def summary_of(calls: Sequence[Call], texts: Mapping[int, str]) -> str:
    """Return in one sentence what calls did; "" if there is nothing to tell."""
    told = [*_deeds(calls, texts), *_asked(calls)]
    return "; ".join(told)


def ids_of(calls: Sequence[Call]) -> tuple[int, ...]:
    """Return the memories that a summary may name, the latest first."""
    named = [
        each
        for call in reversed(calls)
        if call.outcome == "ok" and (call.operation in _STORING or call.operation in _CHANGING)
        for each in call.memory_ids
    ]
    return tuple(dict.fromkeys(named))[: NAMED_MAX * 8]


# -- Parts ------------------------------------------------------------------------------------
def _done(head: str, calls: Sequence[Call], texts: Mapping[int, str]) -> Draft | None:
    """What was stored and changed, and what was read for it."""
    deeds = list(_deeds(calls, texts))
    if not deeds:
        return None
    used = [call for call in calls if _is_deed(call)]
    return Draft(
        content=f"{head}: {'; '.join(deeds)}.",
        importance=0.4,
        calls=tuple(call.id for call in used[-50:]),
        cites=tuple(each for each in ids_of(used) if each in texts)[:16],
    )


def _missed(head: str, calls: Sequence[Call]) -> Draft | None:
    """What was searched for and not found, also not later."""
    missed: dict[str, int] = {}
    for call in calls:
        if call.operation != "search" or call.outcome != "ok":
            continue
        query = str(call.arguments.get("query", ""))
        if not call.memory_ids:
            missed.setdefault(query, call.id)
        else:
            for other in [each for each in missed if _is_like(each, query)]:
                del missed[other]
    missed.pop("", None)
    if not missed:
        return None
    return Draft(
        content=f"{head} found nothing in memory about {_named(list(missed))}.",
        importance=0.3,
        calls=tuple(missed.values())[:50],
    )


def _mended(head: str, calls: Sequence[Call]) -> Draft | None:
    """Calls that failed and then succeeded otherwise."""
    told: list[str] = []
    ids: list[int] = []
    failed: dict[tuple[str, str], Call] = {}
    for call in calls:
        what = (call.tool, call.operation)
        if call.outcome != "ok":
            if call.outcome not in PASSING:
                failed[what] = call
            continue
        before = failed.pop(what, None)
        if before is not None and before.arguments != call.arguments:
            ids += [before.id, call.id]
            told.append(
                f"{call.tool} {call.operation} failed ({before.outcome}) with"
                f" {_given(before)} and then succeeded with {_given(call)}"
            )
    if not told:
        return None
    shown = "; ".join(told[:NAMED_MAX])
    return Draft(content=f"{head}: {shown}.", importance=0.4, calls=tuple(ids[:50]))


def _deeds(calls: Sequence[Call], texts: Mapping[int, str]) -> Iterator[str]:
    """Yield what was done, a part of a sentence each."""
    done = [call for call in calls if call.outcome == "ok"]
    stored = [each for call in done if call.operation in _STORING for each in call.memory_ids]
    if stored:
        kept = list(dict.fromkeys(stored))
        noun = "memory" if len(kept) == 1 else "memories"
        yield f"stored {len(kept)} {noun}{_quoted(kept, texts)}"
    for operation, verb in _CHANGING.items():
        made = [call for call in done if call.operation == operation]
        changed = list(dict.fromkeys(each for call in made for each in call.memory_ids))
        if made:
            what = f"{len(changed)} memories" if len(changed) > 1 else "one"
            yield f"{verb} {what if changed else len(made)}{_quoted(changed, texts)}"
    places = [
        str(call.arguments[name]) for call in done for name in _PLACES if call.arguments.get(name)
    ]
    if places:
        yield f"worked with {_named(list(dict.fromkeys(places)))}"


def _asked(calls: Sequence[Call]) -> Iterator[str]:
    asked = [
        str(call.arguments["query"])
        for call in calls
        if call.operation in {"search", "synthesize"} and call.arguments.get("query")
    ]
    if asked:
        yield f"searched for {_named(list(dict.fromkeys(reversed(asked))))}"


def _is_deed(call: Call) -> bool:
    return call.outcome == "ok" and (
        call.operation in _STORING
        or call.operation in _CHANGING
        or any(call.arguments.get(name) for name in _PLACES)
    )


def _is_like(first: str, second: str) -> bool:
    one, other = set(first.casefold().split()), set(second.casefold().split())
    return 2 * len(one & other) >= min(len(one), len(other)) > 0


def _quoted(ids: Sequence[int], texts: Mapping[int, str]) -> str:
    known = [texts[each] for each in reversed(ids) if each in texts]
    return f": {_named(known)}" if known else ""


def _named(names: Sequence[str]) -> str:
    shown = [f'"{_cut(each)}"' for each in names[:NAMED_MAX]]
    more = f" and {len(names) - NAMED_MAX} more" if len(names) > NAMED_MAX else ""
    return ", ".join(shown) + more


def _given(call: Call) -> str:
    given = {name: value for name, value in call.arguments.items() if name != "project"}
    return _cut(", ".join(f"{name} {value}" for name, value in given.items())) or "no arguments"


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= NAMED_CHARS else f"{line[: NAMED_CHARS - 1]}…"


# -- Work -------------------------------------------------------------------------------------
def curation(work: Work) -> Stage:
    """Keep what finished sessions brought; each session is one commit, so nothing is lost."""
    done = yield from curate(work, session=0, dry_run=False)
    return {"sessions": done["count"], "memories": done["created_count"]}


def curate(work: Work, *, session: int, dry_run: bool) -> Stage:
    """Keep, or only show, what sessions brought.

    Args:
        work: The run.
        session: Only this one, also if it isn't over; 0 for all that are.
        dry_run: Whether nothing is to be written.
    """
    now_s = work.clock.wall_s()
    found = sessions.get(work.db, session) if session else None
    chosen = [found] if found else []
    if not session:
        chosen = sessions.finished(work.db, now_s, SESSIONS_AT_ONCE)
        if not dry_run:
            yield from commit(sessions.TendSessions(key=new_key("tend")))
    shown: list[dict[str, Any]] = []
    created = 0
    for one in chosen:
        if work.must_end:
            break
        calls = sessions.calls_of(work.db, one.id, CALLS_MAX, only_new=True)
        ids = ids_of(calls)
        texts = contents(work.db, ids, NAMED_CHARS * 2)
        kept = [_kept(one, draft) for draft in drafts_of(one, calls, texts)]
        entry: dict[str, Any] = {
            "session_id": one.name,
            "contents": [each.memory.content for each in kept],
            "memory_ids": [],
        }
        if not dry_run:
            summary = without_secrets(NewMemory(content=summary_of(calls, texts) or "-")).content
            edit = KeepSession(
                session=one.id,
                upto=calls[-1].id if calls else 0,
                kept=tuple(kept),
                summary="" if summary == "-" else summary,
                key=new_key("curate"),
            )
            done: dict[str, Any] = yield from commit(edit)
            entry["memory_ids"] = done["memory_ids"]
            created += done["created"]
        shown.append(entry)
        yield None
    return {"curated": shown, "count": len(shown), "created_count": created, "dry_run": dry_run}


def _kept(session: Session, draft: Draft) -> Kept:
    memory = NewMemory(
        content=draft.content,
        category="episode",
        importance=draft.importance,
        tags=("session",),
        project=session.project,
        session_id=session.name,
        occurred_at_s=session.last_at_s,
        source="mimo curation",
        trust="tool",
        metadata={"calls": list(draft.calls[:20])},
    )
    return Kept(without_secrets(memory), draft.calls, draft.cites)
