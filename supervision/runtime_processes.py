"""Life and death of Thespian's processes, made exact: one notice per death, no inherited endpoints, no orphans."""

from __future__ import annotations

import faulthandler
import os
import signal
import stat
import time
from dataclasses import dataclass
from typing import Any

from thespian.system.messages.admin import PendingActorResponse

from mimo.supervision import platform
from mimo.supervision.runtime_library import ChildActorExited, processes, transports

_FATAL = (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL)
_start_admin = processes.startAdmin
_start_logger = processes.startupASLogger


@dataclass(slots=True)
class Surroundings:
    """What a booted system's processes need to know; inherited by fork.

    Args:
        guardian_pid: Who must adopt the admin and with whom it dies; 0 for nobody.
        fault_fd: Where tracebacks of fatal signals go; None for nowhere.
        keep_fds: Open files that the processes keep.
    """

    guardian_pid: int = 0
    fault_fd: int | None = None
    keep_fds: tuple[int, ...] = ()


surroundings = Surroundings()


def drop_inherited_files(keep: tuple[int, ...] = ()) -> None:
    """Put /dev/null in place of every inherited pipe, socket and listener but those in `keep`.

    The numbers stay taken, so that a forgotten Python object can't close a file that was opened later.
    """
    null = os.open(os.devnull, os.O_RDWR)
    kept = {0, 1, 2, null, *keep}
    for fd in platform.open_files():
        if fd in kept:
            continue
        try:
            mode = os.fstat(fd).st_mode
            if stat.S_ISSOCK(mode) or stat.S_ISFIFO(mode):
                os.dup2(null, fd)
        except OSError:
            continue
    os.close(null)


def detach_stdio(fault_fd: int | None) -> None:
    """Point stdin and stdout at /dev/null and stderr at `fault_fd`, or /dev/null too."""
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1):
        os.dup2(null, fd)
    os.dup2(null if fault_fd is None else fault_fd, 2)
    os.close(null)


def _kept() -> tuple[int, ...]:
    fault = () if surroundings.fault_fd is None else (surroundings.fault_fd,)
    return (*fault, *surroundings.keep_fds)


def _let_fatal_signals_kill() -> None:
    for number in _FATAL:
        signal.signal(number, signal.SIG_DFL)
    if surroundings.fault_fd is not None:
        faulthandler.enable(file=surroundings.fault_fd)


def start_admin(*args: Any) -> None:
    """Start the admin without the starter's endpoints and stdio."""
    detach_stdio(surroundings.fault_fd)
    drop_inherited_files(_kept())
    Admin.forked_from = os.getpid()
    _start_admin(*args)


def start_logger(*args: Any) -> None:
    """Start the logger without the admin's listening socket; it dies with the admin."""
    platform.die_with_parent()
    drop_inherited_files(_kept())
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _start_logger(*args)


class ExactDeaths:
    """Report every child's death once, also of children that die together or before they have connected."""

    def _childExited(self, child_address: Any) -> None:  # noqa: N802  the library's name
        for child in list(getattr(self, "_child_procs", [])):
            if getattr(child, "childRealAddr", child.childAddr) == child_address:
                if self._checkChildLiveness(child):  # type: ignore[attr-defined]
                    child.reported = True
                else:
                    self._child_procs.remove(child)

    def childDied(self) -> bool:  # noqa: N802  the library's name
        """Report the dead children that weren't reported yet."""
        known = getattr(self, "_child_procs", [])
        dead = [child for child in known if not self._checkChildLiveness(child)]  # type: ignore[attr-defined]
        self._child_procs = [child for child in known if child not in dead]
        super().childDied()  # type: ignore[misc]
        for child in dead:
            if getattr(child, "reported", False):
                continue
            if hasattr(child, "childRealAddr"):
                self._report(child.childRealAddr)
            else:
                self.died_early(child.childNum)
        return True

    def _report(self, address: Any) -> None:
        transport = self.transport  # type: ignore[attr-defined]
        transport.scheduleTransmit(
            None, transports.TransmitIntent(transport.myAddress, ChildActorExited(address))
        )

    def died_early(self, number: int) -> None:
        """Handle the death of child `number` before it told its address."""
        raise NotImplementedError


class Admin(ExactDeaths, processes.MultiProcAdmin):  # type: ignore[misc]
    """Thespian's admin, which survives its logger and dies with its guardian."""

    forked_from = 0

    def __init__(self, *args: Any) -> None:
        self._become_ward()
        super().__init__(*args)

    @property
    def logDefs(self) -> Any:  # noqa: N802  the name the library reads when the logger has died
        """Return the logging definitions."""
        return self.logdefs

    def _become_ward(self) -> None:
        """Bind this process's life to the guardian that adopts it, once the process between has gone."""
        guardian = surroundings.guardian_pid
        if not guardian:
            return
        while os.getppid() == self.forked_from:
            time.sleep(0.0005)
        platform.die_with_parent()
        if os.getppid() != guardian:
            os._exit(1)

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
    """The shell around one actor, which dies with its parent and lets fatal signals kill."""

    def died_early(self, number: int) -> None:
        """Give the actor a `ChildActorExited` for a child that never told its address."""
        self._retryPendingChildOperations(number, None)

    def run(self) -> None:
        """Harden the process, then serve."""
        platform.die_with_parent()
        _let_fatal_signals_kill()
        super().run()


def install() -> None:
    """Make the library use these classes and functions in this process and its forks."""
    processes.startAdmin = start_admin
    processes.startupASLogger = start_logger
    processes.MultiProcAdmin = Admin
    processes.MultiProcManager = Manager


install()
