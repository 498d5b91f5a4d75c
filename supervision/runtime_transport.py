"""Mimo's transport under Thespian's TCP base: loopback, signed, without acknowledgements.

It keeps the library's addresses and its contract with actor, admin and client, and replaces how
bytes move. Messages from one actor to another arrive in the order they were sent, a stalled
receiver stalls nobody else, and another thread may send (D8, D9, D12, D13).
"""

from __future__ import annotations

import heapq
import pickle
import select
import socket
import threading
from collections import deque
from typing import Any

from thespian.system.messages.multiproc import ChildMayHaveDied
from thespian.system.timing import timePeriodSeconds
from thespian.system.transport import (
    Thespian__Run_Expired,
    Thespian__Run_HandlerResult,
    Thespian__Run_Terminated,
    Thespian__UpdateWork,
)

from mimo.config.clock import SYSTEM_CLOCK
from mimo.supervision.loopback import LOOPBACK
from mimo.supervision.runtime_library import (
    ActorExitRequest,
    CannotPickleAddress,
    ReceiveEnvelope,
    SendStatus,
    TransmitOnly,
    WakeupMessage,
    WatchMessage,
    complain,
    ip,
    tcp,
)
from mimo.supervision.runtime_outbox import Outbox
from mimo.supervision.runtime_reception import Reception

#: Connections that may wait in the kernel to be accepted.
BACKLOG = 1_024
#: How often it is looked for what waits too long, in seconds.
EXPIRY_LOOK_S = 1.0
#: Messages handled before the sockets get their turn again.
HANDLED_AT_ONCE = 64

_STATUS = {
    "sent": SendStatus.Sent,
    "dead": SendStatus.DeadTarget,
    "failed": SendStatus.Failed,
}
# The library binds all interfaces and has no setting against it (D12).
ip.IPActorAddress.bindArgs = property(lambda self: ((LOOPBACK, self.bindname[1]),))

_now_s = SYSTEM_CLOCK.monotonic_s


