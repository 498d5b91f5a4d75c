"""Which children are frozen; pure.

An actor can't answer a ping while it handles a message, so silence has several causes, and the
process's state tells them apart (see `_Watched.limit_s`). A child is looked at often while somebody
waits for it or something about it looks wrong, and rarely otherwise: an idle node costs no battery.

Ages are counted in the watchdog's own ticks: a tick that comes late counts as one, and a tick that
comes late by more than one interval means that it was the supervisor who slept or starved. Then
all ages start again, so that waking from sleep or a busy machine kills nobody.

Source: ours; see reliability.md, "What frozen means".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mimo.config import limits

#: How the process of a child stands: R, S, D, T, t or Z; None when it is gone.
StateOf = Callable[[int], str | None]


@dataclass(frozen=True, slots=True)
class SendPing:
    """Send `Ping(nonce)` to the child."""

    name: str
    nonce: int


@dataclass(frozen=True, slots=True)
class Frozen:
    """Kill the child: it hasn't answered for `silent_s` seconds in `state`."""

    name: str
    incarnation: int
    silent_s: float
    state: str


@dataclass(frozen=True, slots=True)
class Slept:
    """The supervisor's own tick came `late_s` seconds late; all ages were forgiven."""

    late_s: float


Verdict = SendPing | Frozen | Slept


@dataclass(slots=True)
class _Watched:
    name: str
    incarnation: int
    pid: int
    busy_max_s: float
    #: Nonce of the ping that hasn't been answered; 0 when there is none.
    nonce: int = 0
    #: How long that ping has been out, in seconds of ticks.
    silent_s: float = 0.0
    #: Seconds of ticks for which it is still looked at often.
    suspected_s: float = 0.0
    #: Seconds of ticks since the last answer or the start.
    unasked_s: float = 0.0

    @property
    def is_suspected(self) -> bool:
        return self.suspected_s > 0 or self.nonce != 0

    def limit_s(self, state: str) -> float:
        """Return how long it may be silent in this state of its process.

        T: somebody stopped it; only a few pings. D, and t under a debugger: it waits for the disk.
        R and S: it is inside a handler.
        """
        if state == "T":
            return limits.PING_FAST_S * limits.PINGS_MISSED_MAX
        if state in ("D", "t"):
            return max(limits.DISK_WAIT_S_MAX, self.busy_max_s)
        return self.busy_max_s


class Watchdog:
    """Watch the running children of one supervisor."""

    def __init__(self) -> None:
        self._watched: dict[str, _Watched] = {}
        self._last_nonce = 0
        self._due_s: float | None = None
        self._step_s = limits.PING_IDLE_S

    def watch(self, name: str, incarnation: int, pid: int, busy_max_s: float) -> None:
        """Watch a child that serves; replaces an earlier incarnation."""
        self._watched[name] = _Watched(name, incarnation, pid, busy_max_s)

    def forget(self, name: str) -> None:
        """Stop watching a child."""
        self._watched.pop(name, None)

    def suspect(self, name: str, incarnation: int, state_of: StateOf) -> list[Verdict]:
        """Look at a child at once and often for a while: somebody waits for it."""
        child = self._watched.get(name)
        if child is None or child.incarnation != incarnation:
            return []
        child.suspected_s = limits.SUSPECTED_S
        return self._look(child, 0.0, state_of)

    def glance(self, state_of: StateOf) -> list[Verdict]:
        """Ping those that are stopped (state T), which no healthy child ever is.

        It costs one read of the process's state each and lengthens no age, so a supervisor that
        is awake anyhow may do it between two ticks.
        """
        return [
            self._ping(child)
            for child in self._watched.values()
            if child.nonce == 0 and state_of(child.pid) == "T"
        ]

    def pong(self, name: str, incarnation: int, nonce: int) -> None:
        """Note an answer; one to another ping than the present one is nothing."""
        child = self._watched.get(name)
        if child is not None and child.incarnation == incarnation and child.nonce == nonce:
            child.nonce = 0
            child.silent_s = child.unasked_s = 0.0

    def interval_s(self) -> float:
        """Return how long to wait until the next tick."""
        is_fast = any(child.is_suspected for child in self._watched.values())
        return limits.PING_FAST_S if is_fast else limits.PING_IDLE_S

    def plan(self, now_s: float) -> float | None:
        """Return the delay until the next tick; None when one is due by then already.

        A child that is suspected again and again must not push the tick before itself.
        """
        step_s = self.interval_s()
        if self._due_s is not None and self._due_s <= now_s + step_s:
            return None
        self._step_s, self._due_s = step_s, now_s + step_s
        return step_s

    def tick(self, now_s: float, state_of: StateOf) -> list[Verdict]:
        """Look at the children and judge; call it when the time of `plan` is over.

        Args:
            now_s: Monotonic seconds.
            state_of: Tells the state of a process by its pid.
        """
        late_s = 0.0 if self._due_s is None else now_s - self._due_s
        self._due_s = None
        step_s = min(self._step_s, self._step_s + late_s)
        verdicts: list[Verdict] = []
        if late_s > limits.PING_FAST_S:
            step_s = 0.0
            if self._forgive():
                verdicts.append(Slept(late_s))
        for child in list(self._watched.values()):
            verdicts.extend(self._look(child, step_s, state_of))
        return verdicts

    def _look(self, child: _Watched, step_s: float, state_of: StateOf) -> list[Verdict]:
        state = state_of(child.pid)
        if state in (None, "Z", "X"):
            return []
        child.unasked_s += step_s
        child.suspected_s = max(child.suspected_s - step_s, 0.0)
        if child.nonce and step_s:
            child.silent_s += step_s
            if child.silent_s >= child.limit_s(state or ""):
                self.forget(child.name)
                return [Frozen(child.name, child.incarnation, child.silent_s, state or "")]
        if child.nonce:
            return []
        # Asleep and not asked for is how a healthy idle actor looks.
        looks_well = state == "S" and child.suspected_s == 0
        if looks_well and child.unasked_s < limits.PING_RARE_S:
            return []
        return [self._ping(child)]

    def _ping(self, child: _Watched) -> SendPing:
        self._last_nonce += 1
        child.nonce, child.silent_s = self._last_nonce, 0.0
        return SendPing(child.name, self._last_nonce)

    def _forgive(self) -> bool:
        """Let all ages start again; tell whether there were any."""
        silent = [child for child in self._watched.values() if child.silent_s]
        for child in silent:
            child.silent_s = 0.0
        return bool(silent)
