"""Stages that keep the store in order: health, links, the archive's size, old rows."""

from __future__ import annotations

from mimo.actors.lifecycle.work import WRITER, Ask, Stage, Work, commit, new_key
from mimo.actors.memory import messages as mm
from mimo.actors.storage.messages import WriterReport, WriterStatus
from mimo.config import limits
from mimo.config.errors import Corrupt
from mimo.storage import archive, lifecycle
from mimo.storage.lifecycle_archive import RemoveExported
from mimo.storage.lifecycle_edits import PruneRuns, WeakenLinks

EMBEDDER = "memory/embedder"
#: Links that say what was found by chance, so that they fade when nothing puts them again.
FADING_LINKS = ("similar", "co_access")
#: They fade when they weren't put for this long, in seconds, to this share; below the least they
#: are removed. Source: ours.
LINK_REST_S = 30 * 86_400.0
LINK_SHARE = 0.8
LINK_LEAST = 0.1


def integrity_glance(work: Work) -> Stage:
    """Look for what must not be: rows that point nowhere, memories that no word finds."""
    problems: list[str] = []
    for law in lifecycle.LAWS:
        problems += lifecycle.broken(work.db, law)
        yield None
    if problems:
        raise Corrupt("; ".join(problems))
    return {"looked_for": len(lifecycle.LAWS), "problems": 0}


def embedding_backlog(work: Work) -> Stage:
    """Wake the embedder if memories wait for their vectors."""
    waiting = lifecycle.queued(work.db)
    is_awake = EMBEDDER in work.is_up
    if waiting and is_awake:
        yield Ask(target=EMBEDDER, request=mm.Embed(), is_cast=True)
    return {"waiting": waiting, "embedder": "serves" if is_awake else "absent"}


def link_decay(work: Work) -> Stage:
    """Let links fade that nothing has put again."""
    done: dict[str, int] = yield from commit(
        WeakenLinks(
            kinds=FADING_LINKS,
            before_s=work.clock.wall_s() - LINK_REST_S,
            share=LINK_SHARE,
            least=LINK_LEAST,
            key=new_key("links"),
        )
    )
    return done


def archive_bound(work: Work) -> Stage:
    """Move the oldest archived memories beyond the limit into a file, each with all it has.

    The file is synced before the rows go: after a kill in between a memory is in both.
    """
    most = work.settings.lifecycle.archive_max
    folder = archive.folder_of(work.db.path)
    exported = 0
    while not work.must_end and (beyond := lifecycle.archived_count(work.db) - most) > 0:
        chosen = archive.oldest(work.db, min(beyond, limits.EXPORT_SLICE))
        if not chosen:
            break
        written = archive.write(work.db, folder, chosen)
        removed: int = yield from commit(
            RemoveExported(run_id=work.run_id, exported=written, key=new_key("export"))
        )
        if not removed:
            break
        exported += removed
    return {
        "archived": lifecycle.archived_count(work.db),
        "archive_max": most,
        "exported": exported,
    }


def tidying(_work: Work) -> Stage:
    """Drop reports beyond their limit, and tell how large the writer's log is."""
    pruned: dict[str, int] = yield from commit(PruneRuns(key=new_key("prune")))
    status = yield Ask(target=WRITER, request=WriterStatus())
    log = {"wal_bytes": status.wal_bytes} if isinstance(status, WriterReport) else {}
    return {"pruned_runs": pruned["runs"], "pruned_actions": pruned["actions"], **log}
