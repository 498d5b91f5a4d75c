"""What is learnt of sessions is learnt once, whoever is killed meanwhile."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from mimo.actors.lifecycle.feedback import lessons
from mimo.storage import sessions
from mimo.storage.database import open_reader
from mimo.storage.sessions_learning import LEARNT
from tests.support.node import running_node
from tests.support.waiting import eventually

WITHIN_S = 60.0
VICTIMS = ("memory/lifecycle", "storage/writer", "bridge/mcp_bridge")


def test_killed_actors_neither_lose_nor_double_what_was_recorded(tmp_path: Path) -> None:
    with running_node(tmp_path) as node:
        recorded = 0
        with node.connect("steady") as client:
            for turn, victim in enumerate((*VICTIMS, *VICTIMS)):
                first = client.store(f"The ferry leaves at {turn} from the old quay")
                second = client.store(f"The ticket office opens at {turn} by the bridge")
                client.call("search", query=f"ferry ticket {turn}")
                client.call("get", memory_id=first)
                client.call("get", memory_id=second)
                # What waits in the bridge dies with it: the record is statistics.
                recorded = eventually(
                    partial(_use_after, node.database, recorded), within_s=WITHIN_S
                )
                name = client.call("sessions")["sessions"][0]["session_id"]
                waiting = [client.submit("sleep"), client.submit("curate", session_id=name)]
                node.await_successor(node.signal(victim))
                for each in waiting:
                    each.wait(WITHIN_S)
            client.call("sleep", timeout_s=WITHIN_S)
            eventually(lambda: _learnt(node.database) >= recorded, within_s=WITHIN_S)

        _check_once(node.database)


def _use_after(database: Path, known: int) -> int:
    """Return the last recorded use of the second memory of a turn, or 0 if it is known."""
    db = open_reader(database)
    try:
        uses = db.rows("SELECT id FROM interactions WHERE operation = 'get' ORDER BY id")
        found = [int(row[0]) for row in uses if row[0] > known]
        return found[-1] if len(found) == 2 else 0
    finally:
        db.close()


def _learnt(database: Path) -> int:
    db = open_reader(database)
    try:
        return sessions.mark(db, LEARNT)
    finally:
        db.close()


def _check_once(database: Path) -> None:
    db = open_reader(database)
    try:
        mark = sessions.mark(db, LEARNT)
        calls = [each for each in sessions.calls_after(db, 0, 10_000) if each.id <= mark]
        taught = lessons(calls, after=0)
        times = db.value("SELECT coalesce(sum(count), 0) FROM memory_feedback")
        assert times == len(taught.signals) > 0, "each use counts once"
        doubled = db.rows(
            "SELECT content FROM memories WHERE source = 'mimo curation' "
            "GROUP BY content HAVING count(*) > 1"
        )
        assert doubled == []
        orphans = db.value(
            "SELECT count(*) FROM interaction_memories x JOIN interactions i "
            "ON i.id = x.interaction_id WHERE i.consolidated_at IS NULL"
        )
        assert orphans == 0, "what was kept is marked in the same commit"
    finally:
        db.close()
