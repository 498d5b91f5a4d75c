"""Many calls in flight on one connection: the rate, and that no answer is lost or crossed."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

from tests.load import corpus
from tests.load.rows import Row
from tests.support import empty_server
from tests.support.client import Client, Pending
from tests.support.node import Node

WIDTH = 32
#: Longest wait for any answer, in seconds; only reached when one is lost.
ANSWER_S = 60.0
RATE_MIN = 250.0
SHARE_MIN = 0.5
#: Limits of one client that don't stand in the way of the measurement.
SETTINGS = {"MIMO_LIMITS_RATE_PER_S": "100000", "MIMO_LIMITS_BURST": "100000"}


def measure(node: Node, *, calls: int = 2_000) -> list[Row]:
    """Measure calls a second of the empty tool, `store`, `search` by both ways and by meaning."""
    with node.connect("filler") as client:
        corpus.fill(client, 1_000)
    node.warm_up()
    floor = _floor(node, calls)
    rows = []
    with node.connect("wide") as client:
        for kind, submit, is_right in (
            ("store", _store(client), _is_own_store()),
            ("search", _search(client), _is_own_search),
        ):
            node.await_embedded()
            _warm_both_readers(client)
            count = min(calls, 1_000)  # each search is another one: no cache answers
            rate, wrong = saturate(submit, count, is_right)
            rows.append(_row(kind, rate, floor, wrong, count))
    return rows


def saturate(
    submit: Callable[[int, Callable[[Pending], None]], Pending],
    calls: int,
    is_right: Callable[[int, Pending], bool],
) -> tuple[float, int]:
    """Keep `WIDTH` calls in flight; return calls a second, and how many answers were wrong."""
    places = threading.Semaphore(WIDTH)
    pending: list[Pending] = []
    began_s = time.perf_counter()
    for number in range(calls):
        assert places.acquire(timeout=ANSWER_S), f"expected an answer within {ANSWER_S} s"
        pending.append(submit(number, lambda _: places.release()))
    for one in pending:
        one.wait(ANSWER_S)
    took_s = time.perf_counter() - began_s
    wrong = sum(not is_right(number, one) for number, one in enumerate(pending))
    return calls / took_s, wrong


def _warm_both_readers(client: Client) -> None:
    """Search so wide that every reader has loaded the model."""
    wide = [client.submit("search", query=corpus.question(n), mode="meaning") for n in range(WIDTH)]
    for pending in wide:
        pending.result(60)


def _floor(node: Node, calls: int) -> float:
    command = [sys.executable, empty_server.__file__]
    with Client(node.data_dir, command=command, env=node.env) as client:
        client.initialize()
        rate, wrong = saturate(
            lambda number, done: client.submit("nothing", when_done=done, text=str(number)),
            calls,
            lambda _, pending: pending.result() == {"ok": True},
        )
    assert wrong == 0
    return rate


def _store(client: Client) -> Callable[[int, Callable[[Pending], None]], Pending]:
    def submit(number: int, done: Callable[[Pending], None]) -> Pending:
        content = corpus.sentence(100_000 + number)
        return client.submit("store", subject=content, when_done=done, content=content)

    return submit


def _search(client: Client) -> Callable[[int, Callable[[Pending], None]], Pending]:
    def submit(number: int, done: Callable[[Pending], None]) -> Pending:
        return client.submit("search", when_done=done, query=f"m{number:06d}", limit=5)

    return submit


def _is_own_store() -> Callable[[int, Pending], bool]:
    """Return a judge: each store's id is new."""
    seen: set[int] = set()

    def judge(_number: int, pending: Pending) -> bool:
        answer = pending.wait()
        found = answer.get("result", {}).get("structuredContent") or {}
        is_new = bool(found.get("created")) and found.get("memory_id") not in seen
        seen.add(found.get("memory_id", 0))
        return is_new

    return judge


def _is_own_search(number: int, pending: Pending) -> bool:
    """Tell whether a search for a note's own name found that note first."""
    found = pending.wait().get("result", {}).get("structuredContent") or {}
    memories = found.get("memories") or [{"content": ""}]
    return f"m{number:06d}" in memories[0]["content"]


def _row(kind: str, rate: float, floor: float, wrong: int, calls: int) -> Row:
    needed = min(RATE_MIN, SHARE_MIN * floor)
    return Row(
        what=f"{kind}, {WIDTH} calls in flight",
        bar=f">= {RATE_MIN:g}/s or {SHARE_MIN:g}x the SDK's empty tool; none lost, none crossed",
        figure=f"{rate:.0f}/s (empty {floor:.0f}/s, {rate / floor:.2f}x), {wrong} wrong",
        how=f"{calls} calls by a raw client on one relay, 1,000 memories",
        is_met=rate >= needed and wrong == 0,
        raw={"rate": rate, "floor": floor, "wrong": wrong, "needed": needed},
    )