class LoopbackTransport(tcp.TCPTransport):  # type: ignore[misc]
    """One process's listener, its connections, its timers and its loop."""

    _checkChildren: bool  # noqa: N815  the library's name
    _shutdownSignalled: bool  # noqa: N815  the library's name
    #: The generation's key; a subclass a key, so that forks inherit it and nothing else shows it.
    key = b""

    def __init__(self, *args: Any) -> None:
        self._is_closed = True
        super().__init__(*args)
        self._is_closed = False
        self.socket.listen(BACKLOG)
        self._name = self.myAddress.addressDetails.sockname
        self._poll = select.poll()
        self._outbox = Outbox(self._poll, self.key, pickle.dumps(self.myAddress, 5))
        self._reception = Reception(self._poll, self.socket, self.key, complain)
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_read.setblocking(False)
        self._wake_write.setblocking(False)
        self._wake_fd = self._wake_read.fileno()
        self._poll.register(self._wake_fd, select.POLLIN)
        self._inbox: deque[Any] = deque()
        self._foreign: deque[Any] = deque()
        self._loop_thread: int | None = None
        self._timers: list[tuple[float, int, Any, Any]] = []
        self._timer_count = 0
        self._watched: list[int] = []
        self._look_s = 0.0
        #: None, or that the loop shall end: once all is sent (True), or at once (False).
        self._ending: bool | None = None

    # -- Sending -----------------------------------------------------------------------------
    def scheduleTransmit(  # noqa: N802  the library's name
        self,
        addressManager: Any,  # noqa: N803
        intent: Any,
        has_exclusive_flag: bool = False,  # noqa: ARG002, FBT001, FBT002
    ) -> None:
        """Send the intent's message.

        Raises:
            CannotPickleAddress: A child's address isn't known yet; the caller tries again later.
        """
        if addressManager:
            target, message = addressManager.prepMessageSend(intent.targetAddr, intent.message)
            if message is SendStatus.DeadTarget:
                intent.tx_done(SendStatus.Sent)
                return
            if target is None:
                raise CannotPickleAddress(intent.targetAddr)
            intent.changeTargetAddr(target)
            intent.changeMessage(message)
        if isinstance(intent.message, Thespian__UpdateWork):
            intent.tx_done(SendStatus.Sent)
            return
        loop_thread = self._loop_thread
        payload = pickle.dumps(intent.message, 5)
        if loop_thread is None or loop_thread == threading.get_ident():
            self._send(intent, payload)
        else:
            self._foreign.append((intent, payload))
            self._wake()

    def _send(self, intent: Any, payload: bytes) -> None:
        name = intent.targetAddr.addressDetails.sockname
        if name == self._name:
            self._inbox.append(ReceiveEnvelope(self.myAddress, intent.message))
            intent.tx_done(SendStatus.Sent)
        else:
            self._outbox.post(name, payload, intent)

    @property
    def unsent(self) -> int:
        """Return how many messages aren't written yet."""
        return self._outbox.unsent + len(self._foreign)

    def deadAddress(self, addressManager: Any, childAddr: Any) -> None:  # noqa: N802, N803
        """Drop what waits for a child that died."""
        address = addressManager.exportAddr(childAddr)
        if address is not None:
            self._outbox.forget(address.addressDetails.sockname)

    # -- The loop ----------------------------------------------------------------------------
    def run(self, incomingHandler: Any, maximumDuration: Any = None) -> Any:  # noqa: N803
        """Move messages until there is something to return.

        Args:
            incomingHandler: Gets each message, a false result ends the loop; None returns the
                first message; `TransmitOnly` handles none and returns when one or all were sent.
            maximumDuration: A timedelta or seconds; None is without limit.
        """
        end_s = None
        if maximumDuration is not None:
            end_s = _now_s() + timePeriodSeconds(maximumDuration)
        outer_thread, self._loop_thread = self._loop_thread, threading.get_ident()
        try:
            if incomingHandler is TransmitOnly:
                return self._transmit(end_s)
            self._ending = None
            return self._serve(incomingHandler, end_s)
        finally:
            self._loop_thread = outer_thread

    def _serve(self, handler: Any, end_s: float | None) -> Any:
        has_looked = False
        while True:
            result = self._deliver(handler)
            if result is not None:
                return result
            self._settle()
            if self._ending is False or (self._ending and not self._outbox.unsent):
                return Thespian__Run_Terminated()
            if has_looked and end_s is not None and _now_s() >= end_s:
                return Thespian__Run_Expired()
            self._step(end_s)
            has_looked = True

    def _transmit(self, end_s: float | None) -> Any:
        self._settle()
        before = self._outbox.unsent
        while self._outbox.unsent and self._outbox.unsent >= before:
            self._step(end_s, with_timers=False)
            self._settle()
            if end_s is not None and _now_s() >= end_s:
                break
        return self._outbox.unsent

    def _deliver(self, handler: Any) -> Any:
        """Hand out due timers and some messages; return what ends the loop, else None."""
        now_s = _now_s()
        while self._timers and self._timers[0][0] <= now_s:
            _, _, period, payload = heapq.heappop(self._timers)
            self._inbox.append(ReceiveEnvelope(self.myAddress, WakeupMessage(period, payload)))
        for _ in range(HANDLED_AT_ONCE):
            if self._checkChildren:
                self._checkChildren = False
                envelope = ReceiveEnvelope(self.myAddress, ChildMayHaveDied())
            elif self._shutdownSignalled:
                self._shutdownSignalled = False
                envelope = ReceiveEnvelope(self.myAddress, ActorExitRequest())
            elif self._inbox:
                envelope = self._inbox.popleft()
            else:
                return None
            if handler is None:
                return envelope
            result = Thespian__Run_HandlerResult(handler(envelope))
            if not result:
                return result
        return None

    def _settle(self) -> None:
        """Tell what became of what was sent; that may send more."""
        while self._foreign:
            self._send(*self._foreign.popleft())
        results = self._outbox.results
        while results:
            intent, outcome = results.popleft()
            intent.tx_done(_STATUS[outcome])

    def _step(self, end_s: float | None, *, with_timers: bool = True) -> None:
        """Wait for files, once, and move their bytes."""
        ready = []
        events = self._poll.poll(self._pause_ms(_now_s(), end_s, with_timers=with_timers))
        # Read again: the wait may have been long, and what came is judged by its age.
        now_s = _now_s()
        for fd, event in events:
            if fd in self._outbox:
                self._outbox.on_event(fd, event)
            elif fd in self._reception:
                self._reception.on_event(fd, now_s)
            elif fd == self._wake_fd:
                self._drain_wake()
            elif event & select.POLLNVAL:
                self._unwatch(fd)
            else:
                ready.append(fd)
        for sender, message in self._reception.arrived:
            self._inbox.append(ReceiveEnvelope(sender, message))
        self._reception.arrived.clear()
        if ready:
            self._inbox.append(ReceiveEnvelope(self.myAddress, WatchMessage(ready)))
        if now_s >= self._look_s and (self._outbox.unsent or self._reception.has_strangers):
            self._look_s = now_s + EXPIRY_LOOK_S
            self._outbox.expire(lambda intent: intent.expired())
            self._reception.expire(now_s)

    def _pause_ms(self, now_s: float, end_s: float | None, *, with_timers: bool) -> float | None:
        """Return how long to wait for files; None for ever."""
        if with_timers and (
            self._inbox or self._foreign or self._checkChildren or self._shutdownSignalled
        ):
            return 0
        ends = [end_s] if end_s is not None else []
        if with_timers and self._timers:
            ends.append(self._timers[0][0])
        if self._outbox.unsent or self._reception.has_strangers:
            ends.append(self._look_s)
        return max(min(ends) - now_s, 0) * 1_000 if ends else None

    # -- Timers, watched files, interruptions ------------------------------------------------
    def addWakeup(self, timePeriod: Any, payload: Any) -> None:  # noqa: N802, N803
        """Deliver a `WakeupMessage` after `timePeriod`; those due together come in order."""
        self._timer_count += 1
        due_s = _now_s() + timePeriodSeconds(timePeriod)
        heapq.heappush(self._timers, (due_s, self._timer_count, timePeriod, payload))

    def set_watch(self, watchlist: list[int]) -> None:
        """Tell the actor when one of these files becomes readable."""
        if watchlist == self._watched:
            return
        wanted = [fd for fd in watchlist if fd not in self._outbox and fd not in self._reception]
        for fd in set(self._watched) - set(wanted):
            self._unwatch(fd)
        for fd in wanted:
            self._poll.register(fd, select.POLLIN)
        self._watched = wanted

    def _unwatch(self, fd: int) -> None:
        self._watched = [other for other in self._watched if other != fd]
        if fd not in self._outbox and fd not in self._reception:
            self._poll.unregister(fd)

    def interrupt_wait(self, signal_shutdown: bool = False, check_children: bool = False) -> None:  # noqa: FBT001, FBT002
        """Have the loop look at signals; called by signal handlers."""
        self._shutdownSignalled |= signal_shutdown
        self._checkChildren |= check_children
        self._wake()

    def _wake(self) -> None:
        try:
            self._wake_write.send(b"!")
        except (BlockingIOError, OSError):
            return

    def _drain_wake(self) -> None:
        try:
            while self._wake_read.recv(4_096):
                continue
        except BlockingIOError:
            return

    def abort_run(self, drain: bool = False) -> None:  # noqa: FBT001, FBT002
        """End the loop: once all is sent, or at once."""
        self._ending = drain

    # -- What the library asks of a transport ------------------------------------------------
    def external_transport_clone(self) -> LoopbackTransport:
        """Return another endpoint to the same system."""
        return type(self)(tcp.ExternalTransportCopy(), self._adminAddr, self.txOnly, False)

    def childResetFileNumList(self) -> list[int]:  # noqa: N802
        """Return nothing: a child drops all its parent's sockets by itself."""
        return []

    def enableRXPauseFlowControl(self, enable: bool = True) -> None:  # noqa: FBT001, FBT002, N802
        """Do nothing: nobody pauses receiving here."""

    def _updateStatusResponse(self, resp: Any) -> None:  # noqa: N802
        """Add nothing: Mimo's own statistics tell more."""

    def close(self) -> None:
        """Give all sockets back."""
        if not self._is_closed:
            self._is_closed = True
            self._outbox.close()
            self._reception.close()
            self._wake_read.close()
            self._wake_write.close()


def transport_for(key: bytes) -> type[LoopbackTransport]:
    """Return the transport whose processes all hold `key`."""
    return type("LoopbackTransport", (LoopbackTransport,), {"key": key})
