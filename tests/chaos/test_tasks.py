"""Tasks whose process is killed at random or at every step: none is lost, no effect happens twice.

Real processes that a fault point kills at each save or answer; then a whole node whose actors get
SIGKILL again and again while a graph of tasks runs.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from mimo.actors.bridge.messages import CallTool
from mimo.actors.memory.messages import Held
from mimo.actors.tasks.messages import DecideTask
from mimo.config import faultpoints
from mimo.config.errors import MimoError
from mimo.config.settings import Settings, load_settings
from mimo.storage import task_reads
from mimo.storage.database import open_reader
from mimo.supervision.specs import ChildSpec, SupervisorFlags, group
from tests.support.client import CallError, Client
from tests.support.leftovers import tables_of
from tests.support.node import Node
from tests.support.owners import HEIR, heir
from tests.support.tree import Tree, running_tree
from tests.support.waiting import eventually

TASKS = 40
#: Between two kills, in seconds: a supervisor forgives twenty in five seconds.
PACE_S = 0.3
ACTOR = "tools/tasks"
BRIDGE = "bridge/mcp_bridge"
NOTES = "memory/working_memory"
KILLED = (ACTOR, ACTOR, ACTOR, "knowledge/procedures", "memory/working_memory", "storage/writer")


def graph(seed: int, count: int = TASKS) -> list[dict[str, Any]]:
    """Return a random graph: memories are stored, notes held, plans run, each with its own text."""
    chance = random.Random(seed)
    tasks = []
    for number in range(count):
        text = f"task {seed}-{number} of a graph"
        needs = chance.sample(range(number), k=min(number, chance.randint(0, 2)))
        task: dict[str, Any] = {"name": f"t{number}", "depends_on": [f"t{one}" for one in needs]}
        kind = chance.random()
        if kind < 0.6:
            task |= {"call": "memory.store", "arguments": {"content": text}, "attempts": 20}
        elif kind < 0.8:
            # Not idempotent: what was on its way at a kill waits for a person.
            task |= {"call": "memory.hold", "arguments": {"content": text}}
        else:
            step = {"tool": "memory", "operation": "store", "args": {"content": text}}
            task |= {"plan": [{"id": "s"} | step], "attempts": 5}
        tasks.append(task)
    return tasks


def wrong(database: Path, tasks: list[dict[str, Any]], ids: list[str], notes: Counter[str]) -> Any:
    """Return what is wrong: a task that hasn't succeeded, an effect that isn't there once."""
    reader = open_reader(database)
    try:
        rows = "SELECT content, count(*) FROM memories WHERE deleted_at IS NULL GROUP BY content"
        memories: dict[str, int] = dict(reader.rows(rows))
        ended = [task_reads.task(reader, one) for one in ids]
    finally:
        reader.close()
    found = [f"{one.description}: {one.status} {one.state['error']}" for one in ended]
    found = [text for text, one in zip(found, ended, strict=True) if one.status != "succeeded"]
    for task in tasks:
        given = task.get("arguments") or task["plan"][0]["args"]
        count = (notes if task.get("call") == "memory.hold" else memories).get(given["content"], 0)
        if count != 1:
            found.append(f"{given['content']}: {count} times")
    return found


# -- At every step ---------------------------------------------------------------------------------
def tree_of(data_dir: Path, settings: Settings) -> ChildSpec:
    """Return the actors that tasks need; their supervisor forgives everything."""
    common = {"settings": settings}
    procedures = "mimo.actors.procedures.procedures.Procedures"
    return group(
        "mimo",
        SupervisorFlags(intensity=1_000_000, period_s=1.0),
        heir(data_dir),
        ChildSpec(id="storage/writer", start="mimo.actors.storage.writer.Writer", args=common),
        ChildSpec(
            id=NOTES,
            start="mimo.actors.memory.working_memory.WorkingMemory",
            args=common | {"heir": HEIR},
        ),
        ChildSpec(id="knowledge/procedures", start=procedures, args=common),
        ChildSpec(id=ACTOR, start="mimo.actors.tasks.tasks.Tasks", args=common),
        ChildSpec(id=BRIDGE, start="mimo.interfaces.mcp.bridge.Bridge", args=common),
    )


@pytest.mark.parametrize(
    "fault",
    ["tasks.before_save:crash@3", "tasks.after_save:crash@4", "tasks.after_effect:crash@2"],
)
def test_a_queue_killed_at_every_other_step_doubles_and_loses_nothing(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """Each incarnation of the actor dies at its second to fourth save, or answer."""
    settings = load_settings(
        {"data_dir": str(data_dir), "durability": "normal", "embedding.provider": "none"}
    )
    (data_dir / "run").mkdir(mode=0o700, exist_ok=True)
    (data_dir / "run" / "lock").write_text("1")
    injector = faultpoints.Injector(faultpoints.parse(fault), "1", None)
    monkeypatch.setattr(faultpoints, "_INJECTOR", injector)
    monkeypatch.setattr(faultpoints, "ARMED", True)
    tasks = graph(seed=3, count=12)
    try:
        with running_tree(tree_of(data_dir, settings), tmp_path) as tree:
            ids = [one["id"] for one in insist(tree, "queue", "q", tasks=tasks)["tasks"]]
            eventually(lambda: all_ended(tree, data_dir / "mimo.db"), within_s=100.0)
            notes = eventually(lambda: held(tree), within_s=60.0, ignoring=(MimoError,))
            restarts = tree.row(ACTOR).restarts
    finally:
        shutil.rmtree(tables_of(data_dir), ignore_errors=True)
    assert not wrong(data_dir / "mimo.db", tasks, ids, notes)
    assert restarts >= 3


def insist(tree: Tree, operation: str, key: str, **arguments: Any) -> dict[str, Any]:
    """Ask until it is answered: the same key has its effect once."""
    request = CallTool(
        tool="autonomous",
        operation=operation,
        arguments=arguments,
        key=key,
        client="test",
        connection="test",
        request_id=key,
        timeout_s=30.0,
        approved=True,
    )
    answer = eventually(
        lambda: tree.call(BRIDGE, request, timeout_s=40.0), within_s=60.0, ignoring=(MimoError,)
    )
    found: dict[str, Any] = answer.data
    return found


def all_ended(tree: Tree, database: Path) -> bool:
    """Be the person who looks before he answers; tell whether nothing is open."""
    reader = open_reader(database)
    try:
        open_now = task_reads.tasks(reader, limit=1_000)
    finally:
        reader.close()
    for one in open_now:
        if one.status == "needs_review":
            # What was interrupted too often is asked about too, though repeating it is harmless.
            content = one.spec["arguments"].get("content", "")
            decision = "done" if held(tree)[content] else "repeat"
            with contextlib.suppress(AssertionError):
                key = f"{one.task_id}:{one.state['round']}"
                insist(tree, "resolve", key, task_id=one.task_id, decision=decision)
    return not open_now


def held(tree: Tree) -> Counter[str]:
    """Return how often each note is held."""
    found = tree.call(NOTES, Held(session_id="", limit=10_000))
    return Counter(note["content"] for note in found.data["notes"])


# -- A whole node ----------------------------------------------------------------------------------
def test_a_node_whose_actors_are_killed_while_a_graph_runs_finishes_it(node: Node) -> None:
    """SIGKILL to the queue's process, to that of plans, to the writer; each effect once."""
    client = node.connect()
    chance = random.Random(5)
    tasks = graph(seed=11)
    ids: list[str] = []
    kills = 0
    for begin in range(0, TASKS, 10):
        # A name stands for a task of the same request only; others are named by their ids.
        known = {f"t{number}": one for number, one in enumerate(ids)}
        part = [
            task | {"depends_on": [known.get(one, one) for one in task["depends_on"]]}
            for task in tasks[begin : begin + 10]
        ]
        made = client.submit("queue", tool="autonomous", tasks=part).result()["tasks"]
        by_name = {one["name"]: one["id"] for one in made}
        ids += [by_name[task["name"]] for task in part]
        for _ in range(6):
            node.await_successor(node.signal(chance.choice(KILLED)))
            kills += 1
            time.sleep(PACE_S)
    eventually(lambda: node_is_done(node, client), within_s=100.0, ignoring=(CallError,))
    found: dict[str, Any] = node.ask(Held(session_id="", limit=10_000), NOTES).data
    notes = Counter(note["content"] for note in found["notes"])
    assert not wrong(node.database, tasks, ids, notes)
    assert kills >= 20


def node_is_done(node: Node, client: Client) -> bool:
    """As `all_ended`; the decision comes from the operator, as `mimo approvals` passes it on."""
    open_now = client.submit("list_queue", tool="autonomous", limit=100).result()["tasks"]
    for one in open_now:
        if one["status"] == "needs_review":
            shown = client.submit("task_status", tool="autonomous", task_id=one["id"]).result()
            found: dict[str, Any] = node.ask(Held(session_id="", limit=10_000), NOTES).data
            texts = {note["content"] for note in found["notes"]}
            is_done = shown["arguments"]["content"] in texts
            decision = DecideTask(
                task_id=one["id"],
                decision="done" if is_done else "repeat",
                note="",
                by="operator",
                key="",
                is_confirmed=True,
            )
            with contextlib.suppress(MimoError):
                node.ask(decision, ACTOR)
    return not open_now
