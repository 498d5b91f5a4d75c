"""What a relay remembers, as a pure value: no socket, no process, no clock."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mimo.config import limits
from mimo.interfaces import relay_session, stdio
from mimo.interfaces.relay_answers import Answers, load
from mimo.interfaces.relay_lines import TooLong
from mimo.interfaces.relay_session import GIVE_UP_S, Session


def answers() -> Answers:
    return load(Path(stdio.__file__).with_name("baked.json").read_bytes())


def line(**body: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", **body}).encode()


def taken(lines: list[bytes]) -> list[dict[str, Any]]:
    found = [json.loads(each) for each in lines]
    lines.clear()
    return found


def sent(session: Session) -> list[tuple[int, dict[str, Any]]]:
    pairs = [each.partition(b" ")[::2] for each in session.to_node]
    session.to_node.clear()
    return [(int(number), json.loads(body)) for number, body in pairs]


INITIALIZE = line(
    id=0,
    method="initialize",
    params={
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "c", "version": "1"},
    },
)
INITIALIZED = line(method="notifications/initialized")


def opened() -> Session:
    session = Session(answers(), limits.LINE_BYTES_MAX)
    session.client_line(INITIALIZE, 0.0)
    session.client_line(INITIALIZED, 0.0)
    session.to_client.clear()
    return session


def test_what_is_not_plainly_baked_waits_for_the_node() -> None:
    """Only the node decides about anything unusual (ours)."""
    session = opened()
    for number, (method, params) in enumerate(
        [
            ("tools/call", {"name": "memory"}),
            ("tools/list", {"cursor": "x"}),
            ("resources/read", {"uri": "mimo://status"}),
            ("initialize", {"protocolVersion": "2025-11-25"}),
            ("nonsense", {}),
        ],
        start=1,
    ):
        session.client_line(line(id=number, method=method, params=params), 0.0)

    assert session.to_client == []
    assert session.wants_node


def test_before_the_handshake_only_the_node_answers() -> None:
    """MCP, "Initialization": what is asked too early is refused by the server."""
    session = Session(answers(), 100)
    session.client_line(line(id=1, method="tools/list"), 0.0)
    session.client_line(line(id=2, method="ping"), 0.0)

    assert session.to_client == []


def test_a_node_that_is_reached_hears_the_handshake_before_anything_else() -> None:
    """The SDK's first request decides the era of a connection (mcp.md 1)."""
    session = opened()
    session.client_line(line(id=5, method="tools/call"), 0.0)
    session.connected()

    methods = [body["method"] for _, body in sent(session)]
    assert methods == ["initialize", "notifications/initialized", "tools/call"]


def test_a_handshake_that_the_node_never_answered_is_repeated_as_it_was() -> None:
    """Not under an id of the relay's: the client waits for this answer."""
    session = Session(answers(), 100)
    session.connected()
    session.client_line(INITIALIZE, 0.0)
    session.client_line(INITIALIZED, 0.0)
    session.client_line(line(id=5, method="tools/call"), 0.0)
    session.disconnected(1.0)
    session.connected()

    found = sent(session)
    assert [(body.get("id"), body["method"]) for _, body in found] == [
        (0, "initialize"),
        (None, "notifications/initialized"),
        (5, "tools/call"),
    ]


def test_requests_are_given_up_after_a_minute_without_a_node() -> None:
    """The wait is bounded, and the answer says to try again (ours)."""
    session = opened()
    session.client_line(line(id=5, method="tools/call"), 10.0)
    session.give_up(10.0 + GIVE_UP_S - 0.1)
    assert session.to_client == []
    assert session.next_give_up_s() == 10.0 + GIVE_UP_S

    session.give_up(10.0 + GIVE_UP_S)

    (answer,) = taken(session.to_client)
    assert (answer["id"], answer["error"]["code"]) == (5, -32000)
    assert "try again" in answer["error"]["message"]
    assert not session.has_open_requests


def test_with_a_node_nothing_is_given_up() -> None:
    """A long call is the node's affair; it has its own deadline."""
    session = opened()
    session.client_line(line(id=5, method="tools/call"), 0.0)
    session.connected()
    session.give_up(10_000.0)

    assert session.to_client == []
    assert session.next_give_up_s() is None


def test_ids_of_different_kinds_are_different() -> None:
    """JSON-RPC: 1 and "1" are two ids."""
    session = opened()
    session.connected()
    session.client_line(line(id=1, method="tools/call"), 0.0)
    session.client_line(line(id="1", method="tools/call"), 0.0)
    session.node_line(line(id="1", result={}))

    assert [type(each["id"]) for each in taken(session.to_client)] == [str]


