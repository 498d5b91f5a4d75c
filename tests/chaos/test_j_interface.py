"""J. Interface: clients that vanish, stall or send rubbish. Source: reliability.md section 4 J."""

from __future__ import annotations

import json
import os
import random
import string
from pathlib import Path
from typing import Any

import pytest

from tests.support import figures
from tests.support.history import History
from tests.support.node import Node, end, environment
from tests.support.processes import alive
from tests.support.stored import read_database
from tests.support.waiting import eventually

FUZZED = 2_000


@pytest.mark.parametrize("way", ["end of input", "SIGKILL"])
def test_j1_a_client_that_vanishes_mid_call_leaves_nothing_behind(warm: Node, way: str) -> None:
    """J1: its calls finish or are cancelled; the relay is gone; the node serves on."""
    before = descriptors(warm, "bridge/mcp_bridge")
    contents = [f"{way} {number}" for number in range(30)]
    for _ in range(3):
        client = warm.connect("vanishing")
        for content in contents:
            client.submit("store", subject=content, content=content)
        if way == "SIGKILL":
            client.kill()
        else:
            client.end_input()
        client.wait()
        client.close()
        assert not alive(client.process.pid)
    with warm.connect("next") as client:
        client.store(f"after {way}")
    eventually(
        lambda: descriptors(warm, "bridge/mcp_bridge") <= before + 2,
        within_s=20,
        what="the bridge's descriptors to be given back",
    )
    stored = read_database(warm.database).by_content()
    twice = [content for content in contents if len(stored.get(content, [])) > 1]
    if way == "end of input":
        # The relay drains: what was written before the end is answered, so it is stored.
        assert all(content in stored for content in contents)
    figures.record_chaos(f"J1 {way}", duplicated=len(twice), restarts=warm.restarts())
    assert twice == []


def test_j2_a_client_that_stops_reading_holds_up_nobody(warm: Node) -> None:
    """J2: what is kept for it is bounded; other clients are served."""
    with warm.connect("filler") as client:
        client.store("a long memory " * 2_000)
    before = sum(rss(pid) for pid in warm.pids())
    with warm.connect("stalled") as stalled, warm.connect("lively") as lively:
        stalled.stop_reading()
        for _ in range(300):
            stalled.submit("list", limit=20)
        for number in range(20):
            lively.store(f"served {number} beside a stalled client")
        grown = sum(rss(pid) for pid in warm.pids()) - before
        stalled.go_on_reading()
        stalled.kill()
    figures.record_chaos("J2", grown_mib=grown / 2**20, restarts=warm.restarts())
    assert grown < 150 * 2**20


def test_j3_rubbish_is_answered_and_kills_nobody(warm: Node, chance: random.Random) -> None:
    """J3: broken JSON, wrong types, unknown tools, bad UTF-8, NUL: an error each, no death."""
    before, generation = warm.restarts(), warm.generation()
    with warm.connect("fuzzer", History()) as client:
        requests = 0
        for number in range(FUZZED):
            line, has_id = rubbish(chance, number)
            if has_id:
                client.expect(f"z{number}")
                requests += 1
            client.write_raw(line)
        client.store("after the rubbish")
        eventually(
            lambda: client.in_flight == 0, within_s=60, what=f"{requests} answers to rubbish"
        )
        assert client.stray == []
    figures.record_chaos("J3", lines=FUZZED, restarts=warm.restarts())
    assert warm.restarts() == before
    assert warm.generation() == generation


def rubbish(chance: random.Random, number: int) -> tuple[bytes, bool]:
    """Return one line that is wrong somehow, and whether its id must be answered."""
    value = chance.choice(VALUES)
    arguments = {
        chance.choice(["operation", "content", "query", "memory_id", "limit", "nonsense"]): value,
        "operation": chance.choice(["store", "search", "get", "list", "fly", 7, None]),
    }
    call = {
        "jsonrpc": "2.0",
        "id": f"z{number}",
        "method": chance.choice(["tools/call", "tools/fly", "resources/read", "prompts/get", ""]),
        "params": chance.choice(
            [
                {"name": "memory", "arguments": arguments},
                {"name": chance.choice(["", "memori", 5, None]), "arguments": arguments},
                {"name": "memory", "arguments": value},
                {"uri": value},
                {},
            ]
        ),
    }
    line = json.dumps(call).encode()
    kind = chance.random()
    if kind < 0.6:
        return line + b"\n", True
    if kind < 0.75:
        return line[: chance.randrange(1, len(line))] + b"\n", False
    if kind < 0.9:
        return bytes(chance.randrange(256) for _ in range(40)).replace(b"\n", b"") + b"\n", False
    return "".join(chance.choices(string.printable, k=60)).replace("\n", "").encode() + b"\n", False


VALUES: tuple[Any, ...] = (
    "",
    "\x00",
    "text",
    -1,
    0,
    10**30,
    1.5,
    True,
    None,
    [],
    {},
    [[[[]]]],
    {"a": {"b": {}}},
    "\ud800".encode("utf-16", "surrogatepass").decode("latin-1"),
    "'; DROP TABLE memories; --",
    '"unbalanced AND (',
)


def test_j4_nothing_but_protocol_is_on_stdout(warm: Node, data_dir: Path) -> None:
    """J4: every byte of stdout is protocol, over a kill, over rubbish and at a node that fails."""
    with warm.connect("reader") as client:
        client.write_raw(b"{rubbish\n")
        warm.signal("bridge/mcp_bridge")
        client.store("while the bridge was killed")
        strays = list(client.stray)
    (data_dir / "mimo.db").write_bytes(b"no database" * 1000)
    broken = Node(data_dir, environment("j4", {}), "j4")
    with broken.connect("reader") as client:
        client.submit("stats").wait(90)
        strays += client.stray
    end(broken)
    figures.record_chaos("J4", stray_bytes=sum(map(len, strays)))
    assert strays == []


def descriptors(node: Node, name: str) -> int:
    """Return how many files a process of the node has open."""
    return sum(1 for _ in Path(f"/proc/{node.pid_of(name)}/fd").iterdir())


def rss(pid: int) -> int:
    """Return the resident memory of a process, 0 once it is gone."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    except OSError:
        return 0
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")
