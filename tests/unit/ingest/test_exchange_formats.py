"""Exports of other makers as records, by the shapes that they write."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mimo.actors.ingest.exchange_formats import records_of
from mimo.config.errors import InvalidRequest
from mimo.storage.exchange import new_memory_of

SERVER_MEMORY = (
    '{"type":"entity","name":"Ada","entityType":"Team Lead","observations":["lives in Turin"]}\n'
    '{"type":"relation","from":"Ada","to":"Acme","relationType":"works_at"}\n'
)
MEMORY_SERVICE = json.dumps(
    {
        "export_metadata": {"version": "5"},
        "memories": [
            {
                "content": "Deploys happen on Tuesdays",
                "content_hash": "ab12",
                "tags": ["ops", "Release Plan"],
                "memory_type": "decision",
                "metadata": {"who": "Bo"},
                "created_at": 1_700_000_000.5,
                "updated_at_iso": "2023-11-15T00:00:00Z",
            }
        ],
    }
)
MEM0 = json.dumps(
    {
        "results": [
            {
                "id": "m-1",
                "memory": "Prefers tea",
                "user_id": "ada",
                "categories": ["food"],
                "metadata": None,
                "created_at": "2025-01-02T03:04:05-08:00",
                "updated_at": None,
            }
        ]
    }
)
CHATGPT = json.dumps(
    [
        {
            "id": "c1",
            "title": "Trip",
            "create_time": 1_700_000_000.0,
            "current_node": "b",
            "mapping": {
                "a": {
                    "id": "a",
                    "parent": None,
                    "children": ["b"],
                    "message": {
                        "author": {"role": "user"},
                        "create_time": 1_700_000_001.0,
                        "content": {"content_type": "text", "parts": ["Where is Turin?"]},
                    },
                },
                "b": {
                    "id": "b",
                    "parent": "a",
                    "children": [],
                    "message": {
                        "author": {"role": "assistant"},
                        "create_time": 1_700_000_002.0,
                        "content": {"content_type": "text", "parts": ["In Italy."]},
                    },
                },
            },
        }
    ]
)
CLAUDE = json.dumps(
    [
        {
            "uuid": "u1",
            "name": "Trip",
            "created_at": "2025-01-02T03:04:05Z",
            "chat_messages": [
                {
                    "uuid": "1",
                    "sender": "human",
                    "text": "Hi",
                    "created_at": "2025-01-02T03:04:05Z",
                },
                {"uuid": "2", "sender": "assistant", "text": "Hello", "created_at": "bad"},
            ],
        }
    ]
)


@pytest.mark.parametrize(
    ("text", "form", "contents"),
    [
        (SERVER_MEMORY, "server-memory", ["Ada: lives in Turin", "Ada works at Acme"]),
        (MEMORY_SERVICE, "mcp-memory-service", ["Deploys happen on Tuesdays"]),
        (MEM0, "mem0", ["Prefers tea"]),
        (CHATGPT, "chat", ["Where is Turin?", "In Italy."]),
        (CLAUDE, "chat", ["Hi", "Hello"]),
    ],
)
def test_an_export_is_told_by_its_shape(text: str, form: str, contents: list[str]) -> None:
    """Each record can be stored, and importing again gives the same uids."""
    found_form, records = records_of(text, "export.json")
    assert (found_form, [record["content"] for record in records]) == (form, contents)
    for record in records:
        new_memory_of(record)
    assert records_of(text, "export.json")[1] == records
    assert len({record["uid"] for record in records}) == len(records)


def test_times_tags_and_kinds_of_other_makers_are_kept() -> None:
    """What Mimo has a field for goes there; the rest stays in the metadata."""
    (record,) = records_of(MEMORY_SERVICE, "x.json")[1]
    assert record["category"] == "action"
    assert record["tags"] == ("ops", "release-plan")
    assert record["created_at"] == record["occurred_at"] == 1_700_000_000.5
    assert record["metadata"] == {"who": "Bo"}
    assert records_of(MEM0, "x.json")[1][0]["created_at"] == 1_735_815_845.0


def test_secrets_of_others_are_not_taken_in() -> None:
    """The scrubber reads imports too, and the memory says so."""
    key = "sk-ant-" + "a1B2" * 8
    text = json.dumps({"results": [{"id": "1", "memory": f"the key is {key}"}]})
    (record,) = records_of(text, "x.json")[1]
    assert key not in json.dumps(record)
    assert record["metadata"]["redacted"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "[1, 2]", '{"memories": 3}', "plain words"])
def test_another_form_is_refused_with_those_that_are_known(text: str) -> None:
    """No guess."""
    with pytest.raises(InvalidRequest, match="expected"):
        records_of(text, "x.json")


def test_an_export_of_mimo_is_passed_on_as_it_is() -> None:
    """All types of records, in their order."""
    given: list[dict[str, Any]] = [
        {"type": "memory", "uid": "1", "content": "x"},
        {"type": "link", "source": "1", "target": "2", "kind": "similar"},
    ]
    text = "\n".join(json.dumps(one) for one in given)
    assert records_of(text, "x.jsonl") == ("mimo", given)


def test_secrets_are_taken_out_of_records_of_mimo_too() -> None:
    """A file may have been written by anybody; what was scrubbed once stays as it is."""
    key = "sk-ant-" + "a1B2" * 8
    text = json.dumps({"type": "memory", "uid": "1", "content": f"the key is {key}"})
    (record,) = records_of(text, "x.jsonl")[1]
    assert key not in json.dumps(record)
    assert records_of(json.dumps(record), "x.jsonl")[1] == [record]
