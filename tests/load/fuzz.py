"""Ten thousand calls that no decent client makes, to every operation of a real node."""

from __future__ import annotations

import itertools
import json
import statistics
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mimo.actors.catalogue import TOOLS
from tests.load.rows import Row, ms
from tests.support.fuzz import fault_of, fuzzed
from tests.support.node import Node

#: An error is answered within this, in seconds.
ERROR_S_MAX = 1.0
#: Calls in flight.
WIDTH = 8


def settings(folder: Path) -> dict[str, str]:
    """Return a node's settings with a workspace in which hands find something to do."""
    root = folder / "workspace"
    root.mkdir()
    (root / "a.py").write_text("def f():\n    return 1\n")
    (root / "notes.md").write_text("# Notes\n\nTea at four.\n")
    return {
        "MIMO_WORKSPACE_ROOTS": str(root),
        "MIMO_LIMITS_RISKY_RATE_PER_S": "100000",
        "MIMO_LIMITS_RISKY_BURST": "100000",
    }


def measure(node: Node, *, calls: int, seed: int = 7) -> list[Row]:
    """Make the calls, several at once, and look at every answer and at what died."""
    before = node.restarts()
    faults: list[str] = []
    outcomes: Counter[str] = Counter()
    errors_s: list[float] = []
    with node.connect("fuzzer") as client:
        drawn = itertools.islice(fuzzed(TOOLS, seed), calls)
        while batch := list(itertools.islice(drawn, WIDTH)):
            asked = [
                (
                    each,
                    client.request("tools/call", {"name": each.tool, "arguments": each.arguments}),
                )
                for each in batch
            ]
            for each, pending in asked:
                what = f"{each.tool}.{each.operation.name} {json.dumps(each.arguments)[:300]}"
                answer: Mapping[str, Any] = pending.wait(120.0).get("result", {})
                is_error = bool(answer.get("isError"))
                outcomes["error" if is_error else "result"] += 1
                if is_error:
                    errors_s.append(pending.done_s - pending.sent_s)
                if fault := fault_of(each, answer):
                    faults.append(f"{what}: {fault}")
    died = {name: count for name, count in node.restarts().items() if count > before.get(name, 0)}
    slowest_s = max(errors_s, default=0.0)
    return [
        Row(
            what="fuzzed calls",
            bar="right shape or a clear error, no death, errors within 1 s",
            figure=(
                f"{calls} calls: {outcomes['result']} results, {outcomes['error']} errors"
                f" (median {ms(statistics.median(errors_s or [0.0]))}, slowest {ms(slowest_s)}),"
                f" {len(faults)} wrong, {len(died)} died"
            ),
            how=f"every operation in turn, {WIDTH} in flight, seeded",
            is_met=not faults and not died and slowest_s < ERROR_S_MAX,
            raw={"faults": faults[:50], "died": died, "slowest_s": slowest_s},
        )
    ]
