"""The processes of one supervisor's children: born, watched, and each death noticed exactly once.

A death is proved by the process's pidfd in the actor's own loop, at once and at no idle cost; where
that can't be had the processes are polled. Thespian's notices are hints to look. The reason of a
death comes from the child's `Exiting`, which may arrive before or after the proof; so a child that
left by itself gets `limits.LAST_WORDS_S` to be heard. Silence means killed.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
from dataclasses import dataclass
from functools import partial
from typing import Any

from mimo.config import faultpoints, limits
from mimo.config.errors import StartError
from mimo.supervision import messages as m
from mimo.supervision import platform, runtime
from mimo.supervision.process import Process
from mimo.supervision.specs import ChildSpec


@dataclass(slots=True, eq=False)
class ChildProcess:
    """One process.

    Args:
        name: The child's id.
        incarnation: Of this process.
        address: Where it hears.
        pid: Its process id.
        handle: Tells its exit code once it is dead.
        fd: Readable once it is dead; None where deaths are polled.
        last_words: The reason from its `Exiting`, or of the verdict that killed it.
        is_dead: Whether the proof of its death has come.
    """

    name: str
    incarnation: int
    address: m.Address
    pid: int
    handle: Any
    fd: int | None = None
    last_words: m.ExitReason | None = None
    is_dead: bool = False

    @property
    def signal_number(self) -> int:
        """Return the signal that ended it; 0 if it left by itself, lives, or nobody knows."""
        return max(-(self.handle.exitcode or 0), 0)


@dataclass(frozen=True, slots=True)
class WordsOver:
    """Timer payload: the child has had its time for last words."""

    name: str
    incarnation: int


@dataclass(frozen=True, slots=True)
class PollDeaths:
    """Timer payload: look for dead children."""


#: What importing a module may raise: a broken one must not end the supervisor.
_IMPORT_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    NameError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)


def load_class(path: str) -> type[Any]:
    """Return the actor class of this dotted path.

    Raises:
        StartError: There is none.
    """
    module_name, _, class_name = path.rpartition(".")
    try:
        found = getattr(importlib.import_module(module_name), class_name)
    except _IMPORT_ERRORS as error:
        raise StartError(
            f"expected an actor class at {path!r}, got {type(error).__name__}: {error}"
        ) from error
    if not (isinstance(found, type) and issubclass(found, runtime.Actor)):
        raise StartError(f"expected an actor class at {path!r}, got {found!r}")
    return found


class Offspring(Process):
    """The part of a supervisor that makes processes and notices their deaths."""

    def __init__(self) -> None:
        super().__init__()
        self._processes: dict[str, ChildProcess] = {}
        self._is_polling = False

    def child_died(self, name: str, incarnation: int, reason: m.ExitReason) -> None:
        """Act on the proven death of a child; called once a process."""
        raise NotImplementedError

    def process(self, name: str, incarnation: int = 0) -> ChildProcess | None:
        """Return the child's present process; None when it has another incarnation or none."""
        found = self._processes.get(name)
        if found is None or incarnation not in (0, found.incarnation):
            return None
        return found

    def spawn(self, spec: ChildSpec, incarnation: int, registry: m.Address) -> None:
        """Fork the child's process and send it `Start`.

        Raises:
            StartError: No process could be made.
        """
        kind = load_class(spec.start)
        try:
            if faultpoints.ARMED:
                faultpoints.reach("supervisor.before_spawn", spec.id)
            address = self.createActor(kind)
        except OSError as error:
            raise StartError(f"expected a process for {spec.id}, got {error}") from error
        pid = runtime.last_child_pid(self)
        if pid == 0:
            raise StartError(f"expected a process for {spec.id}, got none from the runtime")
        handle = runtime.last_child_process(self)
        child = ChildProcess(spec.id, incarnation, address, pid, handle)
        self._processes[spec.id] = child
        if faultpoints.ARMED:
            faultpoints.reach("supervisor.after_spawn", spec.id)
        start = m.Start(
            name=spec.id,
            incarnation=incarnation,
            args=spec.args,
            registry=registry,
            rest_after_s=spec.rest_after_s,
            data_bytes_max=spec.data_bytes_max,
            spec=spec if spec.type == "supervisor" else None,
        )
        self.post(address, start)
        self._watch(child)

    def kill(self, name: str, incarnation: int, verdict: m.ExitReason | None = None) -> None:
        """Send SIGKILL; `verdict` becomes the reason of the death."""
        child = self.process(name, incarnation)
        if child is None or child.is_dead:
            return
        if verdict is not None:
            child.last_words = verdict
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)

    def heard_exiting(self, message: m.Exiting) -> None:
        """Take the last words of a child; a verdict weighs more."""
        child = self.process(message.name, message.incarnation)
        if child is None:
            return
        if child.last_words is None:
            child.last_words = message.reason
        if child.is_dead:
            self._bury(child)

    def look_for_deaths(self) -> None:
        """Look at every child now; for hints and where deaths are polled."""
        for child in list(self._processes.values()):
            if not child.is_dead and not platform.is_alive(child.pid):
                self._note_death(child)

    def handle_offspring_timer(self, payload: Any) -> bool:
        """Handle a timer of this part; return whether it was one."""
        match payload:
            case WordsOver():
                child = self.process(payload.name, payload.incarnation)
                if child is not None and child.is_dead:
                    self._bury(child)
            case PollDeaths():
                self._is_polling = False
                self.look_for_deaths()
                self._poll_if_needed()
            case _:
                return False
        return True

    def _watch(self, child: ChildProcess) -> None:
        try:
            child.fd = platform.watch_process(child.pid)
        except ProcessLookupError:
            self._note_death(child)
            return
        if child.fd is not None:
            self.watch_fd(child.fd, partial(self._note_death, child))
        self._poll_if_needed()

    def _poll_if_needed(self) -> None:
        unwatched = any(child.fd is None for child in self._processes.values())
        if unwatched and not self._is_polling:
            self._is_polling = True
            self.after(limits.POLL_DEATHS_S, PollDeaths())

    def _note_death(self, child: ChildProcess) -> None:
        child.is_dead = True
        if child.fd is not None:
            self.unwatch_fd(child.fd)
            os.close(child.fd)
            child.fd = None
        if child.last_words is not None or child.signal_number:
            self._bury(child)
        else:
            self.after(limits.LAST_WORDS_S, WordsOver(child.name, child.incarnation))

    def _bury(self, child: ChildProcess) -> None:
        if self._processes.get(child.name) is child:
            del self._processes[child.name]
            self.child_died(child.name, child.incarnation, child.last_words or _silence(child))


def _silence(child: ChildProcess) -> m.ExitReason:
    number = child.signal_number
    if not number:
        return m.KILLED
    with contextlib.suppress(ValueError):
        return m.ExitReason(kind="killed", detail=signal.Signals(number).name)
    return m.ExitReason(kind="killed", detail=f"signal {number}")
