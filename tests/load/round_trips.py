"""One call at a time through a real MCP client: store and search against the SDK's own floor."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import mcp

from tests.load import corpus
from tests.load.rows import Row, ms
from tests.support import empty_server
from tests.support.client import stdio_command
from tests.support.figures import median, quantile
from tests.support.node import Node

#: Calls in one turn; the empty tool and what is compared take turns, so that noise hits both.
#: Searches come first: after the stores the embedder has work.
TURN = 20
STORE_RATIO_MAX = 4.0
SEARCH_RATIO_MAX = 10.0


def measure(node: Node, *, turns: int = 10) -> list[Row]:
    """Compare medians of `store` and `search` by meaning with the empty tool's; 1,000 memories."""
    with node.connect("filler") as client:
        corpus.fill(client, 1_000)
    node.warm_up()
    node.await_embedded()
    times = anyio.run(_measure, node, turns)
    rows = []
    for kind, most in (("store", STORE_RATIO_MAX), ("search", SEARCH_RATIO_MAX)):
        middle = median(times[kind])
        floor = median(times[f"empty beside {kind}"])
        ratio = middle / floor
        rows.append(
            Row(
                what=f"{kind}, one at a time, 1,000 memories",
                bar=f"<= {most:g}x the SDK's empty tool",
                figure=f"{ratio:.1f}x ({ms(middle)}; empty {ms(floor)};"
                f" p99 {ms(quantile(times[kind], 0.99))})",
                how=f"median of {len(times[kind])} calls by mcp.Client over `mimo stdio`",
                is_met=ratio <= most,
                raw={"ratio": ratio, "median_s": middle, "floor_s": floor},
            )
        )
    return rows


async def _measure(node: Node, turns: int) -> dict[str, list[float]]:
    command = stdio_command(node.data_dir)
    mimo = mcp.StdioServerParameters(command=command[0], args=command[1:], env=node.env)
    script = [empty_server.__file__]
    empty = mcp.StdioServerParameters(command=sys.executable, args=script, env=node.env)
    times: dict[str, list[float]] = defaultdict(list)
    async with mcp.Client(empty, mode="legacy") as floor, mcp.Client(mimo, mode="legacy") as client:
        kinds: dict[str, Callable[[int], Awaitable[Any]]] = {
            "empty": lambda number: floor.call_tool("memory", {"operation": str(number)}),
            "store": lambda number: client.call_tool(
                "memory", {"operation": "store", "content": corpus.sentence(10_000 + number)}
            ),
            "search": lambda number: client.call_tool(
                "memory",
                {"operation": "search", "query": corpus.question(number), "mode": "meaning"},
            ),
        }
        for compared in ("search", "store"):
            for turn in range(turns):
                for kind in ("empty", compared):
                    label = kind if kind == compared else f"empty beside {compared}"
                    for number in range(turn * TURN, (turn + 1) * TURN):
                        began_s = time.perf_counter()
                        answer = await kinds[kind](number)
                        times[label].append(time.perf_counter() - began_s)
                        assert not answer.is_error, answer
    return times
