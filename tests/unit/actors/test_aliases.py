"""Old names of tools and operations, translated."""

from __future__ import annotations

import pytest

from mimo.actors.aliases import translated


@pytest.mark.parametrize(
    ("name", "arguments", "tool", "operation"),
    [
        ("blink", {"operation": "analyze"}, "web", "blink_analyze"),
        ("browser", {"operation": "screenshot"}, "web", "screenshot"),
        ("search", {"operation": "images"}, "web", "image_search"),
        ("code_symbols", {"operation": "references"}, "code", "references"),
        ("library", {"operation": "discover"}, "code", "library_discover"),
        ("emergence", {"operation": "probe"}, "cognitive", "emergence_probe"),
        ("run_procedure", {"operation": "status"}, "orchestrate", "procedure_status"),
    ],
)
def test_an_old_tools_operation_keeps_its_meaning(
    name: str, arguments: dict[str, str], tool: str, operation: str
) -> None:
    """The original overwrote most of them."""
    meant = translated(name, arguments)

    assert meant is not None
    assert (meant.tool, meant.arguments["operation"]) == (tool, operation)


def test_an_old_tool_without_operation_means_its_usual_one() -> None:
    """`store_fact` stores."""
    meant = translated("store_fact", {"content": "a"})

    assert meant is not None
    assert (meant.tool, meant.operation, meant.arguments) == ("memory", "store", {"content": "a"})


def test_old_parameters_are_renamed() -> None:
    """The old one isn't ignored."""
    meant = translated("run_procedure", {"operation": "status", "execution_id": "x"})

    assert meant is not None
    assert meant.arguments == {"operation": "procedure_status", "run_id": "x"}


def test_an_old_operation_of_a_tool_of_today_may_lead_to_another_tool() -> None:
    """Symbols are `code`'s."""
    meant = translated("file", {"operation": "find_definition", "symbol_name": "f"})

    assert meant is not None
    assert (meant.tool, meant.operation, meant.arguments) == ("code", "definition", {"name": "f"})


@pytest.mark.parametrize("arguments", [{}, {"operation": 7}, {"operation": "read"}])
def test_what_is_not_old_is_left_alone(arguments: dict[str, object]) -> None:
    """Also with an operation that is no text."""
    assert translated("file", arguments) is None


def test_what_took_no_operation_still_needs_none() -> None:
    """Old clients call `awakening_status` with nothing."""
    meant = translated("awakening_status", {"include_guidance": True})

    assert meant is not None
    assert (meant.tool, meant.operation) == ("awakening_status", "status")
    assert translated("awakening_status", {"operation": "status"}) is None
