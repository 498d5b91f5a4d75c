"""Procedures whose process is killed at every step: each run ends once, whole or wholly undone.

First every moment of each run, simulated over a real database; then real processes that a fault
point kills at each save or answer; then a whole node whose actor gets SIGKILL again and again.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mimo.actors.bridge.messages import CallTool
from mimo.actors.memory.messages import Held
from mimo.config import faultpoints
from mimo.config.errors import MimoError
from mimo.config.settings import Settings, load_settings
from mimo.storage import procedure_reads
from mimo.storage.database import Database, open_reader
from mimo.supervision.specs import ChildSpec, SupervisorFlags, group
from tests.support.client import CallError
from tests.support.leftovers import tables_of
from tests.support.memories import quick_writer
from tests.support.node import Node
from tests.support.owners import HEIR, heir
from tests.support.procedures import (
    prepare,
    random_definition,
    register,
    run_to_its_end,
    wrong_effects,
)
from tests.support.tree import Tree, running_tree
from tests.support.waiting import eventually

RUNS = 100
#: Real processes share them: a third for each fault point.
RUNS_A_POINT = 34
#: Between two kills of a node's actor, in seconds: its supervisor forgives twenty in five seconds.
PACE_S = 0.3
ACTOR = "knowledge/procedures"
BRIDGE = "bridge/mcp_bridge"
NOTES = "memory/working_memory"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = quick_writer(tmp_path / "data" / "mimo.db")
    prepare(opened)
    yield opened
    opened.close()


def test_a_run_killed_at_each_single_moment_ends_whole_or_undone(db: Database) -> None:
    """The bar: every step of 100 random runs, before and after each save and each effect."""
    kills, ends = 0, Counter[str]()
    for number in range(RUNS):
        definition = random_definition(random.Random(number), f"random_{number}")
        procedure, row = register(db, definition)
        plain, moments, _ = run_to_its_end(db, procedure, row, f"{number}-plain", kills=iter(()))
        assert not wrong_effects(db, f"{number}-plain")
        ends[plain] += 1
        for moment in range(1, moments + 1):
            run_id = f"{number}-{moment}"
            status, _, died = run_to_its_end(db, procedure, row, run_id, kills=iter((moment,)))
            assert died == 1
            assert (status, wrong_effects(db, run_id)) == (plain, []), (number, moment)
            kills += 1
    assert ends["succeeded"] >= RUNS // 4
    assert ends["rolled_back"] >= RUNS // 8
    assert kills >= 10 * RUNS


# -- Real processes ------------------------------------------------------------------------------
def remember(label: str, to: str, **more: Any) -> dict[str, Any]:
    """Return a state that stores a memory, undone by its deletion, or holds a note for good."""
    text = f"{{{{ run.id }}}} {label}"
    retry = {"attempts": 20, "first_s": 0.05, "most_s": 0.5}
    if random.Random(label).random() < 0.4:
        held = {"tool": "memory", "operation": "hold", "idempotent": True, "retry": retry}
        held["arguments"] = {"content": text}
        return {"action": held, "transitions": [{"to": to}]} | more
    stored = {"tool": "memory", "operation": "store", "retry": retry}
    stored["arguments"] = {"content": text}
    undo = {"tool": "memory", "operation": "delete", "retry": retry}
    undo |= {
        "arguments": {"memory_id": "{{ result.memory_id }}"},
        "when": {"path": "result.created", "equals": True},
    }
    return {"action": stored, "compensation": undo, "transitions": [{"to": to}]} | more


FAIL = {"tool": "memory", "operation": "get", "arguments": {"memory_id": 999_999_999}}


def definitions(number: int, seed: int) -> list[dict[str, Any]]:
    return [
        random_definition(random.Random(seed + each), f"random_{each}", remember, FAIL)
        for each in range(number)
    ]


def open_runs(database: Path) -> int:
    reader = open_reader(database)
    try:
        return len(procedure_reads.runs(reader, status="open", limit=1_000))
    finally:
        reader.close()


def told_by(steps: list[procedure_reads.Step]) -> tuple[Counter[str], set[str]]:
    """Return the notes that a journal tells of, by content, and the contents of its memories."""
    asked: dict[str, dict[str, Any]] = {}
    notes, memories = Counter[str](), set[str]()
    for step in steps:
        if step.what == "called" and "call" in step.detail:
            asked[step.state] = step.detail
        elif step.what == "ok":
            called = asked[step.state]
            if called["call"] == "memory.hold":
                notes[called["arguments"]["content"]] += 1
            else:
                memories.add(called["arguments"]["content"])
    return notes, memories


def wrong_runs(database: Path, notes: Counter[str]) -> tuple[list[str], Counter[str]]:
    """Return what is wrong with the effects of all runs, and how they ended.

    Each note that a journal tells of is held as often as told, no other is; memories of a success
    are all there, once; of any other run there is none.
    """
    reader = open_reader(database)
    ends, wrong, seen = Counter[str](), list[str](), Counter[str]()
    rows = "SELECT content FROM memories WHERE deleted_at IS NULL"
    try:
        living = Counter(content for (content,) in reader.rows(rows))
        for run in procedure_reads.runs(reader, limit=1_000):
            ends[run.status] += 1
            steps = procedure_reads.steps(reader, run.row, last=100_000)
            held, stored = told_by(steps)
            seen += held
            mine = {each: count for each, count in living.items() if each.startswith(run.run_id)}
            expected = dict.fromkeys(stored, 1) if run.status == "succeeded" else {}
            if mine != expected:
                wrong.append(f"{run.run_id} {run.status}: expected {expected}, got {mine}")
    finally:
        reader.close()
    if seen != notes:
        wrong.append(f"notes: told {seen - notes} more, held {notes - seen} more")
    return wrong, ends


def tree_of(data_dir: Path, settings: Settings) -> ChildSpec:
    """Return the actors that procedures need; their supervisor forgives everything."""
    flags = SupervisorFlags(intensity=1_000_000, period_s=1.0)
    common = {"settings": settings}
    return group(
        "mimo",
        flags,
        heir(data_dir),
        ChildSpec(id="storage/writer", start="mimo.actors.storage.writer.Writer", args=common),
        ChildSpec(
            id=NOTES,
            start="mimo.actors.memory.working_memory.WorkingMemory",
            args=common | {"heir": HEIR},
        ),
        ChildSpec(id="memory/recall/1", start="mimo.actors.memory.recall.Recall", args=common),
        ChildSpec(id=ACTOR, start="mimo.actors.procedures.procedures.Procedures", args=common),
        ChildSpec(id=BRIDGE, start="mimo.interfaces.mcp.bridge.Bridge", args=common),
    )


@pytest.mark.parametrize(
    "fault",
    [
        "procedures.before_save:crash%40",
        "procedures.after_save:crash@1",
        "procedures.after_effect:crash%40",
    ],
)
def test_a_process_killed_at_every_step_doubles_and_loses_nothing(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """Each incarnation of the actor dies at its first step, or at two in five."""
    settings = load_settings(
        {
            "data_dir": str(data_dir),
            "durability": "normal",
            "embedding.provider": "none",
            "recall.workers": "1",
        }
    )
    (data_dir / "run").mkdir(mode=0o700, exist_ok=True)
    (data_dir / "run" / "lock").write_text("1")
    injector = faultpoints.Injector(faultpoints.parse(fault), "1", None)
    monkeypatch.setattr(faultpoints, "_INJECTOR", injector)
    monkeypatch.setattr(faultpoints, "ARMED", True)
    found = definitions(RUNS_A_POINT, seed=7)
    try:
        with running_tree(tree_of(data_dir, settings), tmp_path) as tree:
            for number, definition in enumerate(found):
                call(tree, "register_procedure", f"d{number}", definition=definition)
            for number, definition in enumerate(found):
                start(tree, definition["name"], f"r{number}")
                eventually(lambda: open_runs(data_dir / "mimo.db") == 0, within_s=100.0)
            notes = eventually(lambda: held(tree), within_s=60.0, ignoring=(MimoError,))
            restarts = tree.row(ACTOR).restarts
    finally:
        shutil.rmtree(tables_of(data_dir), ignore_errors=True)
    wrong, ends = wrong_runs(data_dir / "mimo.db", notes)
    assert not wrong
    assert sum(ends.values()) == RUNS_A_POINT
    assert ends["succeeded"] > 5
    assert ends["rolled_back"] > 2
    assert restarts >= 3 * RUNS_A_POINT


def start(tree: Tree, name: str, key: str) -> None:
    """Ask for a run until it is there; a request whose worker died twice is given up, and so ours.

    The same key starts the same run.
    """

    def is_started() -> bool:
        call(tree, "run_procedure", key, name=name, wait_s=0)
        return True

    eventually(is_started, within_s=120.0, ignoring=(MimoError,))


def held(tree: Tree) -> Counter[str]:
    """Return how often each note is held."""
    found = tree.call(NOTES, Held(session_id="", limit=10_000))
    return Counter(note["content"] for note in found.data["notes"])


def call(tree: Tree, operation: str, key: str, **arguments: Any) -> Any:
    request = CallTool(
        tool="orchestrate",
        operation=operation,
        arguments=arguments,
        key=key,
        client="test",
        connection="test",
        request_id=key,
        timeout_s=30.0,
    )
    return tree.call(BRIDGE, request, timeout_s=40.0)


def test_a_node_whose_actor_is_killed_again_and_again_finishes_all_runs(node: Node) -> None:
    """100 runs on a real node; SIGKILL as often as its supervisor forgives."""
    client = node.connect()
    for definition in definitions(RUNS, seed=1_000):
        client.submit("register_procedure", tool="orchestrate", definition=definition).result()
    kills = 0
    for definition in definitions(RUNS, seed=1_000):
        arguments = {"name": definition["name"], "wait_s": 0}
        client.submit("run_procedure", tool="orchestrate", **arguments)
        if kills < 40 and random.Random(definition["name"]).random() < 0.5:
            node.await_successor(node.signal(ACTOR))
            kills += 1
            time.sleep(PACE_S)

    def all_ended() -> bool:
        with contextlib.suppress(CallError):
            pending = client.submit("list_runs", tool="orchestrate", status="open", limit=1)
            return bool(pending.result()["count"] == 0)
        return False

    eventually(all_ended, within_s=120.0)
    found: dict[str, Any] = node.ask(Held(session_id="", limit=10_000), NOTES).data
    wrong, ends = wrong_runs(node.database, Counter(n["content"] for n in found["notes"]))
    assert not wrong
    assert sum(ends.values()) == RUNS
    assert kills >= 20
