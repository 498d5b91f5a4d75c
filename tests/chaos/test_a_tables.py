"""A5 to A7 and F on a real node: what a heir holds outlives its owner, and the heir itself.

Working memory's notes are the table: no database holds them.
"""

from __future__ import annotations

import random
import signal
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from mimo.actors.memory.working_memory import TABLE
from mimo.config.clock import SYSTEM_CLOCK
from mimo.config.errors import Conflict, MimoError, StaleIncarnation
from mimo.supervision import heir_protocol as p
from mimo.supervision import messages as m
from mimo.supervision.heir import named
from mimo.supervision.table_store import Table
from tests.support import figures
from tests.support.client import Client
from tests.support.node import Node, running_node
from tests.support.waiting import eventually

OWNER, HEIR = "memory/working_memory", "heirs/memory"


@pytest.fixture
def session() -> str:
    """Return a session of the test's own."""
    return uuid.uuid4().hex[:8]


def hold(client: Client, session: str, *contents: str) -> None:
    for content in contents:
        client.call("hold", content=content, session_id=session, ttl_s=600)


def held(client: Client, session: str) -> list[str]:
    found = client.call("held", session_id=session, limit=100)
    return sorted(note["content"] for note in found["notes"])


def survive(node: Node, case: str, session: str, *names: str) -> None:
    """Hold notes, kill, and expect the same notes and that more can be held."""
    notes = [f"note {number:02d}" for number in range(20)]
    with node.connect("keeper") as client:
        hold(client, session, *notes)
        faults = [node.signal(name) for name in names]
        found = held(client, session)
        recover_ms = (time.monotonic() - faults[0].at_s) * 1000
        for fault in faults:
            node.await_successor(fault)
        hold(client, session, "note 99")
        after = held(client, session)
    lost = len(set(notes) - set(found))
    figures.record_chaos(
        case,
        recover_ms=recover_ms,
        lost=lost,
        duplicated=len(found) - len(set(found)),
        restarts=node.restarts(),
    )
    assert found == notes
    assert after == [*notes, "note 99"]


def test_a5_a_killed_heir_loses_no_row(warm: Node, session: str) -> None:
    """A5: the owner goes on; the new heir finds the tables again by name."""
    survive(warm, "A5", session, HEIR)


def test_a6_a_killed_owner_leaves_its_table_whole(warm: Node, session: str) -> None:
    """A6: the successor receives the table with the last acknowledged change."""
    survive(warm, "A6", session, OWNER)


def test_a7_owner_and_heir_killed_together_find_the_shared_table_again(
    warm: Node, session: str
) -> None:
    """A7: a table in shared memory outlives both."""
    survive(warm, "A7", session, OWNER, HEIR)


def test_a7_a_node_killed_whole_finds_its_tables_again(warm: Node, session: str) -> None:
    """A7, A13: shared memory outlives every process of the node."""
    notes = [f"note {number}" for number in range(10)]
    with warm.connect("keeper") as client:
        hold(client, session, *notes)
        warm.kill_everything()
        assert held(client, session) == notes


def test_a7_notes_survive_a_stop_in_order(node: Node, session: str) -> None:
    """The heirs' snapshots bring the tables back after a stop, when shared memory is gone."""
    with node.connect("keeper") as client:
        hold(client, session, "before the stop")
    node.stop()
    with node.connect("keeper") as client:
        assert held(client, session) == ["before the stop"]


def test_f1_an_owner_that_dies_between_change_and_answer_has_one_effect(
    data_dir: Path, tmp_path: Path, session: str
) -> None:
    """F1: the note is in the table, its caller wasn't told; the repeated call adds no second."""
    counted = tmp_path / "faults"
    counted.mkdir()
    faults = {
        "MIMO_CHAOS": "1",
        "MIMO_FAULTS": f"gen_server.before_reply[{OWNER}]:crash@3x1",
        "MIMO_FAULTS_DIR": str(counted),
    }
    with running_node(data_dir, faults) as node, node.connect("keeper") as client:
        notes = [f"note {number}" for number in range(6)]
        hold(client, session, *notes)
        found = held(client, session)
        restarts = node.restarts()
    figures.record_chaos("F1", duplicated=len(found) - len(set(found)), restarts=restarts)
    assert restarts.get(OWNER) == 1
    assert found == notes


