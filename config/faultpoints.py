"""Named places where a test injects a fault; nothing at all unless MIMO_CHAOS=1.

A place is written so, which costs one attribute test in production:

    if faultpoints.ARMED and faultpoints.reach("writer.before_commit", self.name):
        return  # only where leaving the step out makes sense: the fault `drop`

`MIMO_FAULTS` says what happens there, entries separated by commas:

    writer.before_commit:crash@3                 SIGKILL at each process's 3rd time
    writer.before_commit:crash@3x1               the same, once over all processes
    gen_server.before_reply[memory/*]:delay=0.1%5   5 times in 100 a pause of 0.1 s
    gen_server.before_reply:drop@2               `reach` returns True the 2nd time
    writer.after_commit:error@1                  OSError(EIO) at the 1st time
    gen_server.before_reply[tools/web]:spin@1    computes for ever
    gen_server.before_reply[tools/web]:eat@1     takes memory until there is none for it

Without `@` or `%` it happens each time. `MIMO_SEED` seeds the random choices of each point, actor
and process; `x` needs `MIMO_FAULTS_DIR`, an empty folder in which the processes count together.
"""

from __future__ import annotations

import errno
import fnmatch
import os
import random
import re
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mimo.config import logs
from mimo.config.errors import SettingsError

#: Every fault point: name -> the moment it stands for.
POINTS = {
    "writer.before_commit": "A batch was applied and is about to be committed.",
    "writer.after_commit": "The batch is durable; nobody was answered.",
    "gen_server.before_reply": "A handler has returned; its reply isn't sent. Drop: it never is.",
    "gen_server.after_reply": "The reply was handed to the transport.",
    "procedures.before_save": "A step of a run is about to be saved.",
    "procedures.after_save": "A step is durable; what it wants done hasn't begun.",
    "procedures.after_effect": "A tool call of a run was answered; that isn't saved.",
    "tasks.before_save": "A step of the queue of tasks is about to be saved.",
    "tasks.after_save": "A step of the queue is durable; what it wants done hasn't begun.",
    "tasks.after_effect": "A call of a task was answered; that isn't saved.",
    "files.intended": "The intent of an edit is durable; no file has changed.",
    "files.put_aside": "New contents stand beside their files, durable.",
    "files.between": "One more file of an edit has changed.",
    "files.changed": "All files of an edit have changed; the journal doesn't know.",
    "supervisor.before_spawn": "A child is about to be forked; the actor is the child.",
    "supervisor.after_spawn": "A child was forked; it hasn't been told to start.",
    "heir.before_grant": "A table is about to be granted.",
    "heir.after_inherit": "A table came back from a dead owner.",
}

#: What the fault `eat` takes: 4 GiB, bit by bit.
_MOUTHFUL_BYTES = 16_777_216
_MOUTHFULS = 256

