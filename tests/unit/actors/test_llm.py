"""Language models, purely: whom to ask next, budget, cache, wire forms, providers."""

from __future__ import annotations

import dataclasses
import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.http_exchange import RETRY_AFTER_S_MAX, seconds_of
from mimo.actors.llm import wire
from mimo.actors.llm.attempts import (
    REFUSED_REST_S,
    TRIES_MAX,
    Ask,
    Attempts,
    GiveUp,
    Kind,
    Outcome,
    Pause,
    Rests,
)
from mimo.actors.llm.budget import PART_S, PARTS, Budget
from mimo.actors.llm.cache import Cache, digest_of
from mimo.actors.llm.messages import Complete, Completion
from mimo.actors.llm.providers import Provider, key_of, providers_of
from mimo.config.errors import NotAvailable
from mimo.config.settings import Llm, load_settings

FIRST = Provider(name="groq", model="a", url="https://a.example/v1", form="openai")
SECOND = Provider(name="ollama", model="b", url="http://127.0.0.1/api/chat", form="ollama")
REQUEST = Complete(system="s", prompt="p")
HOUR_S = PARTS * PART_S


def settings(*providers: str, key_variable: str = "") -> Llm:
    shipped = load_settings().llm
    return dataclasses.replace(shipped, providers=providers, key_variable=key_variable)


def attempts(*providers: Provider, rests: Rests | None = None, deadline_s: float = 30) -> Attempts:
    return Attempts(
        providers or (FIRST,),
        {} if rests is None else rests,
        deadline_s=deadline_s,
        attempt_s=5.0,
        chance=random.Random(1),
    )


kinds = st.sampled_from(("not_json", "transient", "late", "wait", "refused"))


# -- Attempts ------------------------------------------------------------------------------------
@given(
    outcomes=st.lists(st.tuples(kinds, st.floats(0, 40), st.floats(0, 6)), max_size=40),
    seed=st.integers(0, 2**32),
)
def test_a_question_ends_in_time_and_no_provider_is_asked_while_it_rests(
    outcomes: list[tuple[Kind, float, float]], seed: int
) -> None:
    rests: Rests = {}
    course = Attempts(
        (FIRST, SECOND), rests, deadline_s=30.0, attempt_s=5.0, chance=random.Random(seed)
    )
    now_s, asked = 0.0, 0
    left = iter(outcomes)
    for _ in range(200):
        step = course.next(now_s)
        if isinstance(step, GiveUp):
            break
        if isinstance(step, Pause):
            assert step.delay_s > 0
            now_s += step.delay_s
            assert now_s < 30.0
            continue
        asked += 1
        assert rests.get(step.provider.place, 0.0) <= now_s
        assert 0 < step.timeout_s <= min(5.0, 30.0 - now_s)
        kind, wait_s, took_s = next(left, ("refused", 0.0, 0.0))
        now_s += min(took_s, step.timeout_s)
        course.note(Outcome(kind=kind, why=kind, retry_after_s=wait_s), now_s)
    else:
        pytest.fail("it never ends")
    assert asked <= 2 * (TRIES_MAX + 2)


def test_back_off_doubles_within_its_jitter() -> None:
    course = attempts()
    longest = []
    now_s = 0.0
    for _ in range(TRIES_MAX - 1):
        assert isinstance(course.next(now_s), Ask)
        course.note(Outcome(kind="transient", why="x"), now_s)
        step = course.next(now_s)
        assert isinstance(step, Pause)
        longest.append(step.delay_s)
        now_s += step.delay_s

    assert longest[0] <= 0.5
    assert longest[1] <= 1.0


def test_a_provider_that_names_a_time_makes_way_meanwhile() -> None:
    rests: Rests = {}
    course = attempts(FIRST, SECOND, rests=rests)
    course.note(Outcome(kind="wait", why="429", retry_after_s=10.0), 0.0)

    step = course.next(0.0)

    assert isinstance(step, Ask)
    assert step.provider is SECOND
    assert rests == {FIRST.place: 10.0}
    alone = attempts(rests={FIRST.place: 10.0})
    assert alone.next(0.0) == Pause(10.0)