def test_f2_what_changes_while_the_heir_is_frozen_is_not_missed(warm: Node, session: str) -> None:
    """F2: the heir needs no message to know a change; a frozen one is replaced."""
    with warm.connect("keeper") as client:
        frozen = warm.signal(HEIR, signal.SIGSTOP)
        hold(client, session, "while it was frozen")
        dead = warm.signal(OWNER)
        warm.await_successor(frozen, within_s=40)
        warm.await_successor(dead, within_s=40)
        assert held(client, session) == ["while it was frozen"]
    figures.record_chaos("F2", detect_ms=warm.detect_ms(frozen), restarts=warm.restarts())


def test_f3_an_older_claimant_gets_no_table(warm: Node) -> None:
    """F3: of two successors the one with the later incarnation has the table; one owner."""
    status = table_of(warm)
    late = p.Claim(spec=TABLE, owner=OWNER, incarnation=status.incarnation - 1)
    with pytest.raises(Conflict):
        value_of(warm.ask(late, HEIR))
    assert table_of(warm).epoch == status.epoch
    figures.record_chaos("F3", owners=1)


def test_b7_a_zombie_with_an_old_incarnation_changes_nothing(warm: Node, session: str) -> None:
    """B7: a frozen owner is killed; whoever still has its grant after that is refused."""
    with warm.connect("keeper") as client:
        hold(client, session, "before")
        zombie = grant_of(warm)
        frozen = warm.signal(OWNER, signal.SIGSTOP)
        pending = client.submit(
            "hold", content="during", session_id=session, ttl_s=600, subject="during"
        )
        warm.await_successor(frozen, within_s=40)
        pending.result(40)
        with pytest.raises(StaleIncarnation):
            zombie.put("stale", {"content": "from beyond"})
        zombie.close()
        assert held(client, session) == ["before", "during"]
    assert table_of(warm).seq > zombie.seq
    figures.record_chaos("B7", detect_ms=warm.detect_ms(frozen), stale_writes=0)


def test_f4_an_owner_killed_twenty_times_keeps_its_table(
    warm: Node, session: str, chance: random.Random
) -> None:
    """F4: intact each time; the kills are spread, so that its group doesn't give up."""
    kills = 20
    with warm.connect("keeper") as client:
        expected: list[str] = []
        for number in range(kills):
            note = f"note {number:02d}"
            hold(client, session, note)
            expected.append(note)
            fault = warm.signal(OWNER)
            assert held(client, session) == expected
            warm.await_successor(fault)
            time.sleep(1.05 + chance.random() / 10)
    figures.record_chaos("F4", lost=0, restarts=warm.restarts(), kills=kills)


def test_f5_a_full_table_lets_the_oldest_go_and_never_grows_beyond(
    warm: Node, session: str
) -> None:
    """F5: working memory evicts at its limit, as its table's specification says."""
    big = "x" * 60_000
    most = TABLE.bytes_max // len(big)
    with warm.connect("keeper") as client:
        for number in range(most + 10):
            hold(client, session, f"{number:03d} {big}")
        kept = [int(content[:3]) for content in held(client, session)]
    after = table_of(warm)
    assert after.bytes <= after.bytes_max == TABLE.bytes_max
    assert max(kept) == most + 9
    assert kept == list(range(min(kept), most + 10))


def table_of(node: Node) -> p.TableStatus:
    """Return the status of the table that working memory owns."""

    def found() -> p.TableStatus | None:
        statuses = value_of(node.ask(p.ListTables(), HEIR))
        return next((status for status in statuses if status.owner == OWNER), None)

    return eventually(found, within_s=20, ignoring=(MimoError,))


def grant_of(node: Node) -> Table:
    """Open the table under the present owner's grant, as its process has it."""
    status = table_of(node)
    claim = p.Claim(spec=TABLE, owner=OWNER, incarnation=status.incarnation)
    transfer = value_of(node.ask(claim, HEIR))
    table: Table = named(transfer.store).open_owned(transfer.path, transfer.epoch, SYSTEM_CLOCK)
    return table


def value_of(value: Any) -> Any:
    """Return an actor's answer.

    Raises:
        Conflict: It refused so.
    """
    if isinstance(value, m.Failure):
        kind = Conflict if value.code == "conflict" else MimoError
        raise kind(value.message)
    return value
