"""A worker of each family is killed, frozen, made to spin or to eat memory: what do others notice?

Clients of all families call while it happens; each family's own calls may wait, the others' may
take three times as long as in quiet, at the 99th percentile.
"""

from __future__ import annotations

import signal
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from tests.load.rows import Row, ms
from tests.support.figures import quantile
from tests.support.node import Node
from tests.support.waiting import eventually

#: Family -> its worker, and a cheap call of it.
FAMILIES: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "memory": ("memory/recall/1", "memory", {"operation": "list", "limit": 3}),
    "knowledge": ("knowledge/graph", "knowledge", {"operation": "stats"}),
    "file": ("tools/files", "file", {"operation": "get_info", "path": "notes.md"}),
    "terminal": ("tools/terminal", "terminal", {"operation": "list_sessions"}),
    "web": ("tools/web", "web", {"operation": "fetch", "url": "http://example.org/"}),
    "code": ("tools/code", "code", {"operation": "parse", "source": "a = 1", "language": "python"}),
    "library": ("tools/library", "code", {"operation": "library_stats"}),
    "reason": ("tools/reasoning", "reason", {"operation": "stats"}),
    "autonomous": ("tools/tasks", "autonomous", {"operation": "status"}),
    "orchestrate": ("knowledge/procedures", "orchestrate", {"operation": "list_runs"}),
    "insight": ("tools/insight", "meta", {"operation": "suggest_next_tool"}),
}
FAULTS = ("killed", "frozen", "spinning", "out of memory")
#: How much longer others may take at the 99th percentile, and from where on that can be told from
#: the noise of a machine with two cores, in seconds.
FACTOR_MAX = 3.0
NOISE_S = 0.05
#: Codes of answers as they should be; "" is none, and the web is closed.
WELL = frozenset({"", "not_available"})
#: Workers that start at their first call have started by then, in seconds.
WARM_UP_S = 3.0
#: Between two calls of one prober, in seconds.
PAUSE_S = 0.02
#: Kinds of faults that a worker carries, waiting to be let go.
CARRIED = {"spinning": "spin", "out of memory": "eat"}


#: Probers call more often than a client may what reaches outside.
QUICK = {"MIMO_LIMITS_RISKY_RATE_PER_S": "1000", "MIMO_LIMITS_RISKY_BURST": "1000"}


def settings(folder: Path, fault: str) -> dict[str, str]:
    """Return a node's settings; spinning and eating are faults that its workers carry."""
    root = folder / "workspace"
    root.mkdir(parents=True)
    (root / "notes.md").write_text("# Notes\n")
    found = {"MIMO_WORKSPACE_ROOTS": str(root), "MIMO_RECALL_WORKERS": "2", **QUICK}
    kind = CARRIED.get(fault)
    if kind:
        marks = folder / "faults"
        marks.mkdir()
        # Each fault's one place is taken: it happens once this file is gone.
        for number in range(len(FAMILIES)):
            _place(marks, number).touch()
        found |= {
            "MIMO_CHAOS": "1",
            "MIMO_FAULTS_DIR": str(marks),
            "MIMO_FAULTS": ",".join(
                f"gen_server.before_reply[{worker}]:{kind}x1" for worker, _, _ in FAMILIES.values()
            ),
        }
    return found


def _place(marks: Path, number: int) -> Path:
    return marks / f"fault-{number}-0"


class Probers:
    """One client for each family, calling without end."""

    def __init__(self, node: Node) -> None:
        self.calls: dict[str, list[tuple[float, float, str]]] = defaultdict(list)
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._probe, args=(node, name), daemon=True)
            for name in FAMILIES
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(60)

    def _probe(self, node: Node, family: str) -> None:
        _, tool, arguments = FAMILIES[family]
        with node.connect(f"prober-{family}") as client:
            while not self._stopping.is_set():
                began_s = time.monotonic()
                pending = client.request("tools/call", {"name": tool, "arguments": arguments})
                answer = pending.wait(60.0)
                code = _code(answer)
                self.calls[family].append((began_s, time.monotonic(), code))
                self._stopping.wait(PAUSE_S)

    def seconds(self, family: str, from_s: float, until_s: float) -> list[float]:
        """Return how long the calls of a family took that ran in a span of time."""
        return [
            ended - began
            for began, ended, _ in self.calls[family]
            if ended >= from_s and began <= until_s
        ]

    def await_answer(self, family: str, *, after_s: float) -> None:
        """Wait until a call of the family that began after this moment was answered well."""
        eventually(
            lambda: any(
                began >= after_s and code in WELL for began, _, code in self.calls[family][-3:]
            ),
            within_s=60,
            what=f"an answer of {family}",
        )

    def failed(self) -> list[str]:
        """Return what failed; only whose worker was hit may hear that it crashed."""
        return [
            f"{family}: {code}"
            for family, calls in self.calls.items()
            for _, _, code in calls
            if code not in WELL and code != "crashed"
        ]


def _code(answer: Mapping[str, Any]) -> str:
    result = answer.get("result", {})
    if not result.get("isError"):
        return "" if "result" in answer else "protocol_error"
    code: str = result.get("_meta", {}).get("mimo/error", {}).get("code", "error")
    return code


def measure(node: Node, folder: Path, fault: str, *, quiet_s: float, fault_s: float) -> Row:
    """Measure one fault, worker by worker.

    Args:
        node: Started with `settings(folder, fault)`.
        folder: The one of its settings.
        fault: One of `FAULTS`.
        quiet_s: How long the calls are timed before the first fault.
        fault_s: How long they are timed from each fault on.
    """
    windows: dict[str, tuple[float, float]] = {}
    with Probers(node) as probers:
        time.sleep(WARM_UP_S)
        quiet_from_s = time.monotonic()
        time.sleep(quiet_s)
        quiet_until_s = time.monotonic()
        for number, (family, (worker, _, _)) in enumerate(FAMILIES.items()):
            began_s = time.monotonic()
            if fault == "killed":
                node.signal(worker)
            elif fault == "frozen":
                node.signal(worker, signal.SIGSTOP)
            else:
                _place(folder / "faults", number).unlink()
            time.sleep(fault_s)
            windows[family] = (began_s, time.monotonic())
            # Its own calls wait for it; what comes next must not be blamed for that.
            probers.await_answer(family, after_s=windows[family][1])
    ratios: dict[str, float] = {}
    slowest: dict[str, float] = {}
    for family, (began_s, ended_s) in windows.items():
        for other in set(FAMILIES) - {family}:
            calm = quantile(probers.seconds(other, quiet_from_s, quiet_until_s), 0.99)
            hit = quantile(probers.seconds(other, began_s, ended_s), 0.99)
            key = f"{family} -> {other}"
            ratios[key] = max(hit, NOISE_S) / max(calm, NOISE_S)
            slowest[key] = hit
    worst = max(ratios, key=lambda key: ratios[key])
    failed = probers.failed()
    count = sum(map(len, probers.calls.values()))
    return Row(
        what=f"one family's worker {fault}, others at work",
        bar=f"others' p99 < {FACTOR_MAX:g}x",
        figure=(
            f"worst {ratios[worst]:.1f}x ({worst}, {ms(slowest[worst])}),"
            f" {len(failed)} failed of {count} calls"
        ),
        how=f"{len(FAMILIES)} families, a client each; calls under {ms(NOISE_S)} count as that",
        is_met=ratios[worst] < FACTOR_MAX and not failed,
        raw={"ratios": ratios, "failed": failed[:30]},
    )
