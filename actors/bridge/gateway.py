"""The door between the thread that speaks a protocol and the thread that is an actor.

Thespian 4.0.1 loses messages that are sent from a foreign thread, so only the actor's thread sends.
What crosses is plain values in two directions: a deque and a socket pair inward, a callback
outward.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mimo.actors.operations import CallContext, Effect, Operation, Result, Tool
from mimo.supervision.messages import Failure

Done = Callable[[Result | Failure], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One call on its way to a worker.

    Args:
        ticket: Tells it apart within this process.
        label: `tool.operation`, for the statistics.
        workers: Ids of the actors that can do it.
        message: What the worker gets.
        effect: What it does to the world.
        idempotency_key: So that a repeated call has one effect.
        connection: Whose call it is; rate and concurrency are counted by it.
        request_id: For the log.
        deadline_s: Seconds it may take.
        done: Gets the result, once, on the actor's thread; must not block.
        client: The client's name and version.
        arguments: What a tool call was called with, for the record; None isn't recorded.
        resent: Whether the successor of a worker that died gets it again.
    """

    ticket: int
    label: str
    workers: tuple[str, ...]
    message: Any
    effect: Effect
    idempotency_key: str
    connection: str
    request_id: str
    deadline_s: float
    done: Done = field(compare=False)
    client: str = ""
    arguments: Mapping[str, Any] | None = field(default=None, compare=False, repr=False)
    resent: bool = True


@dataclass(frozen=True, slots=True)
class Cancellation:
    """The client no longer wants the answer to this ticket."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Connections:
    """How many clients are connected now."""

    count: int


@dataclass(frozen=True, slots=True)
class Departure:
    """A client's connection has ended."""

    connection: str


class Gateway:
    """Carry calls to the actor's thread. All methods but `drain` may be used by any thread."""

    def __init__(self) -> None:
        self._inbound: deque[Submission | Cancellation | Connections | Departure] = deque()
        self._tickets = itertools.count(1)
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        #: What the actor publishes for status pages; replaced whole, never changed in place.
        self.status: dict[str, Any] = {}
        #: How far the calls in flight are, by request id; set and removed by the actor's thread.
        self.progress: dict[str, str] = {}

    def submit(  # noqa: PLR0913, PLR0917  one argument for each field
        self,
        tool: Tool,
        operation: Operation,
        message: Any,
        context: CallContext,
        deadline_s: float,
        done: Done,
        arguments: Mapping[str, Any] | None = None,
    ) -> int:
        """Hand a call over and return its ticket; `done` gets its result on the actor's thread."""
        return self._put(
            self.submission(tool, operation, message, context, deadline_s, done, arguments)
        )

    def submission(  # noqa: PLR0913, PLR0917  one argument for each field
        self,
        tool: Tool,
        operation: Operation,
        message: Any,
        context: CallContext,
        deadline_s: float,
        done: Done,
        arguments: Mapping[str, Any] | None = None,
    ) -> Submission:
        """Return a call that isn't handed over: the actor's thread needs no door."""
        return Submission(
            ticket=next(self._tickets),
            label=f"{tool.name}.{operation.name}",
            workers=operation.worker,
            message=message,
            effect=operation.effect,
            idempotency_key=context.key,
            connection=context.connection,
            request_id=context.request_id,
            deadline_s=deadline_s,
            done=done,
            client=context.client,
            arguments=arguments,
            resent=operation.resent,
        )

    def ask(  # noqa: PLR0913, PLR0917  one argument for each field
        self,
        label: str,
        workers: tuple[str, ...],
        message: Any,
        context: CallContext,
        deadline_s: float,
        done: Callable[[Any], None],
    ) -> int:
        """Hand over a question that is no tool call, such as a resource's content."""
        return self._put(
            Submission(
                ticket=next(self._tickets),
                label=label,
                workers=workers,
                message=message,
                effect="read",
                idempotency_key="",
                connection=context.connection,
                request_id=context.request_id,
                deadline_s=deadline_s,
                done=done,
            )
        )

    def cancel(self, ticket: int) -> None:
        """Say that nobody waits for this ticket any more; a write that has begun goes on."""
        self._inbound.append(Cancellation(ticket))
        self._wake()

    def connections(self, count: int) -> None:
        """Tell how many clients are connected, so that an idle node can leave."""
        self._inbound.append(Connections(count))
        self._wake()

    def left(self, connection: str) -> None:
        """Tell that a client's connection has ended."""
        self._inbound.append(Departure(connection))
        self._wake()

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when something was handed over."""
        return self._reader.fileno()

    def drain(self) -> list[Submission | Cancellation | Connections | Departure]:
        """Return what was handed over; for the actor's thread only."""
        try:
            while self._reader.recv(4096):
                pass
        except BlockingIOError:
            pass
        items = []
        while self._inbound:
            items.append(self._inbound.popleft())
        return items

    def close(self) -> None:
        """Give the descriptors back; nothing may be handed over after that."""
        self._reader.close()
        self._writer.close()

    def _put(self, submission: Submission) -> int:
        self._inbound.append(submission)
        self._wake()
        return submission.ticket

    def _wake(self) -> None:
        # A full pipe means that a wake-up is on its way already.
        with contextlib.suppress(BlockingIOError):
            self._writer.send(b"\0")
