"""The base of every worker: OTP's gen_server over one actor process.

A subclass writes `init`, `handle_call`, `handle_cast`, `handle_info` and `terminate`. An exception
in a handler gives its caller `Crashed`, once, and ends the process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final

from mimo.config import faultpoints, limits
from mimo.config.errors import Crashed, InvalidRequest, MimoError
from mimo.supervision import messages as m
from mimo.supervision.caller import Caller
from mimo.supervision.inbox import Answer, Inbox
from mimo.supervision.process import Ignore, Process

__all__ = ["NO_REPLY", "GenServer", "Ignore", "failure"]

#: What `handle_call` returns when it will answer later with `reply`.
NO_REPLY: Final = object()


class _RenewLease:
    """Timer payload: subscriptions are leases."""


class _LookForWork:
    """Timer payload: a process that has nothing to do may rest."""


class _CheckCalls:
    """Timer payload: look for calls that are late."""


def failure(error: MimoError) -> m.Failure:
    """Return the error as a value that travels."""
    return m.Failure(code=error.code, message=error.message, retry_after_s=error.retry_after_s)


class GenServer(Process):
    """One worker of the tree. See the module for what a subclass overrides."""

    #: Whether replies to calls with an idempotency key are kept and given again.
    remembers_replies: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self._inbox = Inbox("", 0, remembers=False)
        self._caller = Caller(self.post)
        self._known_names: set[str] = set()
        self._monitored: set[str] = set()
        self._check_timer: int | None = None
        self._current: m.Call | None = None
        self._handled = 0
        self._handled_before = 0

    # -- What a subclass writes --------------------------------------------------------------
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
        self.log_unknown(request)

    def may_rest(self) -> bool:
        """Tell whether nothing is lost when this process ends now and starts at the next call.

        Asked when it had no work for its spec's `rest_after_s`.
        """
        return True

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
        """Send a request.

        `then` gets the value or a `Failure`, exactly once, unless the call is cancelled.

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
        self.follow(target)
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
        self._demand(target)
        return call_id

    def cancel_call(self, call_id: int) -> None:
        """Forget a call: its continuation won't run, a reply that still comes is dropped."""
        self._caller.cancel(call_id, self.clock.monotonic_s())

    def cast(self, target: str, request: Any, request_id: str = "") -> bool:
        """Send a request that wants no answer, at most once.

        Return False while the target is down.
        """
        self.follow(target)
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
        self.follow(*names)

    # -- Services: answering -----------------------------------------------------------------
    def reply(self, call: m.Call, value: Any) -> None:
        """Answer a call that `handle_call` left open; a second answer is dropped."""
        if faultpoints.ARMED and faultpoints.reach("gen_server.before_reply", self.name):
            return
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
    def prepare(self) -> None:
        """Set up the inbox for this name and incarnation."""
        self._inbox = Inbox(self.name, self.incarnation, remembers=self.remembers_replies)
        if self.rest_after_s is not None:
            self.after(self.rest_after_s, _LookForWork())

    def dispatch(self, message: Any, sender: m.Address) -> None:
        """Hand a message to the one that handles it."""
        match message:
            case m.Batch():
                for item in message.items:
                    if not isinstance(item, m.Call):
                        self.dispatch(item, sender)
                calls = [item for item in message.items if isinstance(item, m.Call)]
                self._handle_calls(calls, sender)
            case m.Call():
                self._handle_calls([message], sender)
            case m.Reply():
                self._caller.on_reply(message, self.clock.monotonic_s())
            case m.Cast():
                if self._inbox.is_mine(message.target, message.incarnation):
                    self._handled += 1
                    self.handle_cast(message.request)
            case m.Up() | m.Down():
                self._handle_peer(message)
            case _:
                super().dispatch(message, sender)

    def handle_timer(self, payload: Any) -> None:
        """Handle a timer: ours here, all others in `handle_info`."""
        now_s = self.clock.monotonic_s()
        if isinstance(payload, _CheckCalls):
            self._check_timer = None
            self._caller.check(now_s)
            self._schedule_check(now_s)
        elif isinstance(payload, _LookForWork):
            self._look_for_work()
        elif isinstance(payload, _RenewLease):
            self._subscribe(tuple(self._known_names))
            self.after(limits.LEASE_RENEWED_S, payload)
        else:
            self.handle_info(payload)

    def crash(self, error: Exception, request: str = "", request_id: str = "") -> None:
        """Answer the call at hand with `Crashed`, once, and end the process."""
        current = self._current
        if current is not None:
            text = f"expected an answer, got a crash of {self.name}; the log says why"
            self.reply(current, failure(Crashed(text)))
            request, request_id = type(current.request).__name__, current.request_id
        super().crash(error, request, request_id)

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

    def _handle_peer(self, message: m.Up | m.Down) -> None:
        now_s = self.clock.monotonic_s()
        if isinstance(message, m.Up):
            is_new = self._caller.on_up(message, now_s)
        else:
            is_new = self._caller.on_down(message)
        self._schedule_check(now_s)
        if isinstance(message, m.Down) and self._caller.load(message.name):
            self._demand(message.name)
        if is_new and message.name in self._monitored:
            self.handle_info(message)

    def _schedule_check(self, now_s: float) -> None:
        """Have one timer for late calls while any is open.

        A thousand calls a second don't make a thousand timers.
        """
        due_s = self._caller.next_check_s(now_s)
        if self._check_timer is None and due_s is not None:
            delay_s = min(max(due_s - now_s, 0.0), limits.SUSPECT_AFTER_S)
            self._check_timer = self.after(delay_s, _CheckCalls())

    def _demand(self, target: str) -> None:
        """Have a target started that rests, which only the registry knows."""
        if self.registry is not None and self._caller.peer(target) is None:
            self.post(self.registry, m.Demand(name=target))

    def _look_for_work(self) -> None:
        is_idle = self._handled == self._handled_before
        if is_idle and not len(self._inbox) and not len(self._caller) and self.may_rest():
            self.stop(m.NORMAL)
        self._handled_before = self._handled
        self.after(self.rest_after_s or 0.0, _LookForWork())

    def follow(self, *names: str) -> None:
        """Learn where these processes serve, before the first call to them."""
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
