"""Many clients on one node, and two nodes side by side: what breaks most other servers."""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path

from tests.load.rows import Row
from tests.support import checkers
from tests.support.client import CallError, Client
from tests.support.history import History
from tests.support.node import Node, running_node
from tests.support.stored import read_database

CLIENTS = 8


def measure(folder: Path, *, stores: int = 100) -> list[Row]:
    """Let eight clients write on each of two nodes at once; each write is read by another."""
    with contextlib.ExitStack() as stack:
        nodes = []
        for name in ("one", "two"):
            data_dir = folder / name
            data_dir.mkdir(mode=0o700)
            nodes.append(stack.enter_context(running_node(data_dir)))
        histories = [History() for _ in nodes]
        began_s = time.perf_counter()
        threads = [
            thread
            for node, history in zip(nodes, histories, strict=True)
            for thread in _writers(stack, node, history, stores)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(600)
        took_s = time.perf_counter() - began_s
        verdicts = [
            checkers.judge_file(history, node.database)
            for node, history in zip(nodes, histories, strict=True)
        ]
        locked = sum("locked" in str(line) for node in nodes for line in node.log())
        strangers = _strangers(nodes)
    errors = [op for history in histories for op in history.errors()]
    violations = [text for verdict in verdicts for text in verdict.violations]
    total = sum(len(history.ops("store", end="ok")) for history in histories)
    return [
        Row(
            what=f"{CLIENTS} clients writing at once on each of two data directories",
            bar="every acknowledged write seen by every client at once; 0 lost, no interference,"
            ' no "database is locked"',
            figure=f"{total} stores, {total / took_s:.0f}/s, {len(errors)} failed,"
            f" {sum(verdict.lost for verdict in verdicts)} lost, {len(violations)} violations,"
            f" {strangers} strangers, {locked} locked",
            how="each store is fetched by another client at once; C1 to C7 on both databases",
            is_met=not (errors or violations or strangers or locked),
            raw={"violations": violations[:20], "errors": [op.detail for op in errors[:20]]},
        )
    ]


def _writers(
    stack: contextlib.ExitStack, node: Node, history: History, stores: int
) -> list[threading.Thread]:
    clients = [
        stack.enter_context(node.connect(f"{node.data_dir.name}-{number}", history))
        for number in range(CLIENTS)
    ]
    return [
        threading.Thread(
            target=_write, args=(client, clients[(number + 1) % CLIENTS], stores), daemon=True
        )
        for number, client in enumerate(clients)
    ]


def _write(client: Client, reader: Client, stores: int) -> None:
    """Store, and let the next client read each memory at once."""
    for number in range(stores):
        content = f"{client.name} wrote line {number}"
        with contextlib.suppress(CallError):  # it stands in the history
            memory_id = client.store(content)
            reader.call("get", subject=content, memory_id=memory_id)


def _strangers(nodes: list[Node]) -> int:
    """Return how many memories stand in a database whose clients didn't write them."""
    found = 0
    for node in nodes:
        stored = read_database(node.database)
        name = node.data_dir.name
        found += sum(not m.content.startswith(f"{name}-") for m in stored.memories.values())
    return found
