"""One chaos case: clients work, a fault happens, the service recovers, the history is judged."""

from __future__ import annotations

import random
import signal
from typing import Self

from tests.support import checkers, figures
from tests.support.checkers import Verdict
from tests.support.node import Fault, Node
from tests.support.traffic import Traffic

#: Events of which one tells that a child died or was killed.
TOLD = ("supervision.child_exited", "supervision.child_frozen", "actor.crashed")
#: Errors in the log that a killed or frozen process explains.
EXPLAINED = frozenset(
    {
        "supervision.child_exited",
        "supervision.child_frozen",
        "supervision.child_killed",
        "actor.crashed",
        "node.generation_ended",
    }
)


class Campaign:
    """The traffic around the faults of one case, and the verdict about it.

    Args:
        node: The node, in its steady state.
        case: The catalogue id, with a part's name where a case has several.
        chance: Seeds the clients' calls.
        clients: How many work.
        mix: Kinds of calls -> weight.
        is_logged: Whether each fault must be told in the log (C9); a dead supervisor can't tell.
    """

    def __init__(
        self,
        node: Node,
        case: str,
        chance: random.Random,
        *,
        clients: int = 4,
        mix: dict[str, int] | None = None,
        is_logged: bool = True,
    ) -> None:
        self.node = node
        self.case = case
        self.seed = f"{case}-{chance.randrange(10**6)}"
        self.traffic = Traffic(node, clients=clients, seed=self.seed, mix=mix)
        self.faults: list[Fault] = []
        self.detect_ms: list[float] = []
        self.recover_ms: list[float] = []
        self.verdict = Verdict()
        self._is_logged = is_logged
        self._lines_before = len(node.log())
        self._restarts_before = node.restarts()

    def __enter__(self) -> Self:
        self.traffic.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.traffic.await_oks(12)
        self.traffic.stop()

    # -- While it runs ---------------------------------------------------------------------------
    def strike(self, name: str, number: int = signal.SIGKILL) -> Fault:
        """Send a signal to a process of the node."""
        fault = self.node.signal(name, number)
        self.faults.append(fault)
        return fault

    def recovers(
        self, fault: Fault, *kinds: str, within_s: float = 60, dead_s: float | None = None
    ) -> float:
        """Wait until calls of these kinds succeed again; return and note the milliseconds.

        Args:
            fault: From when it is counted.
            kinds: Of calls that need what was struck.
            within_s: The bound.
            dead_s: When the last process that could still answer was gone; only a call that began
                after it counts.
        """
        op = self.traffic.first_ok(dead_s or fault.at_s, *kinds, within_s=within_s)
        took_ms = ((op.ended_s or 0.0) - fault.at_s) * 1000
        self.recover_ms.append(took_ms)
        return took_ms

    def heals(self, fault: Fault, *kinds: str, within_s: float = 60) -> float:
        """Wait for success and for the struck actor's successor; return the milliseconds."""
        took_ms = self.recovers(fault, *kinds, within_s=within_s)
        self.node.await_successor(fault, within_s=within_s)
        return took_ms

    # -- Afterwards ------------------------------------------------------------------------------
    def require(
        self,
        *,
        errors_max: int = 0,
        recover_s_max: float | None = None,
        expected: frozenset[str] = frozenset(),
        **more: object,
    ) -> Verdict:
        """Judge by C1 to C9, write the figures, then fail if anything is wrong.

        Args:
            errors_max: Most calls that may have failed.
            recover_s_max: Longest recovery allowed, in seconds; generous, the figure is written.
            expected: Further error events that the faults explain.
            **more: Further figures.
        """
        self.node.await_steady()
        self.verdict = checkers.judge_file(self.traffic.history, self.node.database)
        lines = self.node.log()[self._lines_before :]
        self.verdict.violations += checkers.unexpected_errors(lines, EXPLAINED | expected)
        if self._is_logged:
            told = {fault.name: TOLD for fault in self.faults}
            self.verdict.violations += checkers.unreported(lines, told)
        failed = self.traffic.history.errors()
        detected = [self.node.detect_ms(fault) for fault in self.faults]
        figures.record_chaos(
            self.case,
            detect_ms=max((ms for ms in detected if ms is not None), default=None),
            recover_ms=max(self.recover_ms, default=None),
            errors=len(failed),
            lost=self.verdict.lost,
            duplicated=self.verdict.duplicated,
            restarts=self._restarts(),
            seed=self.seed,
            calls=len(self.traffic.history),
            **more,
        )
        self.verdict.require_clean()
        shown = [f"{op.kind} {op.code}: {op.detail[:200]}" for op in failed[:5]]
        assert len(failed) <= errors_max, f"{len(failed)} calls failed: {shown}"
        if recover_s_max is not None:
            slowest_s = max(self.recover_ms, default=0.0) / 1000
            assert slowest_s < recover_s_max, f"recovered after {slowest_s:.2f} s"
        return self.verdict

    def _restarts(self) -> dict[str, int]:
        """Return how often each child was restarted during the campaign."""
        before = self._restarts_before
        return {
            name: count - before.get(name, 0)
            for name, count in self.node.restarts().items()
            if count != before.get(name, 0)
        }
