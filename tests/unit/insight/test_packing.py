"""Packing into a budget: its laws, and against every possible choice."""

from __future__ import annotations

import random
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.insight.packing import Item, pack, tokens_of, told

ITEMS = st.lists(
    st.builds(
        Item,
        source=st.sampled_from(["memory", "code"]),
        id=st.integers(1, 30).map(str),
        text=st.text("abc ", min_size=1, max_size=120),
        value=st.integers(0, 20).map(lambda number: number / 20),
    ),
    max_size=9,
)
BUDGETS = st.integers(0, 120)


def distinct(items: list[Item]) -> list[Item]:
    """Return the items as they are without a name or text twice: there pack has the free choice."""
    return list(pack(items, 10**9).items)


@given(ITEMS, BUDGETS)
def test_the_budget_is_kept_and_nothing_stands_twice(items: list[Item], budget: int) -> None:
    packed = pack(items, budget)

    assert packed.tokens == sum(each.tokens for each in packed.items) <= budget
    assert tokens_of(told(packed.items)) <= budget
    assert len({(each.source, each.id) for each in packed.items}) == len(packed.items)
    assert all(each.value > 0 for each in packed.items)


@given(ITEMS, BUDGETS, st.integers())
def test_the_order_in_which_items_come_changes_nothing(
    items: list[Item], budget: int, seed: int
) -> None:
    shuffled = random.Random(seed).sample(items, len(items))

    assert pack(shuffled, budget) == pack(items, budget)


@given(ITEMS, BUDGETS)
def test_the_most_valuable_stand_first_and_tiers_follow(items: list[Item], budget: int) -> None:
    packed = pack(items, budget).items

    assert [each.value for each in packed] == sorted((e.value for e in packed), reverse=True)
    assert [each.tier for each in packed] == sorted(each.tier for each in packed)


@given(ITEMS, BUDGETS)
def test_nothing_that_fits_is_left_off_nor_for_a_worse_one(items: list[Item], budget: int) -> None:
    packed = pack(items, budget)
    left_off = [each for each in distinct(items) if each not in packed.items]

    assert packed.left_off == len(left_off)
    for out in left_off:
        assert out.tokens > budget - packed.tokens
        assert not any(
            inside.value < out.value and inside.tokens >= out.tokens for inside in packed.items
        )


@given(ITEMS, BUDGETS)
def test_it_is_worth_at_least_half_of_the_best_choice(items: list[Item], budget: int) -> None:
    """Source: Korte and Vygen, 17: greedy by density or the best single one."""
    there = distinct(items)
    best = max(
        sum(each.value for each in choice)
        for size in range(len(there) + 1)
        for choice in combinations(there, size)
        if sum(each.tokens for each in choice) <= budget
    )

    assert sum(each.value for each in pack(items, budget).items) >= best / 2 - 1e-9
