"""Who wants to hear of which resource: the handshake era's `resources/subscribe`.

The stateless era listens on one stream, which the SDK's `ListenHandler` serves from the same bus.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field

import mcp_types as types
from mcp.server.session import ServerSession
from mcp.server.subscriptions import ResourceUpdated, ServerEvent, SubscriptionBus
from mcp.shared.exceptions import MCPError

from mimo.interfaces.mcp.calls import Context, call_context

#: Most resources one connection may subscribe to, and most connections that are remembered.
URIS_MAX = 256
CONNECTIONS_MAX = 1_024


@dataclass(slots=True)
class _Subscriber:
    session: ServerSession
    uris: set[str] = field(default_factory=set)


class Subscriptions:
    """Tells legacy connections of the resources they subscribed to.

    Args:
        bus: Where changes are published.
    """

    def __init__(self, bus: SubscriptionBus) -> None:
        self._subscribers: OrderedDict[str, _Subscriber] = OrderedDict()
        self._sending: set[asyncio.Task[None]] = set()
        bus.subscribe(self._tell)

    async def subscribe(
        self, context: Context, params: types.SubscribeRequestParams
    ) -> types.EmptyResult:
        """Answer `resources/subscribe`.

        Raises:
            MCPError: The connection has `URIS_MAX` subscriptions already.
        """
        connection = call_context(context).connection
        subscriber = self._subscribers.setdefault(connection, _Subscriber(context.session))
        subscriber.session = context.session
        if len(subscriber.uris) >= URIS_MAX:
            raise MCPError(
                types.INVALID_PARAMS, f"expected at most {URIS_MAX} subscriptions, got one more"
            )
        subscriber.uris.add(str(params.uri))
        self._subscribers.move_to_end(connection)
        if len(self._subscribers) > CONNECTIONS_MAX:
            self._subscribers.popitem(last=False)
        return types.EmptyResult()

    async def unsubscribe(
        self, context: Context, params: types.UnsubscribeRequestParams
    ) -> types.EmptyResult:
        """Answer `resources/unsubscribe`; unknown ones are fine."""
        connection = call_context(context).connection
        if subscriber := self._subscribers.get(connection):
            subscriber.uris.discard(str(params.uri))
        return types.EmptyResult()

    def forget(self, connection: str) -> None:
        """Drop a connection that has ended."""
        self._subscribers.pop(connection, None)

    def _tell(self, event: ServerEvent) -> None:
        if not isinstance(event, ResourceUpdated):
            return
        for subscriber in self._subscribers.values():
            if event.uri in subscriber.uris:
                task = asyncio.ensure_future(subscriber.session.send_resource_updated(event.uri))
                self._sending.add(task)
                task.add_done_callback(self._sending.discard)
