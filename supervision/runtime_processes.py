"""Life and death of Thespian's processes, made exact.

One notice per death, no inherited endpoints, no orphans, and a fatal signal kills.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import threading
import time
from dataclasses import dataclass
from typing import Any

from thespian.system.messages.admin import PendingActorResponse

from mimo.supervision import platform
from mimo.supervision.lifeline import Lifeline
from mimo.supervision.runtime_library import ChildActorExited, TransmitIntent, processes

_FATAL = (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL)
#: How long the admin waits for the process between it and its guardian to go, in seconds.
_ADOPTION_S = 10.0
_start_admin = processes.startAdmin
_start_logger = processes.startupASLogger


@dataclass(slots=True)
class Surroundings:
    """What a booted system's processes need to know; inherited by fork.

    Args:
        guardian_pid: Who adopts the admin and with whom it dies; 0 for nobody.
        lifeline: What the next fork holds on to where the kernel can't bind lives.
        fault_fd: Where tracebacks of fatal signals go; None for nowhere.
        logging_root: The root logger, which the library replaces with one that sends messages.
        logging_manager: What knows the other loggers; the library replaces it too.
    """

    guardian_pid: int = 0
    lifeline: Lifeline | None = None
    fault_fd: int | None = None
    logging_root: Any = None
    logging_manager: Any = None

    def kept_files(self) -> tuple[int, ...]:
        """Return the inherited files that a new process goes on using."""
        line = self.lifeline.files if self.lifeline is not None else ()
        return line if self.fault_fd is None else (*line, self.fault_fd)


surroundings = Surroundings()


def detach_stdio(fault_fd: int | None) -> None:
    """Point stdin and stdout at /dev/null, and stderr at `fault_fd` or at /dev/null too."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.dup2(null if fault_fd is None else fault_fd, 2)
    os.close(null)


def _let_fatal_signals_kill() -> None:
    """Take the library's handlers away; leave a traceback and die."""
    # Enabled already, as after a fork, `enable` would leave the library's handlers in place.
    faulthandler.disable()
    for number in _FATAL:
        signal.signal(number, signal.SIG_DFL)
    if surroundings.fault_fd is not None:
        faulthandler.enable(file=surroundings.fault_fd)


def start_admin(*args: Any) -> None:
    """Start the admin without the starter's endpoints, stdio and handlers."""
    detach_stdio(surroundings.fault_fd)
    platform.drop_inherited_files(surroundings.kept_files())
    _let_fatal_signals_kill()
    Admin.forked_from = os.getpid()
    _start_admin(*args)


def start_logger(*args: Any) -> None:
    """Start the logger without the admin's listening socket; it dies with the admin."""
    platform.die_with_parent(lifeline=surroundings.lifeline)
    platform.drop_inherited_files(surroundings.kept_files())
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _start_logger(*args)


def start_logger_process(*args: Any, **named: Any) -> Any:
    """Fork the logger with a lifeline to this process, the admin."""
    surroundings.lifeline = line = platform.new_lifeline()
    child = _start_logger_process(*args, **named)
    _hold(child, line)
    return child


def _hold(child: Any, line: Lifeline | None) -> None:
    """Let the child's life hang on `line` for as long as the library remembers the child."""
    surroundings.lifeline = None
    if line is not None:
        line.keep()
        child.lifeline = line


_start_logger_process = processes.startASLogger


class ExactDeaths:
    """Report every child's death once, also of those that die together or before they connect."""

    transport: Any
    _child_procs: list[Any]
    #: Pid of the process that was forked last; 0 when the last child wasn't forked here.
    last_child_pid = 0

    def _startChildActor(self, *args: Any, **named: Any) -> None:  # noqa: N802  the library's name
        """Fork the child with a lifeline to this process."""
        surroundings.lifeline = line = platform.new_lifeline()
        Manager.parent_pid = os.getpid()
        try:
            super()._startChildActor(*args, **named)  # type: ignore[misc]
        except BaseException:
            surroundings.lifeline = None
            raise
        child = self._child_procs[-1]
        self.last_child_pid = child.childProc.pid
        _hold(child, line)

    def _is_alive(self, child: Any) -> bool:
        return bool(self._checkChildLiveness(child))  # type: ignore[attr-defined]

    def _childExited(self, child_address: Any) -> None:  # noqa: N802  the library's name
        """Note that this child's death was told; the library forgets all dead ones here."""
        for child in list(getattr(self, "_child_procs", [])):
            if getattr(child, "childRealAddr", child.childAddr) == child_address:
                if self._is_alive(child):
                    child.reported = True
                else:
                    self._child_procs.remove(child)

    def childDied(self) -> bool:  # noqa: N802  the library's name
        """Report the dead children that weren't reported yet."""
        known = getattr(self, "_child_procs", [])
        dead = [child for child in known if not self._is_alive(child)]
        self._child_procs = [child for child in known if child not in dead]
        super().childDied()  # type: ignore[misc]
        for child in dead:
            if getattr(child, "reported", False):
                continue
            if hasattr(child, "childRealAddr"):
                notice = ChildActorExited(child.childRealAddr)
                intent = TransmitIntent(self.transport.myAddress, notice)
                self.transport.scheduleTransmit(None, intent)
            else:
                self.died_early(child.childNum)
        return True

    def died_early(self, number: int) -> None:
        """Handle the death of child `number` before it told its address."""
        raise NotImplementedError


