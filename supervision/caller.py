"""The calling side of one process: who is where, what was asked, and what happens with each answer.

It follows the registry for the names that its process talks to, sends calls within their window,
repeats them to a successor and makes sure that each continuation runs exactly once. It owns no
clock and no transport.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mimo.config import limits
from mimo.config.errors import DeadlineExceeded, Restarting
from mimo.supervision import messages as m
from mimo.supervision.requests import Pending, RequestTable

Then = Callable[[Any], None]
Post = Callable[[m.Address, Any], None]


class Caller:
    """Make calls for one process.

    Args:
        post: Sends a message to an address at the end of the turn.
    """

    def __init__(self, post: Post) -> None:
        self._post = post
        self._table = RequestTable()
        self._then: dict[int, Then] = {}
        self._peers: dict[str, m.Up] = {}

    def __len__(self) -> int:
        return len(self._table)

    @property
    def late_replies(self) -> int:
        """Return how many replies came after their call had ended."""
        return self._table.late_replies

    def peer(self, name: str) -> m.Up | None:
        """Return where `name` serves, or None while it is down."""
        return self._peers.get(name)

    def load(self, target: str) -> int:
        """Return how many calls wait for or are at `target`."""
        return self._table.load(target)

    def has_sent(self) -> bool:
        """Tell whether any call waits for an answer of its target."""
        return self._table.has_sent()

    def submit(  # noqa: PLR0913  one argument for each field of the call
        self,
        target: str,
        request: Any,
        then: Then,
        *,
        now_s: float,
        deadline_s: float,
        key: str | None,
        request_id: str,
        retry: bool,
    ) -> int:
        """Queue a call, send it if its target is up and has room, and return its id.

        Raises:
            Busy: Too many calls wait for this target.
        """
        call_id = self._table.submit(
            target, request, deadline_s=deadline_s, key=key, request_id=request_id, retry=retry
        )
        self._then[call_id] = then
        self._send_due(target, now_s)
        return call_id

    def cancel(self, call_id: int, now_s: float) -> None:
        """Forget a call; its continuation won't run."""
        self._then.pop(call_id, None)
        pending = self._table.cancel(call_id)
        if pending is not None:
            self._send_due(pending.target, now_s)

    def on_reply(self, reply: m.Reply, now_s: float) -> None:
        """Run the continuation of the call that this reply answers; drop a late or stale one."""
        pending = self._table.reply(reply.id, reply.incarnation)
        if pending is None:
            return
        self._send_due(pending.target, now_s)
        self._finish(pending, reply.value)

    def on_up(self, up: m.Up, now_s: float) -> bool:
        """Note where a name serves; return False when that was known or is outdated."""
        known = self._peers.get(up.name)
        if known is not None and known.incarnation >= up.incarnation:
            return False
        self._peers[up.name] = up
        self._fail(self._table.up(up.name, up.incarnation), up.name)
        self._send_due(up.name, now_s)
        return True

    def on_down(self, down: m.Down) -> bool:
        """Note that an incarnation died; return False when it wasn't the known one."""
        known = self._peers.get(down.name)
        if known is None or known.incarnation != down.incarnation:
            return False
        del self._peers[down.name]
        is_suspicious = not down.reason.is_normal
        failed = self._table.down(down.name, down.incarnation, is_suspicious=is_suspicious)
        self._fail(failed, down.name)
        return True

    def check(self, now_s: float) -> None:
        """End the calls whose deadline has passed and report targets that keep a call for long."""
        for pending in self._table.expire(now_s):
            state = "no answer from" if pending.sent_to else "no running"
            error = DeadlineExceeded(
                f"expected an answer in time, got {state} {pending.target}; repeat the call with "
                "the same key"
            )
            self._finish(pending, m.Failure(code=error.code, message=error.message))
            self._send_due(pending.target, now_s)
        for target, incarnation in self._table.suspects(now_s):
            peer = self._peers.get(target)
            if peer is not None and peer.supervisor is not None:
                self._post(peer.supervisor, m.Suspect(name=target, incarnation=incarnation))

    def next_check_s(self, now_s: float) -> float | None:
        """Return when `check` should run next, or None when no call is open."""
        deadline_s = self._table.next_deadline_s()
        if deadline_s is None:
            return None
        return min(deadline_s, now_s + limits.SUSPECT_AFTER_S) if self.has_sent() else deadline_s

    def _send_due(self, target: str, now_s: float) -> None:
        peer = self._peers.get(target)
        if peer is None:
            return
        for pending in self._table.due(target, now_s):
            self._post(
                peer.address,
                m.Call(
                    id=pending.id,
                    target=target,
                    incarnation=pending.sent_to,
                    request=pending.request,
                    deadline_s=pending.deadline_s,
                    attempt=pending.attempt,
                    key=pending.key,
                    request_id=pending.request_id,
                ),
            )

    def _fail(self, failed: list[Pending], target: str) -> None:
        """End calls that won't be sent again."""
        for pending in failed:
            if pending.retry:
                message = (
                    f"expected an answer, got the death of {target} each of "
                    f"{pending.deaths} times; don't repeat it"
                )
                value = m.Failure(code="crashed", message=message)
            else:
                error = Restarting(
                    f"expected an answer, got the death of {target}; the outcome is unknown"
                )
                value = m.Failure(code=error.code, message=error.message, retry_after_s=0.5)
            self._finish(pending, value)

    def _finish(self, pending: Pending, value: Any) -> None:
        then = self._then.pop(pending.id, None)
        if then is not None:
            then(value)
