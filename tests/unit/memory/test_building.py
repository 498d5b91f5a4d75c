"""From arguments to records and messages."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from mimo.actors.memory import messages
from mimo.actors.memory.building import filters_of, new_memory_of, patch_of
from mimo.actors.memory.operations import MEMORY
from mimo.actors.operations import CallContext
from mimo.config import limits
from mimo.config.errors import InvalidRequest

CONTEXT = CallContext(client="claude 1.0", connection="c", request_id="r", key="c:1")


def built(operation: str, **arguments: Any) -> Any:
    found = MEMORY.operation(operation)
    assert found is not None
    return found.build(arguments, CONTEXT)


def test_a_memory_has_the_defaults_of_its_record() -> None:
    """And says which client it came from (mcp.md 7), also after an upgrade of the client."""
    memory = new_memory_of({"content": " x "}, client="claude 1.0")

    assert (memory.content, memory.category, memory.importance) == ("x", "fact", 0.5)
    assert (memory.source, memory.trust, memory.occurred_at_s) == ("claude", "assistant", None)


def test_every_field_of_a_memory_can_be_given() -> None:
    """Contract of `storage.records.NewMemory`."""
    memory = new_memory_of(
        {
            "content": "x",
            "category": "plan",
            "importance": 1,
            "tags": ["B", "a"],
            "project": "mimo",
            "speaker": "Ada",
            "session_id": "s",
            "occurred_at": "1970-01-02",
            "source": "file.txt",
            "trust": "web",
            "valid_from": "1970-01-02",
            "valid_until": "",
            "protected": True,
            "metadata": {"a": 1},
        },
        client="c",
    )

    assert memory.tags == ("a", "b")
    assert (memory.occurred_at_s, memory.valid_from_s, memory.valid_until_s) == (
        86_400,
        86_400,
        None,
    )
    assert (memory.source, memory.trust, memory.protected) == ("file.txt", "web", True)
    assert isinstance(memory.importance, float)


def test_a_validity_must_not_end_before_it_begins() -> None:
    """Bad input gets one clear sentence (issue)."""
    with pytest.raises(InvalidRequest, match="'valid_from' before 'valid_until'"):
        new_memory_of(
            {"content": "x", "valid_from": "2026-01-02", "valid_until": "2026-01-01"}, client=""
        )


def test_an_update_changes_what_is_named() -> None:
    """Contract of `storage.records.MemoryPatch`: the others stay; '' takes a validity away."""
    patch = patch_of({"memory_id": 3, "content": "y", "valid_until": ""})

    assert patch.fields == {"content": "y", "valid_until_s": None}


@pytest.mark.parametrize("arguments", [{"memory_id": 3}, {"memory_id": 3, "occurred_at": ""}])
def test_an_update_that_cannot_be_done_is_refused(arguments: dict[str, Any]) -> None:
    """Nothing to change, or a memory without a time."""
    with pytest.raises(InvalidRequest, match="expected"):
        patch_of(arguments)


def test_an_empty_filter_restricts_nothing_but_an_empty_project_is_the_default_one() -> None:
    """Contract of `storage.records.Filters`: None means no restriction."""
    filters = filters_of({"speaker": "", "session_id": "", "source": "", "since": "", "tags": []})

    assert filters == filters_of({})
    assert filters_of({"project": ""}).project == ""


def test_since_must_be_before_until() -> None:
    """Otherwise nothing could ever be found."""
    with pytest.raises(InvalidRequest, match="'since' before 'until'"):
        filters_of({"since": "2026-01-01", "until": "2026-01-01"})


def test_the_messages_carry_what_was_asked() -> None:
    """One message each, with the call's idempotency key where it writes."""
    assert built("store", content="x").key == "c:1"
    assert built("store_many", memories=[{"content": "x"}, {"content": "y"}]).many
    search = built("search", query=" two  words ", response_format="detailed", context=2)
    assert (search.query, search.detailed, search.context) == ("two words", True, 2)
    assert built("list") == messages.ListMemories(filters=filters_of({}))
    assert built("get", memory_id=3) == messages.GetMemory(memory_id=3)
    assert built("delete", memory_id=3) == messages.DeleteMemory(memory_id=3, key="c:1")
    assert built("restore", memory_id=3) == messages.RestoreMemory(memory_id=3, key="c:1")
    assert built("hold", content="x").ttl_s == 3_600.0
    assert built("held", session_id=" a ").session_id == "a"


def test_the_largest_store_many_fits_one_message() -> None:
    """Messages between actors are at most `limits.MESSAGE_BYTES_MAX`."""
    size = limits.STORE_MANY_BYTES_MAX // limits.STORE_MANY_MAX
    memory = {"content": "x" * size, "tags": [f"tag number {n}" for n in range(8)]}
    message = built("store_many", memories=[memory] * limits.STORE_MANY_MAX)

    assert len(pickle.dumps(message)) < limits.MESSAGE_BYTES_MAX
    with pytest.raises(InvalidRequest, match="send them in several calls"):
        built("store_many", memories=[{"content": "x" * 65_536}] * 4)


def test_which_memory_of_many_is_wrong_is_said() -> None:
    """So that the caller can mend one of a hundred."""
    with pytest.raises(InvalidRequest, match=r"memories\[1\]: expected 'content'"):
        built("store_many", memories=[{"content": "x"}, {"content": "\u200b"}])
