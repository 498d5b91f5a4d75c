"""Chats: one memory a turn, with who said it and when."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.ingest import chats
from mimo.actors.ingest.chunks import Chunk
from mimo.actors.ingest.formats import read
from mimo.config.errors import InvalidRequest

CHATGPT = [
    {
        "title": "Boats",
        "conversation_id": "c-1",
        "current_node": "d",
        "mapping": {
            "a": {"id": "a", "message": None, "parent": None, "children": ["b"]},
            "b": {
                "message": {
                    "author": {"role": "user"},
                    "create_time": 1_700_000_000.5,
                    "content": {"content_type": "text", "parts": ["Which boat?"]},
                },
                "parent": "a",
            },
            "c": {
                "message": {
                    "author": {"role": "assistant"},
                    "content": {"content_type": "text", "parts": ["An answer made again."]},
                },
                "parent": "b",
            },
            "d": {
                "message": {
                    "author": {"role": "assistant"},
                    "create_time": 1_700_000_060,
                    "content": {"content_type": "text", "parts": ["A dinghy.", {"image": 1}]},
                },
                "parent": "b",
            },
        },
    }
]
CLAUDE = [
    {
        "uuid": "u-1",
        "name": "Tea",
        "chat_messages": [
            {
                "sender": "human",
                "text": "Green or black?",
                "created_at": "2024-05-01T10:00:00Z",
            },
            {
                "sender": "assistant",
                "text": "",
                "content": [{"type": "text", "text": "Green."}, {"type": "tool_use", "text": "x"}],
                "created_at": "2024-05-01T10:00:05+00:00",
            },
        ],
    }
]


def _chunks(value: Any, name: str = "conversations.json", strategy: str = "auto") -> list[Chunk]:
    raw = value if isinstance(value, str) else json.dumps(value)
    return list(read(raw.encode(), name, strategy).chunks)


def test_an_export_of_chatgpt_is_read_along_the_branch_that_was_shown() -> None:
    """Not the answers that were made again. Source: ChatGPT's conversations.json."""
    found = _chunks(CHATGPT)

    assert [(chunk.speaker, chunk.text, chunk.occurred_at_s) for chunk in found] == [
        ("user", "Which boat?", 1_700_000_000.5),
        ("assistant", "A dinghy.", 1_700_000_060.0),
    ]
    assert {chunk.session_id for chunk in found} == {"c-1"}
    assert found[0].metadata == {"conversation": "Boats"}


def test_an_export_of_claude_is_read() -> None:
    """Text parts only. Source: Claude's conversations.json."""
    found = _chunks(CLAUDE)

    assert [(chunk.speaker, chunk.text, chunk.occurred_at_s) for chunk in found] == [
        ("user", "Green or black?", 1_714_557_600.0),
        ("assistant", "Green.", 1_714_557_605.0),
    ]
    assert {chunk.session_id for chunk in found} == {"u-1"}


@pytest.mark.parametrize(
    "value",
    [
        [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}],
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "model", "content": "Hello"}]},
        [{"speaker": "user", "text": "Hi"}, {"speaker": "assistant", "text": "Hello"}],
        [
            {"role": "system", "content": "Be kind"},
            {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
            {"role": "tool", "content": "42"},
            {"role": "assistant", "content": "Hello"},
        ],
    ],
)
def test_lists_of_roles_are_read(value: Any) -> None:
    """As OpenAI, Anthropic and others write them; what is no conversation is left out."""
    found = _chunks(value)

    assert [(chunk.speaker, chunk.text) for chunk in found] == [
        ("user", "Hi"),
        ("assistant", "Hello"),
    ]


def test_a_transcript_is_recognised_and_read() -> None:
    """Names that come again, what follows a line, times in brackets. Source: issue 3, ingest."""
    text = (
        "Ann: Did you sail?\nBen: Yes.\nTwo hours.\nAnn (2024-05-01T10:00): How was it?\n"
        "Ben: Windy.\nAnn: Nice.\n"
    )

    found = _chunks(text, "talk.txt")

    assert [(chunk.speaker, chunk.text) for chunk in found] == [
        ("Ann", "Did you sail?"),
        ("Ben", "Yes.\nTwo hours."),
        ("Ann", "How was it?"),
        ("Ben", "Windy."),
        ("Ann", "Nice."),
    ]
    assert found[2].occurred_at_s == 1_714_557_600.0


@pytest.mark.parametrize(
    "text",
    [
        "Name: Ada\nBorn: 1815\nCity: London\nWork: mathematics\nNote: first\n",
        "A text with one colon: here.\n\nAnd another paragraph.\n\nAnd one more.\n",
        "",
    ],
)
def test_what_only_has_colons_is_no_transcript(text: str) -> None:
    """A card's fields are no speakers. Source: ours."""
    assert not chats.is_transcript(text)


def test_what_is_no_chat_is_refused_if_it_was_said_to_be_one() -> None:
    """With the forms that are known. Source: ours."""
    for value in ([1, 2], {"a": 1}, "no turns at all"):
        with pytest.raises(InvalidRequest, match="expected a chat"):
            _chunks(value, "a.json" if not isinstance(value, str) else "a.txt", "chat")


def test_a_tree_that_is_a_ring_ends() -> None:
    """A broken export doesn't hang its reader. Source: ours."""
    ring = json.loads(json.dumps(CHATGPT))
    ring[0]["mapping"]["b"]["parent"] = "d"

    assert [chunk.text for chunk in _chunks(ring)] == ["Which boat?", "A dinghy."]


NAMES = (
    *("role", "content", "text", "mapping", "parent", "message", "author", "parts", "sender"),
    *("chat_messages", "messages", "current_node", "create_time", "type"),
)
VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5)
    ),
    max_leaves=25,
)


@given(value=VALUES)
def test_no_value_brings_the_reader_down(value: Any) -> None:
    """Everything in an export may be anything. Source: ours."""
    for conversation in chats.conversations(value):
        assert conversation.turns
