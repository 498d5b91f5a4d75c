"""A session of reasoning survives whoever dies: each acknowledged step is there, once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mimo.storage import reasoning
from mimo.storage.database import open_reader
from tests.support.client import Client
from tests.support.node import Node, running_node
from tests.support.waiting import eventually

WORKER = "tools/reasoning"
WITHIN_S = 60.0
VICTIMS = (WORKER, "storage/writer", WORKER, "memory/recall/1", "heirs/tools", WORKER)
SETTINGS = {"MIMO_EMBEDDING_PROVIDER": "none"}


def ask(client: Client, operation: str, **arguments: Any) -> dict[str, Any]:
    return client.submit(operation, tool="reason", **arguments).result(WITHIN_S)


def test_killed_in_mid_session_no_step_is_lost_or_doubled(tmp_path: Path) -> None:
    with running_node(tmp_path, SETTINGS) as node, node.connect("steady") as client:
        session = ask(client, "guided", problem="Which tide is next?", strategy="cot")["session_id"]
        texts = []
        for turn, victim in enumerate(VICTIMS):
            batch = [f"Tide number {turn}{place} rises by {turn} + {place}." for place in range(4)]
            waiting = [
                client.submit("step", tool="reason", session_id=session, thought=text)
                for text in batch
            ]
            node.await_successor(node.signal(victim))
            numbers = [each.result(WITHIN_S)["step_number"] for each in waiting]
            texts += batch
            assert len(set(numbers)) == len(numbers), "each step is a step of its own"
        verified = ask(client, "verify", session_id=session)
        assert verified["completeness"]["unmet"] == []
        _await_on_disk(node, session, texts)


def test_after_the_death_of_everything_a_session_goes_on(tmp_path: Path) -> None:
    with running_node(tmp_path, SETTINGS) as node, node.connect("steady") as client:
        started = ask(client, "amplify_start", problem="What if the pier burns?", level="minimal")
        session = started["session_id"]
        first = ask(client, "amplify_think", session_id=session, thought="The pier is of wood.")
        node.kill_everything()
        second = ask(client, "amplify_think", session_id=session, thought="So the pier may burn.")
        assert (first["step_number"], second["step_number"]) == (1, 2)
        assert ask(client, "amplify_conclude", session_id=session)["concluded"]
        _await_on_disk(node, session, ["The pier is of wood.", "So the pier may burn."])


def test_a_lesson_is_stored_once_whoever_is_killed_meanwhile(tmp_path: Path) -> None:
    with running_node(tmp_path, SETTINGS) as node, node.connect("steady") as client:
        session = ask(client, "guided", problem="Why does the bell ring?", strategy="reflexion")
        name = session["session_id"]
        ask(client, "step", session_id=name, thought="Hold the rope", success=False)
        waiting = client.submit("reflect", tool="reason", session_id=name, thought="Oil the hinge")
        node.await_successor(node.signal(WORKER))
        told = waiting.result(WITHIN_S)
        assert told["stored_for_future"]
        again = ask(client, "guided", problem="Why does the bell ring again?")
        past = again["initial_context"]["similar_problems"]
        assert [one["memory_id"] for one in past] == [told["memory_id"]]


def _await_on_disk(node: Node, session: str, texts: list[str]) -> None:
    def stored() -> list[str]:
        db = open_reader(node.database)
        try:
            found = reasoning.session(db, session)
            return sorted(row.content for row in found[1]) if found else []
        finally:
            db.close()

    eventually(lambda: stored() == sorted(texts), within_s=WITHIN_S)
