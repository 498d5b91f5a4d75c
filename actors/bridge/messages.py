"""What other actors ask of the bridge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTool:
    """Make a tool call, on the very path of a client's: validation, limits, routing, one effect.

    The reply is the worker's `Result`.

    Args:
        tool: Name of the tool.
        operation: Name of its operation.
        arguments: As a client would send them.
        key: Idempotency key; the same one has its effect once.
        client: Who calls, for the source of what is stored.
        connection: By what the caller's rate and concurrency are counted.
        request_id: For the log.
        timeout_s: Seconds that it may take.
        approved: Whether a user agreed to this very call; without that, what needs an agreement
            is answered `approval_required`.
    """

    tool: str
    operation: str
    arguments: Mapping[str, Any]
    key: str
    client: str
    connection: str
    request_id: str
    timeout_s: float
    approved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallProgress:
    """Tell whoever waits for a call how far it is (cast); forgotten when the call has ended.

    Args:
        request_id: The call, from its `CallContext`.
        text: Such as "120 of 1000 documents".
    """

    request_id: str
    text: str