_ENTRY = re.compile(
    r"(?P<point>[a-z_.]+)(?:\[(?P<actor>[^\]]+)\])?:(?P<kind>crash|delay|drop|error|spin|eat)"
    r"(?:=(?P<seconds>\d+(?:\.\d+)?))?(?:@(?P<nth>\d+)|%(?P<percent>\d+(?:\.\d+)?))?"
    r"(?:x(?P<times>\d+))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One entry of `MIMO_FAULTS`.

    Args:
        point: A name of `POINTS`.
        kind: crash, delay, drop, error, spin or eat.
        actor: Pattern of the actors it applies to.
        seconds: How long a delay lasts.
        nth: Which time it happens, from 1; 0 means each.
        percent: How often it happens, 0 to 100.
        times_max: How often it happens over all processes; 0 means without limit.
    """

    point: str
    kind: str
    actor: str = "*"
    seconds: float = 0.0
    nth: int = 0
    percent: float = 100.0
    times_max: int = 0


def parse(spec: str) -> tuple[Fault, ...]:
    """Return the faults of a specification.

    Raises:
        SettingsError: An entry is wrong or its point unknown.
    """
    return tuple(_entry(text.strip()) for text in spec.split(",") if text.strip())


def _entry(text: str) -> Fault:
    found = _ENTRY.fullmatch(text)
    if found is None:
        raise SettingsError(
            "MIMO_FAULTS: expected entries such as 'writer.before_commit:crash@3',"
            f" got {text!r}; see mimo.config.faultpoints"
        )
    if found["point"] not in POINTS:
        raise SettingsError(
            f"MIMO_FAULTS: expected one of {', '.join(POINTS)}, got {found['point']!r};"
            " correct the name"
        )
    return Fault(
        point=found["point"],
        kind=found["kind"],
        actor=found["actor"] or "*",
        seconds=float(found["seconds"] or 0),
        nth=int(found["nth"] or 0),
        percent=float(found["percent"] or 100),
        times_max=int(found["times"] or 0),
    )


def _crash() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _eat() -> None:
    """Take memory until the process may have no more; far beyond what any worker needs, give up.

    Raises:
        MemoryError: There is none left for this process.
        OSError: It got all that this fault takes.
    """
    eaten = [bytearray(_MOUTHFUL_BYTES) for _ in range(_MOUTHFULS)]
    raise OSError(errno.ENOMEM, f"injected: {len(eaten)} mouthfuls and no limit")


class Injector:
    """Decides at each point whether a fault happens, and does it.

    Args:
        faults: What may happen.
        seed: Seed of the random choices.
        folder: Where processes count together; None allows no `times_max`.
        pause: How to spend the time of a delay.
        crash: How to end this process.
    """

    def __init__(
        self,
        faults: tuple[Fault, ...],
        seed: str,
        folder: Path | None,
        *,
        pause: Callable[[float], None] = time.sleep,
        crash: Callable[[], None] = _crash,
    ) -> None:
        if folder is None and any(fault.times_max for fault in faults):
            raise SettingsError("expected MIMO_FAULTS_DIR for a fault with 'x', got none; set it")
        self._faults = faults
        self._seed = seed
        self._folder = folder
        self._pause = pause
        self._crash = crash
        self._pid = 0
        self._hits: dict[tuple[int, str], int] = {}
        self._draws: dict[tuple[int, str], random.Random] = {}

    def reach(self, point: str, actor: str) -> bool:
        """Do what is due at `point` and tell whether the step is to be left out.

        Raises:
            OSError: The fault is `error`.
        """
        if self._pid != os.getpid():
            self._pid = os.getpid()
            self._hits.clear()
            self._draws.clear()
        is_dropped = False
        for index, fault in enumerate(self._faults):
            if fault.point != point or not fnmatch.fnmatchcase(actor, fault.actor):
                continue
            if self._is_due(index, fault, actor) and self._is_granted(index, fault):
                is_dropped = self._inject(fault, actor) or is_dropped
        return is_dropped

    def _is_due(self, index: int, fault: Fault, actor: str) -> bool:
        place = (index, actor)
        self._hits[place] = self._hits.get(place, 0) + 1
        if fault.nth:
            return self._hits[place] == fault.nth
        if place not in self._draws:
            self._draws[place] = random.Random(f"{self._seed}:{fault.point}:{actor}:{self._pid}")
        return self._draws[place].uniform(0, 100) < fault.percent

    def _is_granted(self, index: int, fault: Fault) -> bool:
        """Take one of the fault's places that all processes share."""
        if not fault.times_max or self._folder is None:
            return True
        for number in range(fault.times_max):
            try:
                (self._folder / f"fault-{index}-{number}").touch(exist_ok=False)
            except FileExistsError:
                continue
            return True
        return False

    def _inject(self, fault: Fault, actor: str) -> bool:
        logs.get_logger(actor).warning("fault.injected", point=fault.point, kind=fault.kind)
        if fault.kind == "crash":
            self._crash()
        elif fault.kind == "delay":
            self._pause(fault.seconds)
        elif fault.kind == "spin":
            while True:
                pass
        elif fault.kind == "eat":
            _eat()
        elif fault.kind == "error":
            raise OSError(errno.EIO, f"injected at {fault.point}")
        return fault.kind == "drop"


def from_environment(environ: Mapping[str, str]) -> Injector | None:
    """Return the injector that the environment asks for; None unless MIMO_CHAOS is 1.

    Raises:
        SettingsError: `MIMO_FAULTS` is wrong.
    """
    if environ.get("MIMO_CHAOS") != "1":
        return None
    folder = environ.get("MIMO_FAULTS_DIR")
    faults = parse(environ.get("MIMO_FAULTS", ""))
    return Injector(faults, environ.get("MIMO_SEED", "0"), Path(folder) if folder else None)


_INJECTOR = from_environment(os.environ)

#: Whether this process injects faults at all; decided once, when it starts.
ARMED = _INJECTOR is not None


def reach(point: str, actor: str = "") -> bool:
    """Do what is due at `point`; tell whether the step is to be left out.

    Raises:
        OSError: The fault is `error`.
    """
    return _INJECTOR is not None and _INJECTOR.reach(point, actor)
