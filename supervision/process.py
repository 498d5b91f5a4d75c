"""One actor process: start, loop, timers, watched files, and one honest way to crash.

Thespian 4.0.1 hands a message to the handler a second time when the handler raised, and keeps the
actor. So this class catches everything itself: the parent gets `Exiting`, and the process leaves.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from mimo.config import faultpoints, logs
from mimo.config.clock import SYSTEM_CLOCK, Clock
from mimo.config.errors import MimoError
from mimo.supervision import messages as m
from mimo.supervision import platform, runtime
from mimo.supervision.timers import Timers

#: How long a leaving process may take to hand its last messages to the network, in seconds.
FLUSH_S = 1.0
#: Exit code of a process that an exception ended. Source: sysexits.h EX_SOFTWARE.
CRASHED_EXIT_CODE = 70


class Ignore(Exception):  # noqa: N818  OTP's word
    """Raised by `init`: don't run, keep the spec. Source: OTP gen_server, ignore."""


class Process(runtime.Actor):  # type: ignore[misc]  # Thespian has no types
    """The part of a gen-server that knows no calls."""

    def __init__(self) -> None:
        super().__init__()
        self.name = ""
        self.incarnation = 0
        self.clock: Clock = SYSTEM_CLOCK
        self.spec: Any = None
        self.parent: m.Address = None
        self.registry: m.Address = None
        self.rest_after_s: float | None = None
        self._is_started = False
        self._start_deferred = False
        self._timers = Timers()
        self._armed_s: float | None = None
        self._watched: dict[int, Callable[[], None]] = {}
        self._outbox: OrderedDict[str, tuple[m.Address, list[Any]]] = OrderedDict()
        self._busy_s = 0.0

    # -- What a subclass writes --------------------------------------------------------------
    def init(self, args: dict[str, Any]) -> None:
        """Prepare to serve; raise to fail the start, raise `Ignore` to stay down."""

    def handle_info(self, info: Any) -> None:
        """Handle a timer's payload."""

    def handle_message(self, message: Any, sender: m.Address) -> bool:  # noqa: ARG002
        """Handle a message outside the protocol; return whether it was known."""
        return False

    def terminate(self, reason: m.ExitReason) -> None:
        """Tidy up before an orderly exit; not called on a crash or a kill."""

    # -- Services ----------------------------------------------------------------------------
    def post(self, address: m.Address, message: Any) -> None:
        """Send a message at the end of this turn; what goes to one address travels together."""
        self._outbox.setdefault(str(address), (address, []))[1].append(message)

    def after(self, delay_s: float, info: Any) -> int:
        """Deliver `info` to `handle_info` after `delay_s` seconds; return the timer's id."""
        return self._timers.add(self.clock.monotonic_s() + delay_s, info)

    def cancel(self, timer_id: int) -> None:
        """Forget a timer; one that has fired is no error."""
        self._timers.cancel(timer_id)

    def watch_fd(self, fd: int, callback: Callable[[], None]) -> None:
        """Call `callback` whenever `fd` is readable; it must drain the descriptor."""
        self._watched[fd] = callback

    def unwatch_fd(self, fd: int) -> None:
        """Stop watching `fd`; before closing it, since its reuse would crash the process."""
        self._watched.pop(fd, None)

    def defer_start(self) -> None:
        """Say inside `init` that `started` will be called later."""
        self._start_deferred = True

    def started(self) -> None:
        """Report to the parent that this process serves; once."""
        if not self._is_started:
            self._is_started = True
            started = m.Started(name=self.name, incarnation=self.incarnation, pid=os.getpid())
            self.post(self.parent, started)

    def stop(self, reason: m.ExitReason = m.NORMAL) -> None:
        """Leave in order: `terminate`, tell the parent, exit. Doesn't return."""
        self.terminate(reason)
        self.leave(reason, 0)

    def leave(self, reason: m.ExitReason, exit_code: int) -> None:
        """Tell the parent why, hand over what is queued, and end. Doesn't return."""
        if self.parent is not None:
            exiting = m.Exiting(name=self.name, incarnation=self.incarnation, reason=reason)
            self.post(self.parent, exiting)
        self._flush_outbox()
        runtime.flush(self, FLUSH_S)
        os._exit(exit_code)

    def fail_start(self, detail: str, exit_code: int = 0) -> None:
        """Tell the parent that this process can't start, and end it. Doesn't return.

        Args:
            detail: Why, in one sentence.
            exit_code: What the node shall leave with where no further try can succeed; else 0.
        """
        log = logs.get_logger(self.name)
        log.error("supervision.child_start_failed", child=self.name, reason=detail)
        failed = m.StartFailed(
            name=self.name, incarnation=self.incarnation, detail=detail, exit_code=exit_code
        )
        self.post(self.parent, failed)
        self.leave(m.ExitReason(kind="start_failed", detail=detail), CRASHED_EXIT_CODE)

    # -- The loop ----------------------------------------------------------------------------
    def receiveMessage(self, message: Any, sender: m.Address) -> Any:  # noqa: N802  Thespian's name
        """Handle one message of the runtime; whatever goes wrong ends the process, once."""
        began_s = self.clock.monotonic_s()
        try:
            self.dispatch(message, sender)
            self._flush_outbox()
            self._arm()
        except Exception as error:  # noqa: BLE001  the one place where a process crashes
            self.crash(error)
        self._busy_s += self.clock.monotonic_s() - began_s
        return runtime.ThespianWatch(list(self._watched)) if self._watched else None

    def dispatch(self, message: Any, sender: m.Address) -> None:  # noqa: C901, PLR0912  a table
        """Hand a message to the one that handles it."""
        match message:
            case runtime.WakeupMessage():
                self._armed_s = None
                for payload in self._timers.due(self.clock.monotonic_s()):
                    self.handle_timer(payload)
            case runtime.WatchMessage():
                for fd in message.ready:
                    if callback := self._watched.get(fd):
                        callback()
            case m.Ping():
                nonce = message.nonce
                pong = m.Pong(name=self.name, incarnation=self.incarnation, nonce=nonce)
                self.post(sender, pong)
            case m.Start():
                if not self.name:
                    self._handle_start(message, sender)
            case m.Stop():
                if message.incarnation == self.incarnation:
                    self.stop(m.SHUTDOWN)
            case runtime.ActorExitRequest():
                self.terminate(m.SHUTDOWN)
            case _:
                known = self.handle_message(message, sender)
                if not known and not isinstance(message, runtime.ActorSystemMessage):
                    self.log_unknown(message)

    def handle_timer(self, payload: Any) -> None:
        """Handle a timer; the base hands it to `handle_info`."""
        self.handle_info(payload)

    def crash(self, error: Exception, request: str = "", request_id: str = "") -> None:
        """Log the error with OTP's fields and end the process. Doesn't return."""
        detail = f"{type(error).__name__}: {error}"
        logs.get_logger(self.name).error(
            "actor.crashed",
            child=self.name,
            reason=detail,
            context=request,
            request_id=request_id,
            exc_info=error,
        )
        self.leave(m.ExitReason(kind="crashed", detail=detail), CRASHED_EXIT_CODE)

    def log_unknown(self, message: Any) -> None:
        """Log a message that nobody here understands; it does no harm. Source: OTP gen_server."""
        log = logs.get_logger(self.name)
        log.warning("actor.unknown_message", child=self.name, message=type(message).__name__)

    def _handle_start(self, start: m.Start, sender: m.Address) -> None:
        self.name, self.incarnation, self.spec = start.name, start.incarnation, start.spec
        self.parent, self.registry = sender, start.registry
        self.rest_after_s = start.rest_after_s
        if start.data_bytes_max is not None:
            platform.limit_data(start.data_bytes_max)
        self.prepare()
        try:
            self.init(start.args)
        except Ignore:
            self.post(sender, m.Ignored(name=self.name, incarnation=self.incarnation))
            self.leave(m.NORMAL, 0)
        except MimoError as error:
            self.fail_start(error.message, error.exit_code if error.ends_start else 0)
        except Exception as error:  # noqa: BLE001  a failed start is told to the parent
            self.fail_start(f"{type(error).__name__}: {error}")
        if not self._start_deferred:
            self.started()

    def prepare(self) -> None:
        """Set up what needs the name and the incarnation, before `init`."""

    def _flush_outbox(self) -> None:
        while self._outbox:
            _, (address, items) = self._outbox.popitem(last=False)
            self.send(address, items[0] if len(items) == 1 else m.Batch(items=tuple(items)))
            if faultpoints.ARMED and any(isinstance(item, m.Reply) for item in items):
                faultpoints.reach("gen_server.after_reply", self.name)

    def _arm(self) -> None:
        """Ask the runtime for one wakeup at the nearest timer."""
        next_s = self._timers.next_s()
        if next_s is not None and (self._armed_s is None or next_s < self._armed_s):
            self._armed_s = next_s
            self.wakeupAfter(timedelta(seconds=max(next_s - self.clock.monotonic_s(), 0.0)))
