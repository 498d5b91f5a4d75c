"""The report of what can't both be so: pairs that were found, and what a text would contradict."""

from __future__ import annotations

from typing import Any

from mimo.actors.memory.messages import Contradictions
from mimo.actors.memory.novelty import NoveltyJudge
from mimo.actors.memory.presentation import iso_time, memory_json
from mimo.actors.operations import Result
from mimo.storage import contradictions, neighbours, search
from mimo.storage.connection import Database
from mimo.storage.search import Link

_JUDGE = NoveltyJudge()


def report(db: Database, request: Contradictions) -> Result:
    """Return the pairs that wait for a decision, newest first.

    With `content`, return instead how that text stands to what is there, without storing it.

    Raises:
        MimoError: See `storage.faults`.
    """
    with db.snapshot() as link:
        if request.content:
            return Result(data=_of_text(link, request.content, request.project or ""))
        pairs, total = contradictions.pairs(
            link, project=request.project, memory_id=request.memory_id, limit=request.limit
        )
        ids = {one for pair in pairs for one in (pair.newer_id, pair.older_id)}
        memories = search.loaded(link, ids)
    shown = [
        {
            "kind": pair.kind,
            "why": pair.why,
            "score": round(pair.score, 3),
            "found_at": iso_time(pair.found_at_s),
            "newer": memory_json(memories[pair.newer_id]),
            "older": memory_json(memories[pair.older_id]),
        }
        for pair in pairs
    ]
    return Result(data={"pairs": shown, "count": len(shown), "total": total})


def _of_text(link: Link, content: str, project: str) -> dict[str, Any]:
    near = neighbours.near(link, _JUDGE.telling(content), project)
    found = [one for one in _JUDGE.findings(content, near) if one.kind != "similar"]
    memories = search.loaded(link, [one.memory_id for one in found])
    shown = [
        {
            "kind": one.kind,
            "why": one.why,
            "score": one.score,
            "older": memory_json(memories[one.memory_id]),
        }
        for one in found
    ]
    return {"pairs": shown, "count": len(shown), "total": len(shown)}
