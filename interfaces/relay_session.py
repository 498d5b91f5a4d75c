"""What a relay remembers of one client, so that the node may die under it; standard library only.

Pure: lines and times go in, lines for the client and for the node come out.
"""

from __future__ import annotations

import json
from typing import Any

from mimo.interfaces.relay_answers import Answers, is_modern
from mimo.interfaces.relay_lines import (
    INVALID_REQUEST,
    UNAVAILABLE,
    Message,
    Refused,
    RequestId,
    TooLong,
    error_line,
    parse,
    result_line,
)

#: A request without a node for this long is given up, in seconds.
GIVE_UP_S = 60.0
#: Most requests that wait for their answers; more are not read from the client until one is done.
PENDING_MAX = 1_024
#: Most bytes of such requests.
PENDING_BYTES_MAX = 33_554_432

_OWN_PREFIX = "mimo-relay:"
_ENDLESS = "subscriptions/listen"

Key = tuple[type, RequestId]


class Pending:
    """A request that the client waits for.

    Args:
        number: Its number on the wire to the node, the same when it is repeated.
        message: What the client sent.
        since_s: From when it has been without a node.
    """

    __slots__ = ("message", "number", "since_s")

    def __init__(self, number: int, message: Message, since_s: float) -> None:
        self.number = number
        self.message = message
        self.since_s = since_s


