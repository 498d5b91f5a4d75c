"""The tools as hosts see them: portable schemas, few tokens, the same bytes always."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import anyio
import pytest

from mimo.actors.aliases import ALIASES, OLD_OPERATIONS
from mimo.actors.bridge.gateway import Gateway
from mimo.actors.catalogue import TOOLS, Offer, narrowed, offered
from mimo.actors.operations import Operation, Tool
from mimo.config.errors import InvalidRequest
from mimo.interfaces.mcp import texts
from mimo.interfaces.mcp.baked import BAKED_FILE, baked_text, envelope, exchange
from mimo.interfaces.mcp.schemas import listed, operation_schema
from mimo.interfaces.mcp.server import MimoServer
from tests.support.answering import answering

#: Characters of JSON that make one token, on the careful side; there is no tokenizer at hand.
CHARS_A_TOKEN = 3.6

OPERATIONS = [(tool, operation) for tool in TOOLS for operation in tool.operations]
PARAMETERS = [
    pytest.param(operation, name, schema, id=f"{operation.name}.{name}")
    for _, operation in OPERATIONS
    for name, schema in operation.parameters.items()
]


def wire(tool: Tool) -> dict[str, Any]:
    """Return the tool as it stands in `tools/list`."""
    return listed(tool).model_dump(by_alias=True, exclude_none=True, mode="json")


def subschemas(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield every schema inside `schema`, itself first."""
    if isinstance(schema, dict):
        yield schema
        for key, value in schema.items():
            if key == "properties":
                for inner in value.values():
                    yield from subschemas(inner)
            elif key == "items":
                yield from subschemas(value)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_tool_can_be_named_by_every_host(tool: Tool) -> None:
    """`mcp__mimo__<tool>` has at most 60 characters: Cursor 60, Claude API and Codex 64."""
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,48}", tool.name)
    assert len(f"mcp__mimo__{tool.name}") <= 60
    assert 40 <= len(tool.description) < 2_048


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_the_schemas_on_the_wire_are_portable(tool: Tool) -> None:
    """claude-code #45106, #56174: root oneOf ends the session; TypeScript v1 wants objects."""
    shown = wire(tool)
    for root in (shown["inputSchema"], shown["outputSchema"]):
        assert root["type"] == "object"
        for schema in subschemas(root):
            assert not {"oneOf", "anyOf", "allOf", "not", "if", "$ref", "$defs"} & set(schema)
            assert isinstance(schema.get("type", "object"), str)
            assert schema.get("type") != "array" or isinstance(schema.get("items"), dict)
    assert shown["inputSchema"]["additionalProperties"] is False
    assert shown["inputSchema"]["required"] == ["operation"]


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_all_four_hints_are_stated_and_true(tool: Tool) -> None:
    """mcp.md 4.3: clients assume the worst of what isn't said."""
    hints = wire(tool)["annotations"]
    effects = {operation.effect for operation in tool.operations}

    assert set(hints) >= {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"}
    assert hints["readOnlyHint"] == (effects == {"read"})
    assert hints["destructiveHint"] == ("destructive" in effects)
    assert hints["openWorldHint"] == ("open-world" in effects)


def test_the_definitions_cost_few_tokens() -> None:
    """mcp.md 9.4: all definitions below 8,000 tokens; they are in every prompt.

    Memory has about forty operations, so it is above what a single tool should have.
    """
    sizes = {
        tool.name: len(json.dumps(wire(tool), separators=(",", ":"))) / CHARS_A_TOKEN
        for tool in TOOLS
    }

    assert sum(sizes.values()) < 8_000
    assert max(sizes.values()) < 2_000


def test_the_instructions_are_short_and_begin_with_the_purpose() -> None:
    """mcp.md 4.2: below 2 kB, front-loaded."""
    assert len(texts.INSTRUCTIONS.encode()) < 2_048
    assert texts.INSTRUCTIONS.startswith("Mimo remembers")


@pytest.mark.parametrize(("operation", "name", "schema"), PARAMETERS)
def test_every_parameter_is_bounded_and_described(
    operation: Operation, name: str, schema: dict[str, Any]
) -> None:
    """Everything has a limit (aesthetics 0.6); the wire shows the description."""
    assert re.fullmatch(r"[a-z][a-z_]{0,30}", name)
    assert 10 <= len(schema["description"]) <= 120
    for inner in subschemas(schema):
        match inner["type"]:
            case "string":
                assert "enum" in inner or "maxLength" in inner
            case "array":
                assert "maxItems" in inner
            case "integer" | "number":
                assert {"minimum", "maximum"} <= set(inner)
        assert "pattern" not in inner


@pytest.mark.parametrize(
    ("tool", "operation"), OPERATIONS, ids=[operation.name for _, operation in OPERATIONS]
)
def test_an_operation_is_complete(tool: Tool, operation: Operation) -> None:
    """Design 8: schemas, CLI, documents and tests are derived from the record."""
    assert set(operation.required) <= set(operation.parameters)
    assert operation.result["type"] == "object"
    assert operation.worker
    assert 0 < operation.deadline_s <= 60
    assert operation.summary.endswith(".")
    assert len([op for op in tool.operations if op.name == operation.name]) == 1
    assert operation_schema(operation)["additionalProperties"] is False


OLD = {**{(name, ""): alias for name, alias in ALIASES.items()}, **OLD_OPERATIONS}


@pytest.mark.parametrize("old", OLD, ids=lambda old: " ".join(old).strip())
def test_an_old_name_stands_for_operations_that_exist(old: tuple[str, str]) -> None:
    """Design 8: no broken prompts; each alias answers with a `deprecation` field."""
    tools = {tool.name: tool for tool in TOOLS}
    alias = OLD[old]
    tool = tools[alias.tool]

    assert old[0] not in tools or old[1]
    for name in (alias.operation, *alias.operations.values()):
        assert tool.operation(name), name
    parameters = {name for operation in tool.operations for name in operation.parameters}
    assert set(alias.renames.values()) <= parameters


def operations(tools: Sequence[Tool]) -> list[Operation]:
    return [operation for tool in tools for operation in tool.operations]


def test_read_only_offers_nothing_that_changes_anything() -> None:
    """Settings: `tools.read_only`; flag --read-only."""
    found = offered(Offer(read_only=True))

    assert {each.effect for each in operations(found)} == {"read"}
    assert wire(found[0])["annotations"]["readOnlyHint"] is True


def test_no_exec_offers_nothing_that_runs_programs() -> None:
    """Settings: `tools.no_exec`; flag --no-exec, which leaves out what would do it for others."""
    assert "executes" in {each.reach for each in operations(TOOLS)}
    assert "executes" not in {each.reach for each in operations(offered(Offer(no_exec=True)))}
    narrow = narrowed(TOOLS, Offer(no_exec=True))
    assert {each.reach for each in operations(narrow)} == {""}


def test_a_client_may_be_given_some_tools() -> None:
    """Settings: `tools.enabled`; flag --tools, which leaves out what calls other tools."""
    assert [tool.name for tool in offered(Offer(tools=("memory",)))] == ["memory"]
    assert offered(Offer(tools=("nonsense",))) == ()
    narrow = narrowed(TOOLS, Offer(tools=("memory", "orchestrate")))
    assert [tool.name for tool in narrow] == ["memory", "orchestrate"]
    assert {each.reach for each in operations(narrow)} == {""}
    with pytest.raises(InvalidRequest, match="got 'nonsense'; correct --tools"):
        narrowed(TOOLS, Offer(tools=("nonsense",)))


def test_what_relays_answer_by_themselves_is_what_the_server_answers() -> None:
    """`interfaces/baked.json` is generated: `python -m mimo.interfaces.mcp.baked`."""
    assert BAKED_FILE.read_text(encoding="utf-8") == baked_text()


def test_the_listing_has_the_same_bytes_in_every_process() -> None:
    """mcp.md 7, rug pull: identical across restarts and independent of hash seeds."""
    program = "from mimo.interfaces.mcp.baked import baked_text; print(hash(''), baked_text())"
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PATH": "", "HOME": "/nonexistent"},
            capture_output=True,
            check=True,
        ).stdout.partition(b" ")[2]
        for seed in ("1", "2")
    }

    assert len(found) == 1


