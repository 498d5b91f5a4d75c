"""Several tool calls at once, each with its own share of the time; what failed is named."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from mimo.actors.bridge.messages import CallTool
from mimo.actors.insight.messages_meta import Composite
from mimo.actors.operations import Result
from mimo.config.errors import MimoError
from mimo.supervision import messages as m
from mimo.supervision.gen_server import GenServer, failure

BRIDGE: Final = "bridge/mcp_bridge"
#: The bridge ends a call in time; so much later it is the bridge that is late.
_LATE_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Ask:
    """A call to be made.

    Args:
        tool: Name of the tool.
        operation: Name of its operation.
        arguments: As a client would send them.
        share_s: Seconds that it may take.
    """

    tool: str
    operation: str
    arguments: Mapping[str, Any]
    share_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """What came of a call.

    Args:
        data: What it answered; empty if it failed.
        code: Of its error; "" if it answered.
        message: Of its error.
        degraded: What was missing while it was made.
        untrusted: Where text of others in it came from.
        took_s: How long it took.
    """

    data: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""
    message: str = ""
    degraded: tuple[str, ...] = ()
    untrusted: str = ""
    took_s: float = 0.0

    @property
    def told(self) -> dict[str, Any]:
        """Return how it went."""
        shown: dict[str, Any] = {"status": "failed" if self.code else "answered"}
        if self.code:
            shown |= {"code": self.code, "message": self.message[:300]}
        return shown | {"took_ms": round(self.took_s * 1000, 1)}


Gathered = Mapping[str, Got]


def gather(
    owner: GenServer,
    request: Composite,
    asks: Mapping[str, Ask],
    then: Callable[[dict[str, Got]], None],
) -> None:
    """Make calls at once, and go on when each has answered, failed or had its time.

    Args:
        owner: Makes them, on the path of a client's calls.
        request: For whom.
        asks: By a name of the caller's.
        then: Gets what came of each, in the order of `asks`; runs once, in the owner's process.
    """
    open_calls = set(asks)
    found: dict[str, Got] = {}
    began_s = owner.clock.monotonic_s()

    def got(name: str, value: Any) -> None:
        found[name] = _got(value, owner.clock.monotonic_s() - began_s)
        open_calls.discard(name)
        if not open_calls:
            then({each: found[each] for each in asks})

    if not asks:
        then({})
    for name, ask in asks.items():
        call = _call_of(owner, request, name, ask)
        try:
            owner.call(
                BRIDGE,
                call,
                partial(got, name),
                timeout_s=ask.share_s + _LATE_S,
                key=call.key,
                request_id=request.request_id,
            )
        except MimoError as error:
            got(name, failure(error))


def missing(found: Gathered) -> tuple[str, ...]:
    """Return what failed, `name: code`, and what was missing in the answers."""
    failed = [f"{name}: {each.code}" for name, each in found.items() if each.code]
    degraded = [f"{name}: {what}" for name, each in found.items() for what in each.degraded]
    return tuple(dict.fromkeys([*failed, *degraded]))


def untrusted(found: Gathered, *also: str) -> str:
    """Return where the texts of an answer came from."""
    return ", ".join(dict.fromkeys([*also, *(one.untrusted for one in found.values())])).strip(", ")


def _call_of(owner: GenServer, request: Composite, name: str, ask: Ask) -> CallTool:
    key = hashlib.sha256(f"{request.key or request.request_id}:{name}".encode()).hexdigest()[:32]
    return CallTool(
        tool=ask.tool,
        operation=ask.operation,
        arguments=ask.arguments,
        key=key,
        client="meta",
        connection=owner.name,
        request_id=request.request_id,
        timeout_s=ask.share_s,
    )


def _got(value: Any, took_s: float) -> Got:
    match value:
        case Result():
            return Got(
                data=value.data,
                degraded=value.degraded,
                untrusted=value.untrusted,
                took_s=took_s,
            )
        case m.Failure():
            return Got(code=value.code, message=value.message, took_s=took_s)
        case _:
            return Got(code="internal", message="no answer that can be read", took_s=took_s)