class Session:
    """One client's session.

    Args:
        answers: What is answered while there is no node.
        line_bytes_max: Longest line, named to the client that exceeded it.
    """

    def __init__(self, answers: Answers, line_bytes_max: int) -> None:
        self._answers = answers
        self._line_bytes_max = line_bytes_max
        self._number = 0
        self._pending: dict[Key, Pending] = {}
        self._pending_bytes = 0
        self._version: str | None = None
        self._initialize: Message | None = None
        self._initialized: Message | None = None
        self._subscribed: dict[str, Message] = {}
        self._own: set[str] = set()
        self.is_connected = False
        self.was_connected = False
        #: Whether the client has sent a message at all.
        self.is_used = False
        self.to_client: list[bytes] = []
        self.to_node: list[bytes] = []

    # -- What the loop asks --------------------------------------------------------------------
    @property
    def wants_node(self) -> bool:
        """Tell whether it is worth starting a node: somebody waits, or will soon."""
        return bool(self._pending) or (self.is_used and not self.was_connected)

    @property
    def is_full(self) -> bool:
        """Tell whether the client must wait before it is read again."""
        return len(self._pending) >= PENDING_MAX or self._pending_bytes >= PENDING_BYTES_MAX

    @property
    def has_open_requests(self) -> bool:
        """Tell whether an answer is still to come; a listening stream never ends and isn't one."""
        return any(each.message.method != _ENDLESS for each in self._pending.values())

    # -- The client ----------------------------------------------------------------------------
    def client_line(self, line: bytes | TooLong, now_s: float) -> None:
        """Take a line from the client."""
        if isinstance(line, TooLong):
            limit = f"expected a line of at most {self._line_bytes_max} bytes, got a longer one"
            self.to_client.append(error_line(INVALID_REQUEST, limit, line.request_id()))
            return
        try:
            message = parse(line)
            if message is not None:
                self.is_used = True
                self._take(message, now_s)
        except Refused as refused:
            self.to_client.append(error_line(refused.code, refused.message, refused.request_id))

    def _take(self, message: Message, now_s: float) -> None:
        if message.is_request:
            self._take_request(message, now_s)
            return
        if message.method == "notifications/initialized":
            self._initialized = message
        elif message.method == "notifications/cancelled":
            self._forget(message.params.get("requestId"))
        if self.is_connected:
            self._send(message)

    def _take_request(self, message: Message, now_s: float) -> None:
        request_id: RequestId = message.body["id"]
        key = _key(request_id)
        if key in self._pending:
            raise Refused(
                INVALID_REQUEST,
                f"expected a new id, got {json.dumps(request_id)[:80]} of a request in flight",
            )
        if not self.is_connected and (result := self._baked(message)) is not None:
            self.to_client.append(result_line(result, request_id))
            return
        self._number += 1
        self._pending[key] = Pending(self._number, message, now_s)
        self._pending_bytes += len(message.line)
        if self.is_connected:
            self._send(message, self._number)

    def _baked(self, message: Message) -> Any:
        method, params = message.method, message.params
        if method == "initialize" and self._initialize is None:
            version = self._answers.negotiated(params)
            if version is None:
                return None
            self._initialize, self._version = message, version
            return self._answers.initialized(version)
        if is_modern(params):
            return self._answers.modern(method, params)
        if self._version is None:
            return None
        return self._answers.legacy(self._version, method, params)

    def _send(self, message: Message, number: int | None = None) -> None:
        if number is None:
            self._number += 1
            number = self._number
        self.to_node.append(b"%d %s" % (number, message.line))

    def _forget(self, request_id: object) -> Pending | None:
        if not isinstance(request_id, (str, int)):
            return None
        found = self._pending.pop(_key(request_id), None)
        if found is not None:
            self._pending_bytes -= len(found.message.line)
        return found

    # -- The node ------------------------------------------------------------------------------
    def connected(self) -> None:
        """Bring a node that has just been reached to where the client is."""
        self.is_connected = self.was_connected = True
        self._own.clear()
        waiting = sorted(self._pending.values(), key=lambda each: each.number)
        if self._initialize is not None:
            self._send_own("initialize", self._initialize.params)
        elif waiting and waiting[0].message.method == "initialize":
            first = waiting.pop(0)
            self._send(first.message, first.number)
        if self._initialized is not None:
            self._send(self._initialized)
        for uri, message in self._subscribed.items():
            self._send_own(f"subscribe:{uri}", message.params, "resources/subscribe")
        for pending in waiting:
            self._send(pending.message, pending.number)

    def _send_own(self, name: str, params: dict[str, Any], method: str = "") -> None:
        own_id = _OWN_PREFIX + name
        self._own.add(own_id)
        body = {"jsonrpc": "2.0", "id": own_id, "method": method or name, "params": params}
        line = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
        self.to_node.append(b"0 " + line)

    def disconnected(self, now_s: float) -> None:
        """Note that the node is gone; what was asked stays asked."""
        self.is_connected = False
        self.to_node.clear()
        for pending in self._pending.values():
            pending.since_s = now_s

    def node_line(self, line: bytes) -> None:
        """Take a line from the node; answers that nobody waits for are dropped."""
        try:
            body = json.loads(line)
        except ValueError:
            return
        if "method" in body:
            self.to_client.append(line)
            return
        request_id = body.get("id")
        if request_id in self._own:
            self._own.discard(request_id)
            return
        if request_id is None:
            self.to_client.append(line)
        elif (pending := self._forget(request_id)) is not None:
            self._note_answer(pending.message, is_result="result" in body)
            self.to_client.append(line)

    def _note_answer(self, message: Message, *, is_result: bool) -> None:
        if not is_result:
            return
        uri = str(message.params.get("uri"))
        match message.method:
            case "initialize":
                self._initialize = message
                self._version = self._answers.negotiated(message.params)
            case "resources/subscribe":
                self._subscribed[uri] = message
            case "resources/unsubscribe":
                self._subscribed.pop(uri, None)

    # -- Giving up -----------------------------------------------------------------------------
    def next_give_up_s(self) -> float | None:
        """Return when the next request is given up; None while there is a node or no request."""
        if self.is_connected or not self._pending:
            return None
        return min(each.since_s for each in self._pending.values()) + GIVE_UP_S

    def give_up(self, now_s: float) -> None:
        """Answer what has been without a node for too long."""
        if not self.is_connected:
            late = [p for p in self._pending.values() if now_s - p.since_s >= GIVE_UP_S]
            self._fail(late, f"no node answered within {GIVE_UP_S:g} s; try again")

    def fail_all(self, reason: str) -> None:
        """Answer every request: the node can't start, and why."""
        self._fail(list(self._pending.values()), reason)

    def _fail(self, pendings: list[Pending], reason: str) -> None:
        for pending in pendings:
            request_id = pending.message.body["id"]
            self._forget(request_id)
            self.to_client.append(error_line(UNAVAILABLE, f"Mimo: {reason}", request_id))


def _key(request_id: RequestId) -> Key:
    return type(request_id), request_id
