"""The calls that one process has made and not yet seen answered: deadlines, credits and repetition.

Pure: no clock, no messages. A gen-server asks it what to send, tells it what came, and acts.

A call is sent to one incarnation of its target. When that incarnation dies in silence the call goes
back to the head of the queue and is sent to the successor under the same idempotency key. A call
that was there at two deaths is sent alone from then on, so that a request that kills its worker
can't take innocent ones with it. A death that finds a call alone ends it, unless it is the first.
Deaths beside others prove nothing, nor does the end of a worker that was asked to leave.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Any

from mimo.config import limits
from mimo.config.errors import Busy

#: Deaths of its worker after which a call is sent alone.
LONE_AFTER_DEATHS = 2


@dataclass(slots=True)
class Pending:
    """One call that waits for its answer.

    Args:
        id: Correlation id.
        target: Name of the process that shall answer.
        request: The message.
        deadline_s: Absolute monotonic seconds.
        key: Idempotency key.
        request_id: The id for the log.
        retry: Whether it may be sent again after its worker died.
        attempt: How often it was sent, counting the next time.
        sent_to: Incarnation that has it; 0 while it waits in the queue.
        sent_at_s: When it was last sent.
        suspicions: How many of those workers died as a deadly request would have it.
    """

    id: int
    target: str
    request: Any
    deadline_s: float
    key: str | None = None
    request_id: str = ""
    retry: bool = True
    attempt: int = 1
    sent_to: int = 0
    sent_at_s: float = 0.0
    suspicions: int = 0

    @property
    def deaths(self) -> int:
        """Return how many workers died while they had this call."""
        return self.attempt - 1


class RequestTable:
    """Keep the calls of one process by target.

    Args:
        window: Most calls outstanding at one target. Source: thespian.md D9 and T4: twenty
            unacknowledged messages to one frozen peer stop the sender.
        queue_max: Most calls that wait for a place at one target.
        attempts_max: Most times that one call is sent.
    """

    def __init__(
        self,
        window: int = limits.OUTSTANDING_PER_PEER_MAX,
        queue_max: int = limits.QUEUED_PER_PEER_MAX,
        attempts_max: int = limits.ATTEMPTS_MAX,
    ) -> None:
        self._window = window
        self._queue_max = queue_max
        self._attempts_max = attempts_max
        self._next_id = 1
        self._all: dict[int, Pending] = {}
        self._queues: dict[str, deque[Pending]] = {}
        self._sent: dict[str, OrderedDict[int, Pending]] = {}
        self._incarnations: dict[str, int] = {}
        self.late_replies = 0

    def __len__(self) -> int:
        return len(self._all)

    def submit(  # noqa: PLR0913  one argument for each field of the call
        self,
        target: str,
        request: Any,
        *,
        deadline_s: float,
        key: str | None = None,
        request_id: str = "",
        retry: bool = True,
    ) -> int:
        """Queue a call and return its correlation id.

        Raises:
            Busy: `queue_max` calls wait for this target already.
        """
        queue = self._queues.setdefault(target, deque())
        if len(queue) >= self._queue_max:
            raise Busy(
                f"expected at most {self._queue_max} calls waiting for {target}, got one more; "
                "try again shortly",
                retry_after_s=0.1,
            )
        pending = Pending(self._next_id, target, request, deadline_s, key, request_id, retry)
        self._next_id += 1
        self._all[pending.id] = pending
        queue.append(pending)
        return pending.id

    def up(self, target: str, incarnation: int) -> list[Pending]:
        """Note that `target` serves as `incarnation`; return calls that can't be repeated.

        A newer incarnation implies the death of the one before.
        """
        known = self._incarnations.get(target, 0)
        if incarnation <= known:
            return []
        failed = self._requeue(target, known, is_suspicious=False)
        self._incarnations[target] = incarnation
        return failed

    def down(self, target: str, incarnation: int, *, is_suspicious: bool = True) -> list[Pending]:
        """Note that this incarnation died; return calls that can't be repeated, now forgotten.

        Args:
            target: Its name.
            incarnation: The one that died.
            is_suspicious: Whether what it worked on may have been the cause.
        """
        if self._incarnations.get(target) != incarnation:
            return []
        del self._incarnations[target]
        return self._requeue(target, incarnation, is_suspicious=is_suspicious)

    def incarnation(self, target: str) -> int | None:
        """Return the incarnation that serves, or None while the target is down."""
        return self._incarnations.get(target)

    def load(self, target: str) -> int:
        """Return how many calls wait for or are at `target`."""
        return len(self._queues.get(target, ())) + len(self._sent.get(target, ()))

    def due(self, target: str, now_s: float) -> list[Pending]:
        """Return the calls to send to `target` now, and count them as sent."""
        incarnation = self._incarnations.get(target)
        queue = self._queues.get(target)
        if incarnation is None or not queue:
            return []
        sent = self._sent.setdefault(target, OrderedDict())
        ready: list[Pending] = []
        while queue and len(sent) < self._window:
            lone = queue[0].deaths >= LONE_AFTER_DEATHS
            if sent and (lone or next(iter(sent.values())).deaths >= LONE_AFTER_DEATHS):
                break
            pending = queue.popleft()
            pending.sent_to, pending.sent_at_s = incarnation, now_s
            sent[pending.id] = pending
            ready.append(pending)
        return ready

    def reply(self, call_id: int, incarnation: int) -> Pending | None:
        """Return the call that this reply answers and forget it.

        None (and count) for a late or a stale one.
        """
        pending = self._all.get(call_id)
        if pending is None or pending.sent_to != incarnation:
            self.late_replies += 1
            return None
        self._forget(pending)
        return pending

    def cancel(self, call_id: int) -> Pending | None:
        """Forget a call; a reply that still comes counts as late."""
        pending = self._all.get(call_id)
        if pending is not None:
            self._forget(pending)
        return pending

    def expire(self, now_s: float) -> list[Pending]:
        """Return and forget the calls whose deadline has passed."""
        expired = [pending for pending in self._all.values() if pending.deadline_s <= now_s]
        for pending in expired:
            self._forget(pending)
        return expired

    def suspects(
        self, now_s: float, after_s: float = limits.SUSPECT_AFTER_S
    ) -> list[tuple[str, int]]:
        """Return (target, incarnation) of those that have kept a call for `after_s` or longer."""
        return [
            (target, first.sent_to)
            for target, sent in self._sent.items()
            if sent and now_s - (first := next(iter(sent.values()))).sent_at_s >= after_s
        ]

    def next_deadline_s(self) -> float | None:
        """Return the nearest deadline, or None when no call waits."""
        return min((pending.deadline_s for pending in self._all.values()), default=None)

    def has_sent(self) -> bool:
        """Tell whether any call is at a target."""
        return any(self._sent.values())

    def _requeue(self, target: str, incarnation: int, *, is_suspicious: bool) -> list[Pending]:
        """Put the dead incarnation's calls back in front, oldest first.

        Return those that end here.
        """
        sent = self._sent.get(target)
        if not sent or incarnation == 0:
            return []
        failed: list[Pending] = []
        queue = self._queues.setdefault(target, deque())
        is_alone = len(sent) == 1
        for pending in reversed(list(sent.values())):
            pending.sent_to = 0
            pending.attempt += 1
            pending.suspicions += is_suspicious
            is_poison = is_alone and pending.suspicions >= limits.DEATHS_ALONE_MAX
            if pending.retry and pending.attempt <= self._attempts_max and not is_poison:
                queue.appendleft(pending)
            else:
                del self._all[pending.id]
                failed.append(pending)
        sent.clear()
        return failed

    def _forget(self, pending: Pending) -> None:
        del self._all[pending.id]
        if pending.sent_to:
            self._sent[pending.target].pop(pending.id, None)
        else:
            self._queues[pending.target].remove(pending)
