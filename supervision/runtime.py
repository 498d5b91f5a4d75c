"""The only contact with Thespian: a hardened multiprocTCPBase, and the names that the rest of Mimo may use."""

from __future__ import annotations

import logging
import os
import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from thespian.system import multiprocTCPBase
from thespian.system.transport import streamBuffer

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
    ActorSystemException,
    ActorSystemMessage,
    ChildActorExited,
    DeadEnvelope,
    PoisonMessage,
    ThespianWatch,
    WakeupMessage,
    WatchMessage,
    log_to,
    tcp,
    transports,
)
from mimo.supervision.signing import Signer

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
]

_ACKS = {
    pickle.dumps(text): text for text in (streamBuffer.ackPacket, streamBuffer.ackDataErrPacket)
}


class _SignedPickle:
    def __init__(self, key: bytes) -> None:
        self._signer = Signer(key)

    def dumps(self, value: Any) -> bytes:
        return self._signer.sign(pickle.dumps(value, 5))

    def loads(self, frame: bytes) -> Any:
        if frame in _ACKS:
            return _ACKS[frame]
        return pickle.loads(self._signer.open(frame))


tcp.thespian.system.transport.IPBase.IPActorAddress.bindArgs = property(
    lambda self: ((LOOPBACK, self.bindname[1]),)
)


class _Transport(tcp.TCPTransport):  # type: ignore[misc]
    pass


class _Base(multiprocTCPBase.ActorSystemBase):  # type: ignore[misc]
    transportType = _Transport  # noqa: N815  the library's name


class _AttachedBase(_Base):
    def _startAdmin(self, *_: Any) -> None:  # noqa: N802  the library's name
        raise Unavailable(
            "expected a running node, found none at its port; start it with `mimo start`"
        )


def _open(base: type[Any], port: int, key: bytes) -> Any:
    tcp.serializer = _SignedPickle(key)
    facade = SimpleNamespace(capabilities={"Admin Port": port, "Process Startup Method": "fork"})
    quiet = {
        "version": 1,
        "handlers": {"none": {"class": "logging.NullHandler"}},
        "root": {"level": "CRITICAL", "handlers": ["none"]},
    }
    system = ActorSystem(base(facade, logDefs=quiet), transientUnique=True)
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
        key: Signs every frame.
        log_dir: Where Thespian's own log and tracebacks of fatal signals go; None for nowhere.
        guardian_pid: The sub-reaper that adopts the admin; the whole system dies with it. 0 for nobody.
        lifeline: The guardian's, where the kernel can't bind lives.
    """
    around = runtime_processes.surroundings
    around.guardian_pid = guardian_pid
    around.lifeline = lifeline
    around.logging_root, around.logging_manager = logging.root, logging.Logger.manager
    runtime_processes.install()
    log_to(os.devnull)
    if log_dir is not None:
        log_to(str(log_dir / "thespian.log"))
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        around.fault_fd = os.open(log_dir / "faults.log", flags, 0o600)
    return _open(_Base, port, key)


def attach(port: int, key: bytes) -> ActorSystem:
    """Return a handle to the actor system at `port`; never starts one.

    Raises:
        Unavailable: No admin answers there.
    """
    return _open(_AttachedBase, port, key)


def flush(actor: Actor, max_s: float) -> None:
    """Transmit what `actor` has queued, for at most `max_s` seconds."""
    _flush(actor._myRef.transport, max_s)  # noqa: SLF001


def _flush(transport: Any, max_s: float) -> None:
    end_s = SYSTEM_CLOCK.monotonic_s() + max_s
    while (left_s := end_s - SYSTEM_CLOCK.monotonic_s()) > 0:
        if not transport.run(transports.TransmitOnly, left_s):
            return


def last_child_pid(actor: Actor) -> int:
    """Return the pid of the process that `actor.createActor` has just forked; 0 if there is none."""
    return int(actor._myRef.last_child_pid)  # noqa: SLF001


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
    """A place outside the actor system that can send to actors and receive from them.

    One thread at a time; never starts a system, needs no admin.

    Args:
        port: The admin's port.
        key: The system's key.
    """

    def __init__(self, port: int, key: bytes) -> None:
        tcp.serializer = _SignedPickle(key)
        admin = tcp.TCPTransport.getAdminAddr({"Admin Port": port})
        self._transport = _Transport(tcp.ExternalTransportCopy(), admin, False, False)

    def send(self, address: ActorAddress, message: Any) -> None:
        """Queue a message; `receive` or `flush` moves it."""
        intent = transports.TransmitIntent(address, message)
        self._transport.scheduleTransmit(None, intent)

    def receive(self, timeout_s: float) -> Any:
        """Return the next message, or None after `timeout_s` seconds."""
        end_s = SYSTEM_CLOCK.monotonic_s() + timeout_s
        while (left_s := end_s - SYSTEM_CLOCK.monotonic_s()) > 0:
            found = self._transport.run(None, left_s)
            if isinstance(found, transports.ReceiveEnvelope):
                return found.message
        return None

    def flush(self, max_s: float) -> None:
        """Transmit what is queued, for at most `max_s` seconds."""
        _flush(self._transport, max_s)

    def close(self) -> None:
        """Give the endpoint's sockets back."""
        self._transport.close()
