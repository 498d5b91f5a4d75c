"""From the protocol's thread to the actors and back: one call, awaited."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import anyio
from mcp.server.context import ServerRequestContext

from mimo.actors.bridge.gateway import Gateway
from mimo.actors.catalogue import Offer
from mimo.actors.operations import CallContext, Operation, Result, Tool
from mimo.supervision.messages import Failure

#: How often a client that asked for progress is told that work goes on, in seconds.
PROGRESS_INTERVAL_S = 1.0
#: How much longer than a call's deadline its answer is waited for, in seconds.
GRACE_S = 2.0
#: Deadline of a question that is no tool call, in seconds.
ASK_S = 10.0

Context = ServerRequestContext[Any, Any]
EVERYTHING = Offer()


@dataclass(frozen=True, slots=True)
class Origin:
    """Which line of which client a request came from; rides on the request.

    Args:
        connection: The relay's id, the same over reconnects.
        number: The line's number, the same when it is repeated.
        offer: What this client was restricted to when it was started.
    """

    connection: str
    number: int
    offer: Offer = EVERYTHING


def call_context(context: Context) -> CallContext:
    """Return what the actors are told about a request.

    A relay's line has the same idempotency key when it is repeated after a reconnect.
    """
    params = context.session.client_params
    client = f"{params.client_info.name} {params.client_info.version}".strip() if params else ""
    if isinstance(context.request, Origin):
        origin = context.request
        key = f"{origin.connection}:{origin.number}"
        request_id = f"{origin.connection[:8]}-{origin.number}"
        connection = origin.connection
    else:
        headers = getattr(context.request, "headers", {})
        connection = headers.get("mcp-session-id") or "http"
        key = request_id = uuid.uuid4().hex
    return CallContext(
        client=client[:128] or "unknown", connection=connection, request_id=request_id, key=key
    )


async def call(  # noqa: PLR0913  one argument for each thing a call is made of
    gateway: Gateway,
    tool: Tool,
    operation: Operation,
    arguments: Mapping[str, Any],
    context: Context,
    *,
    approved: bool = False,
) -> Result | Failure:
    """Have a worker do an operation and return its answer; cancelled with the request.

    Args:
        gateway: The way to the actors.
        tool: The tool.
        operation: Its operation.
        arguments: Checked.
        context: Of the request.
        approved: Whether the user agreed to this very call.

    Raises:
        InvalidRequest: The arguments fit the schema, and yet can't be used.
    """
    known = call_context(context)
    if approved:
        # Another call to the worker, which remembers its refusal under the first one's key.
        known = dataclasses.replace(known, key=f"{known.key}:approved", approved=True)
    message = operation.build(arguments, known)

    def submit(done: Callable[[Any], None]) -> int:
        return gateway.submit(
            tool, operation, message, known, operation.deadline_s, done, arguments
        )

    answer: Result | Failure = await _awaited(
        gateway, submit, operation.deadline_s, context, known.request_id
    )
    return answer


async def ask(
    gateway: Gateway, label: str, workers: tuple[str, ...], message: Any, context: Context
) -> Any:
    """Ask a worker something that is no tool call; the value or a `Failure`."""
    known = call_context(context)

    def submit(done: Callable[[Any], None]) -> int:
        return gateway.ask(label, workers, message, known, ASK_S, done)

    return await _awaited(gateway, submit, ASK_S, context, known.request_id)


async def _awaited(
    gateway: Gateway,
    submit: Callable[[Callable[[Any], None]], int],
    deadline_s: float,
    context: Context,
    request_id: str,
) -> Any:
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[Any] = loop.create_future()

    def settle(value: Any) -> None:
        if not answered.done():
            answered.set_result(value)

    def done(value: Any) -> None:
        # The loop may have been closed while the actor worked; nobody waits then.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, value)

    ticket = submit(done)
    try:
        return await _with_progress(
            answered,
            deadline_s + GRACE_S,
            context,
            lambda: gateway.progress.get(request_id, "working"),
        )
    except anyio.get_cancelled_exc_class():
        gateway.cancel(ticket)
        raise


async def _with_progress(
    answered: asyncio.Future[Any], within_s: float, context: Context, told: Callable[[], str]
) -> Any:
    waited_s = 0.0
    while waited_s < within_s:
        pause_s = min(PROGRESS_INTERVAL_S, within_s - waited_s)
        await asyncio.wait((answered,), timeout=pause_s)
        if answered.done():
            return answered.result()
        waited_s += pause_s
        await context.session.report_progress(waited_s, message=told())
    return Failure(
        code="deadline_exceeded",
        message=f"expected an answer within {within_s:g} s, got none; the outcome is unknown",
    )