def test_answers_that_nobody_waits_for_are_dropped() -> None:
    """Late, repeated, or to a cancelled request."""
    session = opened()
    session.connected()
    session.client_line(line(id=1, method="tools/call"), 0.0)
    cancelled = line(method="notifications/cancelled", params={"requestId": 1})
    session.client_line(cancelled, 0.0)
    for answer in (line(id=1, result={}), line(id=77, result={}), b"{half"):
        session.node_line(answer)

    assert session.to_client == []


def test_a_cancellation_of_nonsense_is_harmless() -> None:
    """MCP: unknown ids are ignored."""
    session = opened()
    strange: list[Any] = [[], {}, None, 1.5, True]
    for odd in strange:
        params = {"requestId": odd}
        session.client_line(line(method="notifications/cancelled", params=params), 0.0)

    assert session.to_client == []


def test_a_client_with_too_much_in_flight_must_wait() -> None:
    """Memory is bounded: the relay stops reading, it doesn't refuse (ours)."""
    session = opened()
    for number in range(relay_session.PENDING_MAX):
        session.client_line(line(id=number, method="tools/call"), 0.0)
    assert session.is_full

    session.connected()
    session.node_line(line(id=3, result={}))

    assert not session.is_full


def test_a_line_beyond_the_limit_is_answered_with_the_limit() -> None:
    """Issue, bars: the limit named."""
    session = opened()
    session.client_line(TooLong(b'{"jsonrpc":"2.0","id":4,', b"}"), 0.0)

    (answer,) = taken(session.to_client)
    assert answer["id"] == 4
    assert str(limits.LINE_BYTES_MAX) in answer["error"]["message"]


class EveryRequestIsAnsweredOnce(RuleBasedStateMachine):
    """Whatever dies when: one answer each, the same number at each repetition, none invented."""

    def __init__(self) -> None:
        super().__init__()
        self.session = opened()
        self.asked: dict[int, str] = {}
        self.answered: list[int] = []
        self.cancelled: set[int] = set()
        self.numbers: dict[int, int] = {}
        self.at_node: list[int] = []
        self.now_s = 0.0

    def _collect(self) -> None:
        for number, body in sent(self.session):
            request_id = body.get("id")
            if isinstance(request_id, int):
                assert self.numbers.setdefault(request_id, number) == number
                self.at_node.append(request_id)
        self.answered += [each["id"] for each in taken(self.session.to_client)]

    @rule()
    def ask(self) -> None:
        request_id = len(self.asked) + 1
        self.asked[request_id] = "tools/call"
        self.session.client_line(line(id=request_id, method="tools/call"), self.now_s)
        self._collect()

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        request_id = data.draw(st.sampled_from(sorted(self.asked)))
        if request_id not in self.answered:
            self.cancelled.add(request_id)
        params = {"requestId": request_id}
        self.session.client_line(line(method="notifications/cancelled", params=params), self.now_s)
        self._collect()

    @precondition(lambda self: not self.session.is_connected)
    @rule()
    def connect(self) -> None:
        self.session.connected()
        self._collect()

    @precondition(lambda self: self.session.is_connected)
    @rule()
    def die(self) -> None:
        self.session.disconnected(self.now_s)
        self.at_node.clear()

    @precondition(lambda self: self.session.is_connected and self.at_node)
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        request_id = data.draw(st.sampled_from(self.at_node))
        self.at_node.remove(request_id)
        self.session.node_line(line(id=request_id, result={}))
        self._collect()

    @rule(seconds=st.floats(0.0, 40.0))
    def wait(self, seconds: float) -> None:
        self.now_s += seconds
        self.session.give_up(self.now_s)
        self._collect()

    @invariant()
    def answers_are_unique_and_asked_for(self) -> None:
        assert len(self.answered) == len(set(self.answered))
        assert set(self.answered) <= set(self.asked)
        assert not set(self.answered) & self.cancelled

    def teardown(self) -> None:
        if not self.session.is_connected:
            self.connect()
        for request_id in list(self.at_node):
            self.session.node_line(line(id=request_id, result={}))
        self._collect()
        assert set(self.answered) == set(self.asked) - self.cancelled


TestEveryRequestIsAnsweredOnce = EveryRequestIsAnsweredOnce.TestCase
TestEveryRequestIsAnsweredOnce.settings = settings(max_examples=60, stateful_step_count=40)
