"""The calls that one process has accepted and not yet answered; pure.

It drops what came too late or was meant for somebody else, refuses what is too much, and gives
calls with the same idempotency key the same answer, whether the first is still at work or long
done.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from mimo.config import limits
from mimo.config.errors import Busy
from mimo.supervision.messages import Address, Call, Failure


@dataclass(frozen=True, slots=True)
class Answer:
    """One value for one asker."""

    call: Call
    asker: Address
    value: Any


class Inbox:
    """Accept calls for the process `name` of `incarnation`.

    Args:
        name: The process's id.
        incarnation: Of this process.
        remembers: Whether answers to calls with a key are kept and given again.
        mailbox_max: Most calls accepted and not yet answered.
    """

    def __init__(
        self,
        name: str,
        incarnation: int,
        *,
        remembers: bool,
        mailbox_max: int = limits.MAILBOX_MAX,
    ) -> None:
        self._name = name
        self._incarnation = incarnation
        self._remembers = remembers
        self._mailbox_max = mailbox_max
        # By object identity: correlation ids are unique to their caller only.
        self._accepted: dict[int, tuple[Call, Address]] = {}
        self._same_key: dict[str, list[tuple[Call, Address]]] = {}
        self._kept: OrderedDict[str, Any] = OrderedDict()
        self.expired = 0

    def __len__(self) -> int:
        return len(self._accepted)

    def is_mine(self, target: str, incarnation: int) -> bool:
        """Tell whether a message for this name and incarnation is meant for this process."""
        return target == self._name and incarnation in (0, self._incarnation)

    def accept(self, call: Call, asker: Address, now_s: float) -> Call | Answer | None:
        """Decide on a call: return it to be handled, an `Answer` to send at once.

        Or None when nothing is to be done.

        Args:
            call: What came.
            asker: Where its answer goes.
            now_s: Monotonic seconds.
        """
        if not self.is_mine(call.target, call.incarnation):
            return None
        if call.deadline_s <= now_s:
            self.expired += 1
            return None
        if len(self._accepted) >= self._mailbox_max:
            busy = Busy(
                f"expected at most {self._mailbox_max} calls at {self._name}, got one more; try "
                "again"
            )
            return Answer(
                call, asker, Failure(code=busy.code, message=busy.message, retry_after_s=0.1)
            )
        if self._remembers and call.key:
            if call.key in self._kept:
                return Answer(call, asker, self._kept[call.key])
            if call.key in self._same_key:
                self._same_key[call.key].append((call, asker))
                return None
            self._same_key[call.key] = []
        self._accepted[id(call)] = (call, asker)
        return call

    def finish(self, call: Call, value: Any) -> list[Answer]:
        """Return the answers to send for a call and for those that wait for the same key.

        A second end gives none.
        """
        found = self._accepted.pop(id(call), None)
        if found is None:
            return []
        answers = [Answer(*found, value)]
        if self._remembers and call.key:
            waiting = self._same_key.pop(call.key, [])
            answers.extend(Answer(other, asker, value) for other, asker in waiting)
            if not isinstance(value, Failure):
                self._kept[call.key] = value
                if len(self._kept) > limits.REPLIES_KEPT_MAX:
                    self._kept.popitem(last=False)
        return answers
