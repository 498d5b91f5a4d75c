"""The only contact with Thespian: a hardened multiprocTCPBase, and the names others may use.

Its sixteen known defects (D1 to D16 in `tests/contract/test_thespian_defects.py`) are cured here
and in the `runtime_*.py` modules, without a change to the library's files; D16 is cured by
`process.py`, which lets no exception reach the library.
"""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from mimo.config.clock import SYSTEM_CLOCK
from mimo.config.errors import StartError, Unavailable
from mimo.supervision import runtime_processes
from mimo.supervision.lifeline import Lifeline
from mimo.supervision.loopback import LOOPBACK, free_port
from mimo.supervision.runtime_library import (
    Actor,
    ActorAddress,
    ActorExitRequest,
    ActorSystem,
    ActorSystemBase,
    ActorSystemException,
    ActorSystemMessage,
    ChildActorExited,
    DeadEnvelope,
    PoisonMessage,
    ReceiveEnvelope,
    ThespianWatch,
    TransmitIntent,
    TransmitOnly,
    WakeupMessage,
    WatchMessage,
    log_to,
    tcp,
)
from mimo.supervision.runtime_transport import transport_for

__all__ = [
    "LOOPBACK",
    "Actor",
    "ActorAddress",
    "ActorExitRequest",
    "ActorSystem",
    "ActorSystemMessage",
    "ChildActorExited",
    "DeadEnvelope",
    "Endpoint",
    "PoisonMessage",
    "ThespianWatch",
    "WakeupMessage",
    "WatchMessage",
    "attach",
    "boot",
    "create_root",
    "flush",
    "free_port",
    "last_child_pid",
    "last_child_process",
]

_QUIET = {
    "version": 1,
    "handlers": {"none": {"class": "logging.NullHandler"}},
    "root": {"level": "CRITICAL", "handlers": ["none"]},
}


class _AttachedBase(ActorSystemBase):  # type: ignore[misc]
    """A client's side of a running system."""

    def _startAdmin(self, *_: Any) -> None:  # noqa: N802  the library's name
        raise Unavailable("expected a running node, got none at its port; start it: `mimo start`")

    def _verifyAdminRunning(self) -> bool:  # noqa: N802  the library's name
        """Ask once; the library would go on asking for 11 s."""
        if not super()._verifyAdminRunning():
            raise Unavailable("expected the node to answer within 2 s; see `mimo status`")
        return True


def _open(base: type[Any], port: int, key: bytes) -> ActorSystem:
    facade = SimpleNamespace(capabilities={"Admin Port": port, "Process Startup Method": "fork"})
    keyed = type(base.__name__, (base,), {"transportType": transport_for(key)})
    system = ActorSystem(keyed(facade, logDefs=_QUIET), transientUnique=True)
    system.capabilities = facade.capabilities
    return system


def boot(
    port: int,
    key: bytes,
    *,
    log_dir: Path | None = None,
    guardian_pid: int = 0,
    lifeline: Lifeline | None = None,
) -> ActorSystem:
    """Start an actor system on loopback and return the handle to it.

    Args:
        port: The admin's port, free.
        key: Signs every frame; 16 to 64 bytes.
        log_dir: Where Thespian's own log and tracebacks of fatal signals go; None for nowhere.
        guardian_pid: The sub-reaper that adopts the admin; the system dies with it. 0 for nobody.
        lifeline: The guardian's, where the kernel can't bind lives.

    Raises:
        StartError: The admin didn't come up, or this process has other threads: a lock that one
            of them holds would stay locked in every fork (D14).
    """
    if threading.active_count() > 1:
        names = ", ".join(sorted(thread.name for thread in threading.enumerate()))
        raise StartError(f"expected to fork actors from a process with one thread, got {names}")
    around = runtime_processes.surroundings
    around.guardian_pid, around.lifeline = guardian_pid, lifeline
    around.logging_root, around.logging_manager = logging.root, logging.Logger.manager
    log_to(os.devnull)
    if log_dir is not None:
        log_to(str(log_dir / "thespian.log"))
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        around.fault_fd = os.open(log_dir / "faults.log", flags, 0o600)
    runtime_processes.install()
    try:
        return _open(ActorSystemBase, port, key)
    except ActorSystemException as error:
        raise StartError(f"expected an actor system at port {port}, got: {error}") from error


def attach(port: int, key: bytes) -> ActorSystem:
    """Return a handle to the actor system at `port`; never starts one.

    Raises:
        Unavailable: No admin answers there within 2 s.
    """
    return _open(_AttachedBase, port, key)


def last_child_process(actor: Actor) -> Any:
    """Return the handle of the process that `actor.createActor` has just forked.

    Its `exitcode` is None while it lives, and minus the number of the signal that ended it.
    """
    return actor._myRef._child_procs[-1].childProc  # noqa: SLF001


def create_root(system: ActorSystem, path: str) -> ActorAddress:
    """Start the actor class at the dotted `path` as a child of the admin.

    Raises:
        StartError: It can't be imported, or died while it started.
    """
    try:
        return system.createActor(path)
    except (ActorSystemException, ImportError) as error:
        raise StartError(f"expected {path} to start, got: {error}") from error


class Endpoint:
    """A place outside the actor system that sends to actors and receives from them.

    For one thread; never starts a system and needs no admin.

    Args:
        port: The admin's port.
        key: The system's key.
    """

    def __init__(self, port: int, key: bytes) -> None:
        admin = tcp.TCPTransport.getAdminAddr({"Admin Port": port})
        self._transport = transport_for(key)(tcp.ExternalTransportCopy(), admin, False, False)

    def send(self, address: ActorAddress, message: Any) -> None:
        """Queue a message; `receive` or `flush` moves what can't go at once."""
        self._transport.scheduleTransmit(None, TransmitIntent(address, message))

    def receive(self, timeout_s: float) -> Any:
        """Return the next message, or None after `timeout_s` seconds."""
        found = self._transport.run(None, max(timeout_s, 0.0))
        return found.message if isinstance(found, ReceiveEnvelope) else None

    def flush(self, max_s: float) -> bool:
        """Transmit what is queued, for at most `max_s` seconds; tell whether all went."""
        return _flush(self._transport, max_s)

    def close(self) -> None:
        """Give the endpoint's sockets back."""
        self._transport.close()


def flush(actor: Actor, max_s: float) -> bool:
    """Transmit what `actor` has queued, for at most `max_s` seconds; tell whether all went.

    What was transmitted arrives even if the process ends right afterwards.
    """
    return _flush(actor._myRef.transport, max_s)  # noqa: SLF001


def _flush(transport: Any, max_s: float) -> bool:
    end_s = SYSTEM_CLOCK.monotonic_s() + max_s
    while transport.unsent:
        left_s = end_s - SYSTEM_CLOCK.monotonic_s()
        if left_s <= 0:
            return False
        transport.run(TransmitOnly, left_s)
    return True


def last_child_pid(actor: Actor) -> int:
    """Return the pid of the process that `actor.createActor` has just forked.

    0 when the actor couldn't fork it by itself, as with a class that can't be imported.
    """
    return int(actor._myRef.last_child_pid)  # noqa: SLF001
