"""Rate and concurrency limits against simple models."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.supervision.limiter import ConcurrencyLimit, RateLimiter, Ticket


def test_a_burst_passes_and_then_one_each_interval() -> None:
    """GCRA: `burst` at once, then the rate; the wait is exact."""
    limiter = RateLimiter(rate_per_s=4.0, burst=3)
    assert [limiter.acquire("a", 10.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.25]
    assert limiter.acquire("a", 10.2) == pytest.approx(0.05)
    assert limiter.acquire("a", 10.25) == 0.0
    assert limiter.acquire("a", 10.25) == pytest.approx(0.25)


def test_keys_dont_disturb_each_other() -> None:
    """I7: one client floods, another is served."""
    limiter = RateLimiter(rate_per_s=1.0, burst=1)
    assert limiter.acquire("flood", 0.0) == 0.0
    assert all(limiter.acquire("flood", 0.0) > 0 for _ in range(1000))
    assert limiter.acquire("polite", 0.0) == 0.0


def test_only_so_many_keys_are_remembered_and_the_most_rested_goes() -> None:
    """Reliability 2.7: a bounded number of keys; others that come can't free a flooding one."""
    limiter = RateLimiter(rate_per_s=1.0, burst=10, keys_max=8)
    for _ in range(10):
        limiter.acquire("flood", 0.0)
    for number in range(100):
        limiter.acquire(f"k{number}", 0.0)
        assert len(limiter) <= 8
    assert limiter.acquire("flood", 0.0) > 0


ticks = st.lists(st.integers(0, 40), max_size=80)


@given(ticks, st.sampled_from([1, 2, 4, 8, 16]), st.integers(1, 6))
def test_it_decides_as_a_token_bucket_does(gaps: list[int], rate: int, burst: int) -> None:
    """GCRA is a token bucket without a counter. The model counts tokens in exact fractions."""
    limiter = RateLimiter(rate_per_s=float(rate), burst=burst)
    tokens, last, now = Fraction(burst), Fraction(0), Fraction(0)
    for gap in gaps:
        now += Fraction(gap, 64)
        tokens = min(Fraction(burst), tokens + (now - last) * rate)
        last = now
        wait_s = limiter.acquire("a", float(now))
        if tokens >= 1:
            assert wait_s == 0.0
            tokens -= 1
        else:
            assert wait_s == pytest.approx(float((1 - tokens) / rate), abs=1e-6)


@given(st.lists(st.floats(0, 3), min_size=1, max_size=60), st.floats(0.5, 50), st.integers(1, 5))
def test_no_window_of_time_ever_holds_more_than_burst_and_rate(
    gaps: list[float], rate: float, burst: int
) -> None:
    """The definition: in any window of w seconds at most burst + w x rate requests pass."""
    limiter = RateLimiter(rate_per_s=rate, burst=burst)
    now_s, passed = 0.0, []
    for gap in gaps:
        now_s += gap
        if limiter.acquire("a", now_s) == 0.0:
            passed.append(now_s)
    for first, start_s in enumerate(passed):
        for last in range(first, len(passed)):
            allowed = burst + (passed[last] - start_s) * rate
            assert last - first + 1 <= allowed + 1e-3


@given(st.floats(0, 1e8), st.floats(0.01, 1000), st.integers(1, 20))
def test_whoever_waits_exactly_as_told_passes(now_s: float, rate: float, burst: int) -> None:
    """I2: retry_after is exact on any uptime; a client that honours it isn't refused twice."""
    limiter = RateLimiter(rate_per_s=rate, burst=burst)
    for _ in range(burst):
        assert limiter.acquire("a", now_s) == 0.0
    for _ in range(5):
        now_s += limiter.acquire("a", now_s)
        assert limiter.acquire("a", now_s) == 0.0


# -- Concurrency -------------------------------------------------------------------------------
def taken(limit: ConcurrencyLimit, kind: str, now_s: float = 0.0) -> Ticket:
    ticket = limit.acquire(kind, now_s)  # type: ignore[arg-type]
    assert isinstance(ticket, Ticket)
    return ticket


