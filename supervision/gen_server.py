"""The base of every process: calls with deadlines, timers, watched files, and one honest way to crash.

Thespian hands a message to the handler a second time when the handler raised, and keeps the actor (thespian.md D16).
So this class catches everything itself: the caller gets `Crashed` once, the parent gets `Exiting`, and the process
leaves. What a subclass writes is OTP's `init`, `handle_call`, `handle_cast`, `handle_info` and `terminate`.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar, Final

from mimo.config import limits, logs
from mimo.config.clock import SYSTEM_CLOCK, Clock
from mimo.config.errors import Crashed, InvalidRequest, MimoError
from mimo.supervision import messages as m
from mimo.supervision import runtime
from mimo.supervision.caller import Caller
from mimo.supervision.inbox import Answer, Inbox
from mimo.supervision.timers import Timers

#: What `handle_call` returns when it will answer later with `reply`.
NO_REPLY: Final = object()

#: How long a leaving process may take to hand its last messages to the network, in seconds.
FLUSH_S = 1.0
#: Exit code of a process that an exception ended. Source: sysexits.h EX_SOFTWARE.
CRASHED_EXIT_CODE = 70


class Ignore(Exception):  # noqa: N818  OTP's word
    """Raised by `init`: don't run, keep the spec. Source: OTP gen_server, ignore."""


class _RenewLease:
    """Timer payload: subscriptions are leases."""


class _CheckCalls:
    """Timer payload: look for calls that are late."""


def failure(error: MimoError) -> m.Failure:
    """Return the error as a value that travels."""
    return m.Failure(code=error.code, message=error.message, retry_after_s=error.retry_after_s)