class Admin(ExactDeaths, processes.MultiProcAdmin):  # type: ignore[misc]
    """Thespian's admin, which survives its logger and dies with its guardian."""

    forked_from = 0

    def __init__(self, *args: Any) -> None:
        _become_ward(self.forked_from)
        super().__init__(*args)

    @property
    def logDefs(self) -> Any:  # noqa: N802  the name that is read when the logger has died
        """Return the logging definitions."""
        return self.logdefs

    def died_early(self, number: int) -> None:
        """Tell who asked for the child that it won't come."""
        pending = self._pendingChildren
        for envelope in pending.pop(number, []) if isinstance(pending, dict) else []:
            self._sendPendingActorResponse(
                envelope,
                None,
                errorCode=PendingActorResponse.ERROR_Invalid_ActorClass,
                errorStr="died while it started",
            )


class Manager(ExactDeaths, processes.MultiProcManager):  # type: ignore[misc]
    """The shell around one actor, which dies with its parent; fatal signals kill it."""

    parent_pid = 0

    def died_early(self, number: int) -> None:
        """Give the actor a `ChildActorExited` for a child that never told its address."""
        self._retryPendingChildOperations(number, None)

    def createActor(self, *args: Any, **named: Any) -> Any:  # noqa: N802  the library's name
        """Create a child, and know whether it was forked here.

        Raises:
            RuntimeError: This process has other threads, whose locks would stay locked (D14).
        """
        if threading.active_count() > 1:
            raise RuntimeError("expected one thread in a process that forks, got more")
        self.last_child_pid = 0
        return super().createActor(*args, **named)

    def _send_intent(self, intent: Any, curtime: Any = None) -> None:  # noqa: ARG002
        """Send at once; the library would sleep 100 ms beyond 4,480 messages a second."""
        self._send_intent_to_transport(intent)

    def run(self) -> None:
        """Harden the process, then serve."""
        platform.die_with_parent(self.parent_pid, surroundings.lifeline)
        surroundings.lifeline = None
        _let_fatal_signals_kill()
        _restore_logging()
        super().run()


def _become_ward(between_pid: int) -> None:
    """Bind this process's life to the guardian that adopts it, once `between_pid` has gone."""
    guardian = surroundings.guardian_pid
    if surroundings.lifeline is not None:
        platform.die_with_parent(lifeline=surroundings.lifeline)
    if not guardian or platform.is_portable():
        return
    waited_s = 0.0
    while os.getppid() == between_pid and waited_s < _ADOPTION_S:
        time.sleep(0.0005)
        waited_s += 0.0005
    platform.die_with_parent(guardian)


def _restore_logging() -> None:
    """Undo the library's redirection: a log record is no message and never raises."""
    if surroundings.logging_root is not None:
        logging.root = surroundings.logging_root
        logging.Logger.root = surroundings.logging_root
        logging.Logger.manager = surroundings.logging_manager


#: Where the library's arguments for a child name the files it closes.
_FILES_ARGUMENT = 12


def _start_child(*args: Any) -> None:
    """Start an actor's process without its parent's other files."""
    platform.drop_inherited_files(surroundings.kept_files())
    _start_child_process(*args[:_FILES_ARGUMENT], [], *args[_FILES_ARGUMENT + 1 :])


_start_child_process = processes.startChild


def install() -> None:
    """Make the library use these classes and functions in this process and its forks."""
    processes.startAdmin = start_admin
    processes.startASLogger = start_logger_process
    processes.startupASLogger = start_logger
    processes.startChild = _start_child
    processes.MultiProcAdmin = Admin
    processes.MultiProcManager = Manager
