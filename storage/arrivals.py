"""What happens when a memory arrives: it is compared with those like it before it is stored.

Only what says the same in the same words is not stored again. All else is stored, linked with what
it is like, and reported; it takes another's place only if the caller asked for that.
"""

from __future__ import annotations

from typing import Final

import apsw

from mimo.storage import links, memory_writes, neighbours, revisions
from mimo.storage.checks import check_memory
from mimo.storage.commands import Finding, Neighbour, Stored, StoreMemories, Transaction
from mimo.storage.memories import fetch
from mimo.storage.records import NewMemory

#: Most findings that are linked and reported, and the characters of each content.
FINDINGS_MAX: Final = 5
SHOWN_CHARS: Final = 160
#: Which link stands for a finding.
LINK_OF: Final = {
    "redundant": "similar",
    "update": "possible_update",
    "correction": "possible_update",
    "refinement": "possible_update",
    "contradiction": "contradicts",
    "similar": "similar",
}
#: As what a new memory supersedes the one that a finding names, if the caller wants that.
_SUPERSEDES_AS: Final = {
    "redundant": "merge",
    "update": "update",
    "correction": "correction",
    "refinement": "refinement",
    "contradiction": "update",
}
# In which an arrival and a memory of the same words must agree to be one.
_SAME_FIELDS: Final = (
    *("category", "session_id", "source", "trust"),
    *("valid_from_s", "valid_until_s", "metadata"),
)


def store(transaction: Transaction, command: StoreMemories) -> tuple[Stored, ...]:
    """Store memories and say of each how it stands to those that are there.

    Raises:
        InvalidRequest: One isn't as `NewMemory` demands.
        NotFound: One that is to be superseded isn't there.
        Conflict: One that is to be superseded has lost its place already.
    """
    outcomes = [_store_one(transaction, memory, command) for memory in command.memories]
    if command.supersedes and outcomes:
        outcomes[0] = _take_places(transaction, outcomes[0], command.supersedes)
    return tuple(outcomes)


def _store_one(transaction: Transaction, memory: NewMemory, command: StoreMemories) -> Stored:
    link, now_s, judge = transaction.link, transaction.now_s, transaction.judge
    check_memory(memory)
    known = memory_writes.find_same(link, memory, now_s)
    if known is not None:
        return known
    if judge is None or command.on_similar == "ignore":
        return memory_writes.insert(link, memory, now_s)
    near = neighbours.near(link, judge.telling(memory.content), memory.project, memory.speaker)
    findings = judge.findings(memory.content, near)[:FINDINGS_MAX] if near else []
    for finding in findings:
        if _is_repeated(link, finding, memory, now_s):
            there = fetch(link, finding.memory_id)
            shown = _shown([finding], near)
            return Stored(there.id, there.uid, created=False, decision="redundant", similar=shown)
    stored = memory_writes.insert(link, memory, now_s)
    connect(link, stored.id, findings, now_s)
    if not findings:
        return stored
    stored = stored._replace(decision=decision_of(findings), similar=_shown(findings, near))
    if command.on_similar == "supersede":
        return _supersede_closest(transaction, stored, findings)
    return stored


def decision_of(findings: list[Finding]) -> str:
    """Return how a memory stands to those there: `new` if it is no more than similar to them."""
    return next((one.kind for one in findings if one.kind != "similar"), "new")


def connect(link: apsw.Connection, memory_id: int, findings: list[Finding], now_s: float) -> None:
    """Link a memory with what was found to be like it; in the caller's transaction."""
    for finding in findings:
        links.put(
            link,
            links.MemoryLink(
                source_id=memory_id,
                target_id=finding.memory_id,
                kind=LINK_OF[finding.kind],
                weight=min(max(finding.score, 0.0), 1.0),
                note=f"{finding.kind}: {finding.why}" if finding.why else finding.kind,
            ),
            now_s,
        )


def _supersede_closest(transaction: Transaction, stored: Stored, findings: list[Finding]) -> Stored:
    for finding in findings:
        kind = _SUPERSEDES_AS.get(finding.kind)
        if kind is not None:
            transaction.next_seq()
            revisions.supersede(
                transaction.link,
                finding.memory_id,
                stored.id,
                kind=kind,
                reason=f"on_similar: {finding.why}",
                now_s=transaction.now_s,
            )
            return stored._replace(superseded=(finding.memory_id,))
    return stored


def _take_places(transaction: Transaction, stored: Stored, old_ids: tuple[int, ...]) -> Stored:
    kinds = {memory_id: kind for memory_id, kind, *_ in stored.similar}
    for old_id in dict.fromkeys(old_ids):
        if old_id == stored.id or old_id in stored.superseded:
            continue
        transaction.next_seq()
        revisions.supersede(
            transaction.link,
            old_id,
            stored.id,
            kind=_SUPERSEDES_AS.get(kinds.get(old_id, ""), "update"),
            reason="",
            now_s=transaction.now_s,
        )
    taken = tuple(dict.fromkeys((*stored.superseded, *old_ids)))
    return stored._replace(superseded=tuple(one for one in taken if one != stored.id))


def _is_repeated(link: apsw.Connection, finding: Finding, memory: NewMemory, now_s: float) -> bool:
    """Reinforce the memory that the arrival repeats in all but articles; False if it doesn't.

    All else must agree, and when it happened, if the arrival says when.
    """
    if not finding.is_certain:
        return False
    there = fetch(link, finding.memory_id)
    return (
        all(getattr(there, name) == getattr(memory, name) for name in _SAME_FIELDS)
        and there.speaker.casefold() == memory.speaker.casefold()
        and memory.occurred_at_s in (None, there.occurred_at_s)
        and memory_writes.reinforce(link, finding.memory_id, memory, now_s)
    )


def _shown(
    findings: list[Finding], near: list[Neighbour]
) -> tuple[tuple[int, str, float, str, str], ...]:
    contents = {one.id: one.content[:SHOWN_CHARS] for one in near}
    return tuple(
        (one.memory_id, one.kind, one.score, one.why, contents[one.memory_id]) for one in findings
    )
