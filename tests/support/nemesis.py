"""A seeded adversary: it kills, freezes and slows a node's processes, sets its clock, and heals.

Recovery weighs more than injury, so that the node is alive most of the time. Source: TigerBeetle's
Vortex; reliability.md section 2.4 and catalogue L1.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import time
from collections import Counter
from pathlib import Path

from mimo.config.errors import MimoError
from tests.support import disks, strace
from tests.support.node import OUTSIDE_TREE, Node
from tests.support.wall_clock import WallClock

WEIGHTS = {"kill": 2, "stop": 2, "cont": 10, "slow": 1, "full": 1, "clock": 1}
#: How often a process outside the tree or the root is chosen rather than one of the tree.
OUTSIDE_SHARE = 0.1
#: Pause between two acts, in seconds.
PAUSE_S = (0.3, 1.0)
#: Delay of each sync while the disk is slow, in microseconds, and how long it is.
SLOW_US, SLOW_S = 200_000, 1.5
#: How long the disk stays full, in seconds.
FULL_S = 1.0
#: Where the wall clock is set, in seconds from the true one, other than by chance within the last.
JUMPS_S = (3_600, -86_400)
JUMP_S_MAX = 262


class Nemesis:
    """The adversary of one node.

    Args:
        node: The node.
        chance: Decides everything.
        disk: The small disk that holds the data directory; None never fills one.
        clock: The wall clock that the node sees; None leaves it alone.
    """

    def __init__(
        self,
        node: Node,
        chance: random.Random,
        disk: Path | None = None,
        clock: WallClock | None = None,
    ) -> None:
        self._node = node
        self._chance = chance
        self._disk = disk
        self._clock_seen = clock
        self._stopped: set[int] = set()
        self._weights = dict(WEIGHTS)
        if disk is None:
            del self._weights["full"]
        if clock is None:
            del self._weights["clock"]
        if shutil.which("strace") is None or os.getuid() != 0:
            del self._weights["slow"]
        self.acts: list[str] = []

    def run(self, for_s: float) -> None:
        """Act for some seconds, then heal everything."""
        end_s = time.monotonic() + for_s
        try:
            while time.monotonic() < end_s:
                kind = self._next()
                with contextlib.suppress(MimoError, AssertionError, ProcessLookupError):
                    getattr(self, f"_{kind}")()
                time.sleep(self._chance.uniform(*PAUSE_S))
        finally:
            self._cont()

    def _next(self) -> str:
        """Return the next kind of act; there is nothing to thaw unless something is frozen."""
        weights = {
            kind: weight
            for kind, weight in self._weights.items()
            if kind != ("stop" if self._stopped else "cont")
        }
        return self._chance.choices(list(weights), list(weights.values()))[0]

    def counts(self) -> dict[str, int]:
        """Return how often each kind of act was done."""
        return dict(Counter(act.split()[0] for act in self.acts))

    def _target(self) -> tuple[str, int]:
        if self._chance.random() < OUTSIDE_SHARE:
            name = self._chance.choice((*OUTSIDE_TREE, "mimo"))
            return name, self._node.pid_of(name)
        # What rests has no process, and a signal to pid 0 would be one to ourselves.
        rows = {name: row for name, row in self._node.rows().items() if row.pid}
        name = self._chance.choice(sorted(rows))
        return name, rows[name].pid

    def _kill(self) -> None:
        name, pid = self._target()
        self._signal(name, pid, signal.SIGKILL)

    def _stop(self) -> None:
        # One frozen at a time: more isn't within what is promised.
        name, pid = self._target()
        self._signal(name, pid, signal.SIGSTOP)
        self._stopped.add(pid)

    def _cont(self) -> None:
        for pid in self._stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
                self.acts.append(f"cont {pid}")
        self._stopped.clear()

    def _slow(self) -> None:
        pid = self._node.pid_of("storage/writer")
        self.acts.append("slow storage/writer")
        with strace.injected(pid, f"fdatasync,fsync:delay_enter={SLOW_US}"):
            time.sleep(SLOW_S)

    def _full(self) -> None:
        assert self._disk is not None
        self.acts.append("full disk")
        filler = disks.fill(self._disk)
        time.sleep(FULL_S)
        filler.unlink()

    def _clock(self) -> None:
        assert self._clock_seen is not None
        by_chance = self._chance.randint(-JUMP_S_MAX, JUMP_S_MAX)
        self._clock_seen.jump(self._chance.choice((*JUMPS_S, by_chance, by_chance, by_chance)))
        self.acts.append(f"clock {self._clock_seen.offset_s:+d} s")

    def _signal(self, name: str, pid: int, number: signal.Signals) -> None:
        if pid > 0:
            os.kill(pid, number)
            kind = {signal.SIGKILL: "kill", signal.SIGSTOP: "stop"}[number]
            self.acts.append(f"{kind} {name}")
