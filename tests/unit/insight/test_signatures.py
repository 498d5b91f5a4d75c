"""Which errors are the same one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.insight.signatures import likeness, normalised, signature


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("host 10.0.0.7 port 5432 after 30 s", "host 192.168.1.2 port 1 after 5 s"),
        ("no file /srv/a/b.txt", "no file /home/me/c.txt"),
        ("object at 0x7f00aa", "object at 0x1"),
        ("GET https://a.example/x failed", "GET http://b.example failed"),
        (
            "job 123e4567-e89b-12d3-a456-426614174000 died",
            "job 00000000-0000-0000-0000-000000000001 died",
        ),
    ],
)
def test_what_differs_each_time_is_no_difference(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)
    assert signature("E", one) == signature("E", other)
    assert likeness("E", one, f"E: {other}; solved by a retry").is_same


def test_other_names_make_another_error() -> None:
    assert not likeness("KeyError", "'user_id'", "KeyError: 'order_id' was mistyped").counts
    assert not likeness("KeyError", "'user_id'", "the user_id is a number").counts


def test_a_kind_alone_is_not_enough() -> None:
    message = "cannot connect to the broker of orders"
    assert not likeness("TimeoutError", message, "A TimeoutError of the parser").counts


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=300))
def test_a_share_is_a_share(kind: str, message: str, text: str) -> None:
    assert 0 <= likeness(kind, message, text).share <= 1


@given(st.from_regex(r"[a-z]{3,9}( [a-z]{3,9}){2,6}", fullmatch=True))
def test_a_message_is_like_itself(message: str) -> None:
    assert likeness("", message, f"once more: {message}, said the log").is_same
