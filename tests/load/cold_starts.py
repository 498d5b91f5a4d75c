"""Everything is killed at once, again and again, while clients work."""

from __future__ import annotations

from tests.load.rows import Row, ms
from tests.support import checkers
from tests.support.figures import median
from tests.support.node import Node
from tests.support.traffic import Traffic

START_S_MAX = 5.0


def measure(node: Node, *, times: int = 20) -> list[Row]:
    """Kill every process of the node `times` times under the load of four clients."""
    starts: list[float] = []
    with Traffic(node, clients=4, seed="everything") as traffic:
        for _ in range(times):
            traffic.await_oks(40)
            dead_s = node.kill_everything()
            starts.append(traffic.recover_ms(dead_s) / 1000)
        traffic.await_oks(20)
    verdict = checkers.judge_file(traffic.history, node.database)
    errors = traffic.history.errors()
    unknown = sum(op.end == "unknown" for op in errors)
    return [
        Row(
            what=f"SIGKILL of everything at once, {times} times under load",
            bar=f"0 acknowledged lost, next start < {START_S_MAX:g} s",
            figure=f"{verdict.lost} lost, {verdict.duplicated} duplicates; start median"
            f" {ms(median(starts))}, max {ms(max(starts))}; {len(errors)} calls failed"
            f" ({unknown} of them unknown) of {len(traffic.history)}",
            how="from the kill to the first success of a call that began after it;"
            " the relays start the node",
            is_met=not verdict.violations and max(starts) < START_S_MAX,
            raw={
                "starts_s": starts,
                "violations": verdict.violations[:20],
                "errors": [f"{op.kind} {op.code} {op.detail}"[:200] for op in errors[:20]],
            },
        )
    ]