def test_a_provider_that_refuses_rests_for_all_questions() -> None:
    rests: Rests = {}
    attempts(rests=rests).note(Outcome(kind="refused", why="401"), 5.0)

    assert rests == {FIRST.place: 5.0 + REFUSED_REST_S}
    given_up = attempts(rests=rests).next(6.0)
    assert isinstance(given_up, GiveUp)
    assert given_up.retry_after_s == pytest.approx(REFUSED_REST_S - 1)


def test_json_is_repaired_once() -> None:
    course = attempts()
    course.note(Outcome(kind="not_json", why="text"), 0.0)
    step = course.next(0.0)
    assert isinstance(step, Ask)
    assert step.is_repair

    course.note(Outcome(kind="not_json", why="text"), 0.0)
    assert course.next(0.0) == GiveUp("groq:a: text", None)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("999999", RETRY_AFTER_S_MAX),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30.0),
        ("Tue, 14 Nov 2023 22:13:00 GMT", 0.0),
        ("soon", 0.0),
        ("", 0.0),
        ("-3", 0.0),
    ],
)
def test_retry_after_is_read_in_both_forms(header: str, seconds: float) -> None:
    assert seconds_of(header, 1_700_000_000.0) == seconds


# -- Budget --------------------------------------------------------------------------------------
@given(
    steps=st.lists(
        st.tuples(st.floats(-4_000, 4_000), st.integers(1, 400), st.integers(0, 500)), max_size=60
    )
)
def test_no_hour_holds_more_than_the_budget(steps: list[tuple[float, int, int]]) -> None:
    budget = Budget(calls_max=5, tokens_max=1_000)
    now_s = 1_000_000.0
    for change_s, tokens, took in steps:
        now_s += change_s
        if budget.refusal(tokens, now_s):
            assert 0 < budget.retry_after_s(now_s) <= HOUR_S
            continue
        minute = budget.charge(tokens, now_s)
        restored = Budget(calls_max=5, tokens_max=1_000)
        restored.restore(json.loads(json.dumps(budget.to_row())))
        assert restored.used() == budget.used()
        calls, used = budget.used()
        assert calls <= 5
        assert used <= 1_000
        budget.correct(minute, tokens, min(took, tokens))


def test_an_hour_later_all_may_be_spent_again() -> None:
    budget = Budget(calls_max=1, tokens_max=100)
    budget.charge(60, 0.0)

    assert "calls_per_hour (1)" in budget.refusal(10, HOUR_S - PART_S)
    assert not budget.refusal(10, HOUR_S)
    budget = Budget(calls_max=9, tokens_max=100)
    budget.charge(60, 0.0)
    assert "tokens_per_hour (100) has 40 left" in budget.refusal(50, 1.0)


# -- Cache ---------------------------------------------------------------------------------------
def test_answers_are_kept_within_bounds_and_time() -> None:
    cache = Cache(ttl_s=10.0, rows_max=2, bytes_max=10_000)
    answer = Completion(text="t", provider="p", model="m")
    for name in "abc":
        cache.put(name, answer, 0.0)

    assert cache.get("a", 1.0) is None
    assert cache.get("c", 1.0) == answer
    assert cache.get("c", 10.0) is None
    big = dataclasses.replace(answer, text="x" * 20_000)
    cache.put("big", big, 0.0)
    assert len(cache) == 0
    never = Cache(ttl_s=0.0, rows_max=2, bytes_max=10_000)
    never.put("a", answer, 0.0)
    assert len(never) == 0


def test_whatever_changes_the_answer_changes_the_digest() -> None:
    variants = [
        REQUEST,
        dataclasses.replace(REQUEST, system="sp", prompt=""),
        dataclasses.replace(REQUEST, max_tokens=5),
        dataclasses.replace(REQUEST, json=True),
    ]
    digests = {digest_of(each, (FIRST,)) for each in variants} | {digest_of(REQUEST, (SECOND,))}

    assert len(digests) == 5
    assert digest_of(dataclasses.replace(REQUEST, deadline_s=1.0), (FIRST,)) in digests


