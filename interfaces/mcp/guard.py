"""The last line of defence around every handler: a bug is logged, never shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import mcp_types as types
from mcp.shared.exceptions import MCPError

from mimo.config import logs
from mimo.interfaces.mcp.calls import Context, call_context

P = TypeVar("P")
R = TypeVar("R")
Handler = Callable[[Context, P], Awaitable[R]]

ACTOR = "bridge/mcp_bridge"


def internal_error(context: Context, error: Exception) -> str:
    """Log a bug and return the sentence that names its log line."""
    request_id = call_context(context).request_id
    log = logs.get_logger(ACTOR)
    log.error("bridge.internal_error", request_id=request_id, exc_info=error)
    return f"internal error, id {request_id}; 'mimo logs --request {request_id}' shows it"


def guarded(handler: Handler[P, R]) -> Handler[P, R]:
    """Return the handler with every unforeseen exception turned into -32603 and a log line.

    Source: SDK 2.3.0 sends `str(exc)` to a legacy client; see `handler_exception_to_error_data`.
    """

    async def handle(context: Context, params: P) -> R:
        try:
            return await handler(context, params)
        except MCPError:
            raise
        except Exception as error:  # noqa: BLE001  the one place where a handler's bug ends
            raise MCPError(types.INTERNAL_ERROR, internal_error(context, error)) from None

    return handle