def test_nothing_stored_reaches_a_listing() -> None:
    """mcp.md 7: stored "ignore previous instructions" must not get into every prompt."""

    async def lists() -> list[dict[str, Any]]:
        meta = {"_meta": envelope("2026-07-28")}
        names = ("tools/list", "prompts/list", "resources/list", "resources/templates/list")
        requests = [
            {"jsonrpc": "2.0", "id": name, "method": name, "params": meta} for name in names
        ]
        found = await exchange(MimoServer(gateway, TOOLS).sdk, requests)
        return [found[name]["result"] for name in names]

    gateway = Gateway()
    with answering(gateway, lambda _submission: None) as seen:
        assert anyio.run(lists)

        assert seen.submissions == []


def said(tool: Tool) -> Iterator[str]:
    """Yield every text of a tool that a model may read."""
    yield tool.description
    for operation in tool.operations:
        yield from (operation.summary, operation.unavailable)
        yield from (str(schema["description"]) for schema in operation.parameters.values())
        yield from (str(each.get("description", "")) for each in subschemas(operation.result))


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_no_text_of_a_tool_hides_anything_or_orders_a_model_about(tool: Tool) -> None:
    """Tool poisoning (WhatsApp MCP, 2025): texts that are read by models and not by people."""
    for text in said(tool):
        assert text.isprintable(), ascii(text)
        assert text.isascii(), ascii(text)
        assert not re.search(
            r"(?i)\b(ignore (all|any|previous)|do not tell|don't tell|secretly|system prompt"
            r"|must always|before using any other|instead of any other)\b",
            text,
        ), text