# -- Wire ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("<think>so?</think>Turin", "Turin"),
        ("<think>a</think>Tu<THINKING>b</THINKING>rin", "Turin"),
        ("so I think</think>\nTurin", "Turin"),
        ("Turin <think>and then", "Turin"),
        ("<think>only", ""),
        ("I think so", "I think so"),
    ],
)
def test_thoughts_are_no_answer(text: str, left: str) -> None:
    assert wire.without_thoughts(text) == left


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1}', '{"a": 1}'),
        ('```json\n{"a": 1}\n```', '{"a": 1}'),
        ("[1]", "[1]"),
        ("7", None),
        ('{"a": NaN}', None),
        ('{"a": 1} and more', None),
        ("[" * 100_000, None),
    ],
)
def test_only_one_json_value_is_json(text: str, found: str | None) -> None:
    assert wire.json_in(text) == found


@given(answer=st.binary(max_size=200))
def test_any_answer_is_read_or_refused(answer: bytes) -> None:
    for provider in (FIRST, SECOND):
        try:
            assert wire.said_in(provider, answer).text
        except wire.WrongForm:
            continue


@given(
    value=st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(("choices", "message", "content", "usage", "prompt_tokens")),
                inner,
                max_size=4,
            )
        ),
    )
)
def test_any_json_is_read_or_refused(value: Any) -> None:
    test_any_answer = json.dumps(value).encode()
    for provider in (FIRST, SECOND):
        try:
            assert wire.said_in(provider, test_any_answer).tokens >= 0
        except wire.WrongForm:
            continue


# -- Providers -----------------------------------------------------------------------------------
def test_providers_are_read_in_order() -> None:
    found = providers_of(
        settings(
            "groq:llama-3.3-70b",
            "ollama:qwen3:8b",
            "openai:@cf/meta/llama@https://models.example/v1/",
            "openrouter:x/y:free",
            "cerebras:z",
            key_variable="MY_KEY",
        )
    )

    assert [(each.name, each.model) for each in found] == [
        ("groq", "llama-3.3-70b"),
        ("ollama", "qwen3:8b"),
        ("openai", "@cf/meta/llama"),
        ("openrouter", "x/y:free"),
        ("cerebras", "z"),
    ]
    assert found[1].url == "http://127.0.0.1:11434/api/chat"
    assert found[2].url == "https://models.example/v1/chat/completions"
    assert [each.key_variable for each in found] == [
        "GROQ_API_KEY",
        "",
        "MY_KEY",
        "OPENROUTER_API_KEY",
        "CEREBRAS_API_KEY",
    ]
    assert providers_of(settings()) == ()


@pytest.mark.parametrize(
    "entry",
    [
        "groq",
        "groq:",
        "bard:x",
        "openai:m@https://me:secret@x.example/v1",
        "openai:m@https://x.example/v1?key=secret",
        "openai:m@https:///v1",
        "openai:m@https://[x/v1",
    ],
)
def test_what_is_no_provider_is_refused_without_its_secrets(entry: str) -> None:
    with pytest.raises(NotAvailable, match=r"llm\.providers") as refused:
        providers_of(settings(entry))
    assert "secret" not in refused.value.message


def test_a_key_goes_over_https_or_stays_on_this_machine() -> None:
    (far,) = providers_of(settings("openai:m@http://far.example/v1", key_variable="K"))
    (near,) = providers_of(settings("openai:m@http://127.0.0.1:1/v1", key_variable="K"))

    with pytest.raises(NotAvailable, match="https only"):
        key_of(far, {"K": "secret"})
    assert key_of(near, {"K": " secret\n"}) == "secret"
    with pytest.raises(NotAvailable, match="set K"):
        key_of(near, {})