class GenServer(runtime.Actor):  # type: ignore[misc]  Thespian has no types
    """One process of the tree. See the module for what a subclass overrides."""

    #: Whether replies to calls with an idempotency key are kept and given again.
    remembers_replies: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self.name = ""
        self.incarnation = 0
        self.clock: Clock = SYSTEM_CLOCK
        self.spec: Any = None
        self.parent: m.Address = None
        self.registry: m.Address = None
        self._is_started = False
        self._start_deferred = False
        self._inbox = Inbox("", 0, remembers=False)
        self._caller = Caller(self.post)
        self._known_names: set[str] = set()
        self._monitored: set[str] = set()
        self._timers = Timers()
        self._armed_s: float | None = None
        self._check_timer: int | None = None
        self._watched: dict[int, Callable[[], None]] = {}
        self._outbox: OrderedDict[str, tuple[m.Address, list[Any]]] = OrderedDict()
        self._current: m.Call | None = None
        self._handled = 0
        self._busy_s = 0.0

    # -- What a subclass writes --------------------------------------------------------------
    def init(self, args: dict[str, Any]) -> None:
        """Prepare to serve; raise to fail the start, raise `Ignore` to stay down."""

    def handle_call(self, request: Any, call: m.Call) -> Any:  # noqa: ARG002
        """Answer a request: return the value, or `NO_REPLY` and `reply` later.

        Raises:
            MimoError: Becomes a `Failure`; anything else ends the process.
        """
        raise InvalidRequest(
            f"expected a request that {self.name} answers, got {type(request).__name__}"
        )

    def handle_batch(self, calls: list[m.Call]) -> None:
        """Handle calls that came together; override to commit them as a group."""
        for call in calls:
            self.handle_one(call)

    def handle_cast(self, request: Any) -> None:
        """Handle a request that wants no answer."""
        self._log_unknown(request)

    def handle_info(self, info: Any) -> None:
        """Handle a timer's payload, or `Up` and `Down` of a monitored name."""

    def handle_message(self, message: Any, sender: m.Address) -> bool:  # noqa: ARG002
        """Handle a message outside the gen-server protocol; return whether it was known."""
        return False

    def terminate(self, reason: m.ExitReason) -> None:
        """Tidy up before an orderly exit; not called on a crash or a kill."""

    def statistics_extra(self) -> dict[str, Any]:
        """Return what this process adds to its `Statistics`: plain values."""
        return {}

    # -- Services: asking --------------------------------------------------------------------
    def call(  # noqa: PLR0913  one argument for each field of the call
        self,
        target: str,
        request: Any,
        then: Callable[[Any], None],
        *,
        timeout_s: float = limits.CALL_TIMEOUT_S,
        key: str | None = None,
        request_id: str = "",
        retry: bool = True,
    ) -> int:
        """Send a request; `then` gets the value or a `Failure`, exactly once, unless the call is cancelled.

        Args:
            target: Name of the process that shall answer.
            request: The message.
            then: Continuation; runs in this process.
            timeout_s: Seconds until `then` gets `deadline_exceeded`.
            key: Idempotency key; needed where repeating the request would do harm.
            request_id: The id for the log.
            retry: Whether to send it again to the successor when the target dies.

        Raises:
            Busy: Too many calls wait for this target already.
        """
        self._follow(target)
        now_s = self.clock.monotonic_s()
        call_id = self._caller.submit(
            target,
            request,
            then,
            now_s=now_s,
            deadline_s=now_s + timeout_s,
            key=key,
            request_id=request_id,
            retry=retry,
        )
        self._schedule_check(now_s)
        return call_id

    def cancel_call(self, call_id: int) -> None:
        """Forget a call: its continuation won't run, a reply that still comes is dropped."""
        self._caller.cancel(call_id, self.clock.monotonic_s())

    def cast(self, target: str, request: Any, request_id: str = "") -> bool:
        """Send a request that wants no answer, at most once; return False while the target is down."""
        self._follow(target)
        peer = self._caller.peer(target)
        if peer is None:
            return False
        cast = m.Cast(
            target=target, incarnation=peer.incarnation, request=request, request_id=request_id
        )
        self.post(peer.address, cast)
        return True

    def load(self, target: str) -> int:
        """Return how many calls of this process wait for or are at `target`."""
        return self._caller.load(target)

    def is_up(self, target: str) -> bool:
        """Tell whether `target` is known to serve."""
        return self._caller.peer(target) is not None

    def monitor(self, *names: str) -> None:
        """Get `Up` and `Down` of these names through `handle_info`."""
        self._monitored.update(names)
        self._follow(*names)

    def post(self, address: m.Address, message: Any) -> None:
        """Send a message to an address at the end of this turn; what goes to one address travels together."""
        self._outbox.setdefault(str(address), (address, []))[1].append(message)

    # -- Services: answering -----------------------------------------------------------------
    def reply(self, call: m.Call, value: Any) -> None:
        """Answer a call that `handle_call` left open; a second answer is dropped."""
        for answer in self._inbox.finish(call, value):
            self._send_answer(answer)

    def handle_one(self, call: m.Call) -> None:
        """Run `handle_call` for one call and answer it, unless it returned `NO_REPLY`."""
        self._current = call
        try:
            value = self.handle_call(call.request, call)
        except MimoError as error:
            value = failure(error)
        self._current = None
        if value is not NO_REPLY:
            self.reply(call, value)

    # -- Services: time, files, life ---------------------------------------------------------
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
        """Stop watching `fd`; before closing it, since its reuse would crash the process (thespian.md 5)."""
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
        """Tell the parent why, hand over what is queued, and end the process. Doesn't return."""
        if self.parent is not None:
            exiting = m.Exiting(name=self.name, incarnation=self.incarnation, reason=reason)
            self.post(self.parent, exiting)
        self._flush_outbox()
        runtime.flush(self, FLUSH_S)
        os._exit(exit_code)

    def statistics(self) -> m.Statistics:
        """Return what this process tells about itself."""
        return m.Statistics(
            name=self.name,
            mailbox=len(self._inbox),
            outstanding=len(self._caller),
            handled=self._handled,
            late_replies=self._caller.late_replies,
            expired_calls=self._inbox.expired,
            busy_s=self._busy_s,
            extra=self.statistics_extra(),
        )

    # -- The loop ----------------------------------------------------------------------------
    def receiveMessage(self, message: Any, sender: m.Address) -> Any:  # noqa: N802  Thespian's name
        """Handle one message of the runtime; whatever goes wrong ends the process, once."""
        began_s = self.clock.monotonic_s()
        try:
            self._dispatch(message, sender)
            self._flush_outbox()
            self._arm()
        except Exception as error:  # noqa: BLE001  the one place where a process crashes
            self._crash(error)
        self._busy_s += self.clock.monotonic_s() - began_s
        return runtime.ThespianWatch(list(self._watched)) if self._watched else None

    def _dispatch(self, message: Any, sender: m.Address) -> None:
        match message:
            case m.Batch():
                for item in message.items:
                    if not isinstance(item, m.Call):
                        self._dispatch(item, sender)
                self._handle_calls(
                    [item for item in message.items if isinstance(item, m.Call)], sender
                )
            case m.Call():
                self._handle_calls([message], sender)
            case m.Reply():
                self._caller.on_reply(message, self.clock.monotonic_s())
            case m.Cast():
                if self._inbox.is_mine(message.target, message.incarnation):
                    self._handled += 1
                    self.handle_cast(message.request)
            case runtime.WakeupMessage():
                self._armed_s = None
                for payload in self._timers.due(self.clock.monotonic_s()):
                    self._handle_timer(payload)
            case runtime.WatchMessage():
                for fd in message.ready:
                    if callback := self._watched.get(fd):
                        callback()
            case m.Up() | m.Down():
                self._handle_peer(message)
            case _:
                self._dispatch_lifecycle(message, sender)

    def _dispatch_lifecycle(self, message: Any, sender: m.Address) -> None:
        match message:
            case m.Ping():
                pong = m.Pong(name=self.name, incarnation=self.incarnation, nonce=message.nonce)
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
                    self._log_unknown(message)

    def _handle_start(self, start: m.Start, sender: m.Address) -> None:
        self.name, self.incarnation, self.spec = start.name, start.incarnation, start.spec
        self.parent, self.registry = sender, start.registry
        self._inbox = Inbox(self.name, self.incarnation, remembers=self.remembers_replies)
        try:
            self.init(start.args)
        except Ignore:
            self.post(sender, m.Ignored(name=self.name, incarnation=self.incarnation))
            self.leave(m.NORMAL, 0)
        except MimoError as error:
            self.fail_start(error.message)
        except Exception as error:  # noqa: BLE001  a failed start is told to the parent
            self.fail_start(f"{type(error).__name__}: {error}")
        if not self._start_deferred:
            self.started()

    def fail_start(self, detail: str) -> None:
        """Tell the parent that this process can't start, and end it. Doesn't return."""
        log = logs.get_logger(self.name)
        log.error("supervision.start_failed", child=self.name, reason=detail)
        failed = m.StartFailed(name=self.name, incarnation=self.incarnation, detail=detail)
        self.post(self.parent, failed)
        self.leave(m.ExitReason(kind="start_failed", detail=detail), CRASHED_EXIT_CODE)

    def _handle_calls(self, calls: list[m.Call], sender: m.Address) -> None:
        now_s = self.clock.monotonic_s()
        ready: list[m.Call] = []
        for call in calls:
            asker = call.reply_to if call.reply_to is not None else sender
            verdict = self._inbox.accept(call, asker, now_s)
            if isinstance(verdict, Answer):
                self._send_answer(verdict)
            elif verdict is not None and isinstance(call.request, m.GetStatistics):
                self.reply(call, self.statistics())
            elif verdict is not None:
                ready.append(verdict)
        if ready:
            self._handled += len(ready)
            self.handle_batch(ready)

    def _handle_timer(self, payload: Any) -> None:
        now_s = self.clock.monotonic_s()
        if isinstance(payload, _CheckCalls):
            self._check_timer = None
            self._caller.check(now_s)
            self._schedule_check(now_s)
        elif isinstance(payload, _RenewLease):
            self._subscribe(tuple(self._known_names))
            self.after(limits.LEASE_RENEWED_S, payload)
        else:
            self.handle_info(payload)

    def _handle_peer(self, message: m.Up | m.Down) -> None:
        now_s = self.clock.monotonic_s()
        if isinstance(message, m.Up):
            is_new = self._caller.on_up(message, now_s)
        else:
            is_new = self._caller.on_down(message)
        self._schedule_check(now_s)
        if is_new and message.name in self._monitored:
            self.handle_info(message)

    def _schedule_check(self, now_s: float) -> None:
        """Have one timer for late calls while any is open; a thousand calls a second don't make a thousand timers."""
        due_s = self._caller.next_check_s(now_s)
        if self._check_timer is None and due_s is not None:
            delay_s = min(max(due_s - now_s, 0.0), limits.SUSPECT_AFTER_S)
            self._check_timer = self.after(delay_s, _CheckCalls())

    def _follow(self, *names: str) -> None:
        new = tuple(name for name in names if name not in self._known_names)
        if new:
            if not self._known_names:
                self.after(limits.LEASE_RENEWED_S, _RenewLease())
            self._known_names.update(new)
            self._subscribe(new)

    def _subscribe(self, names: tuple[str, ...]) -> None:
        if self.registry is not None:
            self.post(self.registry, m.Subscribe(names=names, lease_s=limits.LEASE_S))

    def _send_answer(self, answer: Answer) -> None:
        reply = m.Reply(
            id=answer.call.id, name=self.name, incarnation=self.incarnation, value=answer.value
        )
        self.post(answer.asker, reply)

    def _flush_outbox(self) -> None:
        while self._outbox:
            _, (address, items) = self._outbox.popitem(last=False)
            self.send(address, items[0] if len(items) == 1 else m.Batch(items=tuple(items)))

    def _arm(self) -> None:
        """Ask the runtime for one wakeup at the nearest timer."""
        next_s = self._timers.next_s()
        if next_s is not None and (self._armed_s is None or next_s < self._armed_s):
            self._armed_s = next_s
            self.wakeupAfter(timedelta(seconds=max(next_s - self.clock.monotonic_s(), 0.0)))

    def _crash(self, error: Exception) -> None:
        detail = f"{type(error).__name__}: {error}"
        log = logs.get_logger(self.name)
        current = self._current
        log.error(
            "supervision.child_crashed",
            child=self.name,
            reason=detail,
            context=type(current.request).__name__ if current else "",
            request_id=current.request_id if current else "",
            exc_info=error,
        )
        self._outbox.clear()
        if current is not None:
            crashed = Crashed(f"expected an answer, got a crash of {self.name}; the log says why")
            self.reply(current, failure(crashed))
        self.leave(m.ExitReason(kind="crashed", detail=detail), CRASHED_EXIT_CODE)

    def _log_unknown(self, message: Any) -> None:
        log = logs.get_logger(self.name)
        log.warning("supervision.unknown_message", child=self.name, message=type(message).__name__)
