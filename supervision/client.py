"""Calls into a running node from outside it, as the command line makes them.

Every call has an id, so a late reply is dropped and never taken for another's. A node that is dead,
frozen or between two generations fails the call within its timeout, with a sentence that says so.
"""

from __future__ import annotations

import pickle
import secrets
import select
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mimo.config import limits
from mimo.config.clock import SYSTEM_CLOCK, Clock
from mimo.config.errors import (
    DeadlineExceeded,
    MimoError,
    Restarting,
    Unavailable,
    all_error_types,
)
from mimo.supervision import messages as m
from mimo.supervision import platform, runtime
from mimo.supervision.card import NodeCard, holder_pid, read_card

#: Name of the root supervisor, which knows all others.
ROOT = "mimo"
#: Where a call waits for a node or a worker that is being replaced, in seconds between two looks.
_AGAIN_S = 0.05


def error_of(failure: m.Failure) -> MimoError:
    """Return the error that a failure stands for."""
    kind = all_error_types().get(failure.code, MimoError)
    return kind(failure.message, retry_after_s=failure.retry_after_s)


class Client:
    """One thread's way into a node.

    Args:
        run_dir: The run folder of the data directory.
        clock: Measures timeouts.
    """

    def __init__(self, run_dir: Path, clock: Clock = SYSTEM_CLOCK) -> None:
        self.run_dir = run_dir
        self._clock = clock
        self._card: NodeCard | None = None
        self._endpoint: runtime.Endpoint | None = None
        self._id = secrets.randbits(32)
        self._names: dict[str, m.Up] = {}
        #: Replies that came too late.
        self.late_replies = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def call(  # noqa: PLR0913  one argument for each field of the call
        self,
        name: str,
        request: Any,
        *,
        timeout_s: float = limits.CALL_TIMEOUT_S,
        key: str | None = None,
        request_id: str = "",
        retry: bool = True,
    ) -> Any:
        """Ask the process `name` and return its answer.

        Args:
            name: Id in the tree; `mimo` is the root supervisor.
            request: The message.
            timeout_s: Seconds until the call fails.
            key: Idempotency key; needed where repeating the request would do harm.
            request_id: The id for the log.
            retry: Whether to ask the successor when the process, or the whole node, is replaced.

        Raises:
            Unavailable: No node runs, it doesn't answer, or the process is down.
            DeadlineExceeded: The process didn't answer in time.
            MimoError: What the process answered.
        """
        end_s = self._clock.monotonic_s() + timeout_s
        for attempt in range(1, limits.ATTEMPTS_MAX + 1):
            target = self._find(name, end_s)
            call = m.Call(
                id=self._next_id(),
                target=name,
                incarnation=target.incarnation,
                request=request,
                deadline_s=end_s,
                attempt=attempt,
                key=key,
                request_id=request_id,
            )
            reply = self._ask(target, call, end_s)
            if reply is not None:
                return reply.value
            self._names.pop(name, None)
            if not retry:
                break
        raise Unavailable(
            f"expected an answer of {name}, but it was replaced; whether it acted is unknown"
        )

    def close(self) -> None:
        """Give the sockets back."""
        if self._endpoint is not None:
            self._endpoint.close()
        self._endpoint, self._card = None, None
        self._names.clear()

    # -- Finding -----------------------------------------------------------------------------
    def _find(self, name: str, end_s: float) -> m.Up:
        """Return where `name` serves; wait while it is being restarted.

        Raises:
            Unavailable: It isn't there in time.
            NotFound: Nobody is called so.
        """
        while True:
            root = self._root(end_s)
            if name == ROOT:
                return root
            if name not in self._names:
                try:
                    self._look_up(name, root, end_s)
                except Restarting:
                    if self._clock.monotonic_s() + _AGAIN_S >= end_s:
                        raise
                    self._pause(_AGAIN_S)
            if name in self._names:
                return self._names[name]

    def _root(self, end_s: float) -> m.Up:
        """Return where the root supervisor of the present generation serves."""
        card = self._attach(end_s)
        return m.Up(
            name=ROOT,
            address=pickle.loads(bytes.fromhex(card.root_address)),
            incarnation=card.root_incarnation,
            pid=card.root_pid,
            supervisor=None,
        )

    def _look_up(self, name: str, root: m.Up, end_s: float) -> None:
        """Ask the root where `name` serves."""
        call = m.Call(
            id=self._next_id(),
            target=ROOT,
            incarnation=root.incarnation,
            request=m.Whereis(name=name),
            deadline_s=end_s,
        )
        reply = self._ask(root, call, end_s)
        if reply is not None:
            self._names[name] = reply.value

    def _attach(self, end_s: float) -> NodeCard:
        """Return the card of the generation that serves now, and be connected to it.

        Raises:
            Unavailable: No node runs, or it is between two generations for too long.
        """
        while True:
            card = self._running()
            if card is not None and card == self._card:
                return card
            self.close()
            if card is not None:
                self._card = card
                self._endpoint = runtime.Endpoint(card.port, bytes.fromhex(card.key))
                return card
            if self._clock.monotonic_s() + _AGAIN_S >= end_s:
                raise Unavailable("expected the node to be up, but it is still booting; try again")
            self._pause(_AGAIN_S)

    def _running(self) -> NodeCard | None:
        """Return the present card; None while the node boots.

        Raises:
            Unavailable: No node runs.
        """
        pid = holder_pid(self.run_dir)
        if pid is None:
            self.close()
            raise Unavailable(
                f"expected a running node in {self.run_dir}, got none; start it with `mimo start`"
            )
        card = read_card(self.run_dir)
        return card if card is not None and card.watchdog_pid == pid else None

    def _pause(self, seconds: float) -> None:
        """Wait; what arrives meanwhile is late."""
        end_s = self._clock.monotonic_s() + seconds
        while (left_s := end_s - self._clock.monotonic_s()) > 0:
            if self._endpoint is None:
                select.select([], [], [], left_s)
            else:
                self._reply(self._endpoint.receive(left_s), 0)

    # -- Asking ------------------------------------------------------------------------------
    def _next_id(self) -> int:
        self._id += 1
        return self._id

    def _ask(self, target: m.Up, call: m.Call, end_s: float) -> m.Reply | None:
        """Send a call and wait for its reply; None when the target was replaced meanwhile.

        Raises:
            Unavailable: The root supervisor doesn't answer, or no node runs any more.
            DeadlineExceeded: Another process doesn't answer in time.
            MimoError: The reply is an error.
        """
        endpoint = self._endpoint
        if endpoint is None:
            return None
        endpoint.send(target.address, call)
        while (left_s := end_s - self._clock.monotonic_s()) > 0:
            reply = self._reply(endpoint.receive(min(left_s, limits.SUSPECT_AFTER_S)), call.id)
            if reply is not None and isinstance(reply.value, m.Failure):
                raise error_of(reply.value)
            if reply is not None:
                return reply
            if self._is_replaced(target):
                return None
        if target.name == ROOT:
            raise Unavailable(
                f"expected the root supervisor, pid {target.pid}, to answer in time, but it"
                " doesn't; see `mimo status`"
            )
        raise DeadlineExceeded(
            f"expected {target.name} to answer in time, but it didn't; whether it acted is unknown"
        )

    def _is_replaced(self, target: m.Up) -> bool:
        """Tell whether the process, or the whole generation, is gone."""
        return not platform.is_alive(target.pid) or self._running() != self._card

    def _reply(self, message: Any, call_id: int) -> m.Reply | None:
        """Return the reply to the call; others are late, counted and dropped."""
        found = None
        for item in message.items if isinstance(message, m.Batch) else (message,):
            if isinstance(item, m.Reply) and item.id == call_id:
                found = item
            elif isinstance(item, m.Reply):
                self.late_replies += 1
        return found
