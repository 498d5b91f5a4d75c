"""Figures of the knowledge graph at 100,000 facts, through a real client.

`python -m tests.load.knowledge_graph [FACTS]`
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.client import Client
from tests.support.node import running_node

#: Facts in one call, and how often each question is asked.
AT_ONCE = 100
TIMES = 50
SEED = 7


def call(client: Client, operation: str, **arguments: Any) -> dict[str, Any]:
    """Call the knowledge tool."""
    request = {"name": "knowledge", "arguments": {"operation": operation, **arguments}}
    return client.request("tools/call", request).result(120.0)


def fill(client: Client, facts: int, chance: random.Random) -> float:
    """Teach a random graph of four facts a node, some of them a forest; return facts a second."""
    nodes = facts // 4
    began_s = time.monotonic()
    pending = []
    for start in range(0, facts, AT_ONCE):
        listed = [_fact(number, nodes, chance) for number in range(start, start + AT_ONCE)]
        arguments = {"operation": "teach", "facts": listed}
        pending.append(client.request("tools/call", {"name": "knowledge", "arguments": arguments}))
        if len(pending) >= 8:
            pending.pop(0).result(120.0)
    for each in pending:
        each.result(120.0)
    return facts / (time.monotonic() - began_s)


def _fact(number: int, nodes: int, chance: random.Random) -> dict[str, Any]:
    if number < nodes // 2:
        # A tree of eight children each; part_of is transitive and has an inverse.
        return {"subject": f"n{number + 1}", "predicate": "part_of", "object": f"n{number // 8}"}
    return {
        "subject": f"n{chance.randrange(nodes)}",
        "predicate": chance.choice(("uses", "calls", "mentions")),
        "object": f"n{chance.randrange(nodes)}",
    }


def timed(ask: Callable[[int], dict[str, Any]], chance: random.Random, nodes: int) -> str:
    """Return median and 99th percentile of asking about random nodes, in milliseconds."""
    took = []
    for _ in range(TIMES):
        node = chance.randrange(nodes)
        began_s = time.monotonic()
        ask(node)
        took.append((time.monotonic() - began_s) * 1_000)
    took.sort()
    return f"median {statistics.median(took):.1f} ms, p99 {took[int(len(took) * 0.99)]:.1f} ms"


def measure(client: Client, facts: int) -> list[tuple[str, str]]:
    """Return what was measured, row by row."""
    chance = random.Random(SEED)
    nodes = facts // 4
    rows = [("teach, 100 a call", f"{fill(client, facts, chance):,.0f} facts/s")]

    def walk(operation: str, depth: int) -> Callable[[int], dict[str, Any]]:
        return lambda node: call(client, operation, node_name=f"n{node}", depth=depth, limit=50)

    questions: dict[str, Callable[[int], dict[str, Any]]] = {
        "query by subject": lambda node: call(client, "query", subject=f"n{node}"),
        "query by subject, inferring": lambda node: call(
            client, "query", subject=f"n{node}", predicate="part_of", infer=True
        ),
        "prove": lambda node: call(
            client, "prove", subject=f"n{node}", predicate="part_of", object="n0"
        ),
        "neighborhood, 2 steps": walk("neighborhood", 2),
        "traverse, 3 steps": walk("traverse", 3),
        "path": lambda node: call(
            client, "path", from_node=f"n{node}", to_node=f"n{chance.randrange(nodes)}", depth=10
        ),
        "explore": lambda node: call(client, "explore", query=f"what is n{node}"),
    }
    rows += [(name, timed(ask, chance, nodes)) for name, ask in questions.items()]
    visited = call(client, "neighborhood", node_name="n1", depth=8, limit=1)
    began_s = time.monotonic()
    call(client, "neighborhood", node_name="n1", depth=8, limit=1)
    took_s = time.monotonic() - began_s
    rows.append((f"walk of {visited['node_count']:,} nodes", f"{took_s:.2f} s"))
    began_s = time.monotonic()
    kept = call(client, "infer", mode="keep", limit=1)
    took_s = time.monotonic() - began_s
    rows.append((f"infer and keep {kept['inferred_count']:,} facts", f"{took_s:.1f} s"))
    rows.append(
        (
            "teach one fact, with all that follows kept",
            timed(
                lambda node: call(
                    client, "teach", subject=f"x{node}", predicate="part_of", object=f"n{node}"
                ),
                chance,
                nodes,
            ),
        )
    )
    return rows


def main() -> None:
    """Measure and print."""
    facts = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory(prefix="mimo-load-") as folder:
        settings = {"MIMO_EMBEDDING_PROVIDER": "none"}
        with running_node(Path(folder) / "data", settings) as node, node.connect() as client:
            for name, figure in measure(client, facts):
                sys.stdout.write(f"| {name} | {figure} |\n")


if __name__ == "__main__":
    main()