def test_reads_never_take_the_share_of_writes() -> None:
    """Reliability 2.7: a share guaranteed for writes."""
    limit = ConcurrencyLimit(limit=8, writes_share=0.25)
    for _ in range(6):
        taken(limit, "read")
    assert isinstance(limit.acquire("read", 0.0), float)
    taken(limit, "write")
    taken(limit, "write")
    assert isinstance(limit.acquire("write", 0.0), float)


def test_an_operators_call_passes_when_all_is_full() -> None:
    """I8: a reserved place; `mimo status` answers under overload, but isn't unlimited."""
    limit = ConcurrencyLimit(limit=4)
    for _ in range(4):
        taken(limit, "write")
    admin = taken(limit, "admin")
    assert isinstance(limit.acquire("admin", 0.0), float)
    limit.release(admin, 1.0)
    taken(limit, "admin")


def test_the_limit_shrinks_on_timeouts_and_grows_when_it_is_used() -> None:
    """AIMD: x 0.9 on a timeout; + 1 when at least half was in flight; idle use proves nothing."""
    limit = ConcurrencyLimit(limit=20, limit_min=4, limit_max=22)
    limit.release(taken(limit, "read"), 0.1, timed_out=True)
    assert limit.limit == 18
    for _ in range(100):
        limit.release(taken(limit, "read"), 0.1)
    assert limit.limit == 18
    for _ in range(100):
        limit.release(taken(limit, "read"), 0.1, timed_out=True)
    assert limit.limit == 4
    for _ in range(100):
        tickets = [taken(limit, "write") for _ in range(limit.limit)]
        for ticket in tickets:
            limit.release(ticket, 0.1)
    assert limit.limit == 22


def test_a_place_given_back_twice_is_free_once() -> None:
    """Ours: a late reply after a timeout gives back nothing."""
    limit = ConcurrencyLimit(limit=4)
    first = taken(limit, "write")
    taken(limit, "write")
    limit.release(first, 0.1)
    limit.release(first, 0.1, timed_out=True)
    assert limit.in_flight == 1
    assert limit.limit >= 4


def test_the_wait_it_names_follows_how_long_calls_take() -> None:
    """Little's law: the mean duration over the limit; never zero, so that nobody spins."""
    limit = ConcurrencyLimit(limit=4, limit_max=4)
    for _ in range(100):
        limit.release(taken(limit, "read", 0.0), 2.0)
    for _ in range(4):
        taken(limit, "write")
    wait_s = limit.acquire("write", 0.0)
    assert wait_s == pytest.approx(0.5, rel=0.01)
    fast = ConcurrencyLimit(limit=1, limit_min=1, limit_max=1)
    fast.release(taken(fast, "write"), 0.0)
    taken(fast, "write")
    assert isinstance(fast.acquire("write", 0.0), float)
    assert fast.acquire("write", 0.0) != 0.0


@given(st.lists(st.tuples(st.sampled_from(["read", "write", "admin", "end", "late"]))))
def test_it_never_lets_more_in_than_its_limit(steps: list[tuple[str]]) -> None:
    """The definition, over any order of arrivals, ends and timeouts."""
    limit = ConcurrencyLimit(limit=6, limit_min=3, limit_max=9, writes_share=0.3)
    open_: list[Ticket] = []
    for (step,) in steps:
        if step in ("end", "late"):
            if open_:
                limit.release(open_.pop(0), 1.0, timed_out=step == "late")
            continue
        before = sum(not ticket.is_extra for ticket in open_)
        answer = limit.acquire(step, 0.0)  # type: ignore[arg-type]
        if isinstance(answer, Ticket):
            assert answer.is_extra or before < limit.limit
            open_.append(answer)
        else:
            assert answer > 0
            assert before >= limit.limit - 3
        assert limit.in_flight == len(open_)
