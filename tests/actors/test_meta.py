"""The composites of meta on a real node: a workspace, memories, a graph, and sources that fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mimo.actors.insight.operations_meta import COMPOSITES
from mimo.interfaces.mcp.schemas import result_schema
from tests.support.client import CallError, Client
from tests.support.node import Node, running_node

Ask = Callable[..., dict[str, Any]]

CACHE = '''"""A cache."""

import time


class Cache:
    """Keeps values for a while."""

    def get_value(self, key: str) -> str:
        """Return a value."""
        return self.rows[key]


def expire_rows(rows: dict[str, str]) -> None:
    """Forget all."""
    rows.clear()
'''


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace: a sound file, a broken one, and one that is no code."""
    root = tmp_path_factory.mktemp("meta").resolve() / "work"
    (root / "src").mkdir(parents=True)
    (root / "src" / "cache.py").write_text(CACHE)
    (root / "src" / "broken.py").write_text("def f(:\n    return 1\n")
    (root / "notes.txt").write_text("a line\nanother line\n")
    (root / "pyproject.toml").write_text('[project]\nname = "demo"\n')
    return root


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[Node]:
    """A node that may work there and knows a few things."""
    settings = {"MIMO_WORKSPACE_ROOTS": str(folder), "MIMO_EMBEDDING_PROVIDER": "none"}
    with running_node(tmp_path_factory.mktemp("node") / "data", settings) as node:
        with node.connect("teacher") as client:
            client.store("src/cache.py was rewritten because entries were never expired")
            client.store("A cachet.py of another kind has nothing to do with it")
            client.store(
                "KeyError: 'user_id' came from a cookie without a session; checking"
                " for it before the lookup solved it"
            )
            client.store("A KeyError in the parser was a typing mistake")
            client.store(
                "ConnectionError: host 10.0.0.7 port 5432 refused after 30 s: the pool was empty"
            )
            fact = {"subject": "cache", "predicate": "depends_on", "object": "redis"}
            client.submit("teach", tool="knowledge", facts=[fact]).result()
        yield node


@pytest.fixture
def ask(node: Node) -> Iterator[Ask]:
    """Make a call whose result fits its schema."""
    with node.connect("asker") as client:
        yield lambda operation, **arguments: asked(client, operation, **arguments)


def asked(client: Client, operation: str, **arguments: Any) -> dict[str, Any]:
    """Return a result that fits its operation's schema."""
    known = {each.name: each for each in COMPOSITES}
    found = client.submit(operation, tool="meta", **arguments).result()
    jsonschema.validate(found, result_schema(known[operation]))
    return found


def test_every_operation_works_with_its_example(ask: Ask) -> None:
    """What an error shows as an example is one."""
    for operation in COMPOSITES:
        ask(operation.name, **operation.example)


# -- A file ----------------------------------------------------------------------------------------
def test_a_file_is_told_with_its_symbols_and_what_is_remembered_of_it(ask: Ask) -> None:
    found = ask("analyze_file", path="src/cache.py", include_content=True)

    assert found["path"] == "src/cache.py"
    assert found["file"]["line_count"] == len(CACHE.splitlines())
    assert "class Cache" in found["file"]["content"]
    names = {each["qualified_name"]: each["kind"] for each in found["symbols"]["symbols"]}
    assert names["Cache.get_value"] == "method"
    assert found["symbols"]["by_kind"]["class"] == 1
    told = [each["content"] for each in found["knowledge"]["memories"]]
    assert len(told) == 1
    assert "never expired" in told[0]


def test_a_checker_that_did_not_look_leaves_nothing_clean(ask: Ask) -> None:
    found = ask("analyze_file", path="src/cache.py")

    checked = found["diagnostics"]
    statuses = {each["status"] for each in checked["tools"]}
    assert checked["clean"] == (statuses == {"ran"} and not checked["diagnostics"])
    waiting = [each for each in checked["tools"] if each["status"] == "needs approval"]
    assert not waiting or not checked["clean"]


def test_an_error_in_a_file_is_found_without_an_approval(ask: Ask) -> None:
    found = ask("analyze_file", path="src/broken.py")

    assert found["health"] == "errors"
    assert found["diagnostics"]["diagnostics"][0]["line"] == 1
    assert "line 1" in found["suggestion"]


def test_a_file_that_no_checker_knows_is_not_called_clean(ask: Ask) -> None:
    found = ask("analyze_file", path="notes.txt")

    assert found["health"] == "not checked"
    assert found["diagnostics"]["clean"] is False
    assert found["symbols"]["count"] == 0


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("src/nothing.py", "not_found"),
        ("src", "invalid_request"),
        ("/etc/hosts", "invalid_request"),
    ],
)
def test_what_is_no_file_of_the_workspace_is_refused(ask: Ask, path: str, code: str) -> None:
    with pytest.raises(CallError) as refused:
        ask("analyze_file", path=path)
    assert refused.value.code == code


# -- An error --------------------------------------------------------------------------------------
def test_a_traceback_finds_its_file_its_symbol_and_who_saw_it_before(
    ask: Ask, folder: Path
) -> None:
    text = (
        "Traceback (most recent call last):\n"
        f'  File "{folder}/src/cache.py", line 11, in get_value\n'
        "    return self.rows[key]\n"
        "KeyError: 'user_id'\n"
    )
    found = ask("debug_error", message=text)

    assert found["analysis"]["kind"] == "KeyError"
    assert found["analysis"]["path"] == str(folder / "src" / "cache.py")
    best = found["past_solutions"]["solutions"][0]
    assert best["match"] == "same"
    assert "cookie" in best["content"]
    assert all("typing mistake" not in s["content"] for s in found["past_solutions"]["solutions"])
    defined = {each["symbol"]: each for each in found["definitions"]}
    assert defined["get_value"]["line"] == 9
    assert "return self.rows[key]" in defined["get_value"]["content"]
    assert found["current_errors"]["error_count"] == 0


def test_numbers_and_addresses_do_not_hide_the_same_error(ask: Ask) -> None:
    message = "ConnectionError: host 192.168.1.20 port 6379 refused after 5 s"
    found = ask("debug_error", message=message)

    (solution,) = found["past_solutions"]["solutions"]
    assert (solution["match"], "pool was empty" in solution["content"]) == ("same", True)


def test_a_recorded_reflection_is_a_past_solution_with_its_lesson(node: Node, ask: Ask) -> None:
    message = "LockTimeout: the ledger stayed locked by another writer"
    with node.connect("thinker") as client:
        begun = client.submit("guided", tool="reason", problem="why does the ledger lock").result()
        client.submit(
            "reflect",
            tool="reason",
            session_id=begun["session_id"],
            success=False,
            error=message,
            thought="close the cursor before the commit",
        ).result()

    found = ask("debug_error", message=message)

    reflections = [
        each for each in found["past_solutions"]["solutions"] if each["kind"] == "reflection"
    ]
    assert reflections
    assert "close the cursor" in reflections[0]["lesson"]


def test_an_error_that_nobody_told_of_has_no_solution(ask: Ask) -> None:
    found = ask("debug_error", message="ZebraError: stripes collided in quadrant", symbol="Cache")

    assert found["past_solutions"] == {"found": False, "count": 0, "solutions": []}
    assert found["definitions"][0]["qualified_name"] == "Cache"
    assert found["current_errors"]["clean"] is False


# -- A context -------------------------------------------------------------------------------------
def test_a_context_names_its_sources_and_keeps_its_budget(ask: Ask) -> None:
    query = "how does `expire_rows` make the cache forget entries, and what does cache depend on"
    found = ask("prepare_context", query=query, max_tokens=300)

    assert found["tokens"] <= 300
    assert len(found["formatted_context"]) <= 300 * 4
    items = [*found["tier1"], *found["tier2"], *found["tier3"]]
    assert found["total_context_items"] == len(items)
    assert {"memory", "knowledge", "code"} <= {each["source"] for each in items}
    for each in items:
        assert f"[{each['source']} {each['id']}]" in found["formatted_context"]
    assert [each["value"] for each in items] == sorted((i["value"] for i in items), reverse=True)
    assert "expire_rows" in found["entities"]


def test_a_small_budget_leaves_off_and_says_so(ask: Ask) -> None:
    found = ask("prepare_context", query="the cache and the KeyError", max_tokens=50)

    assert found["tokens"] <= 50
    assert found["left_off"] > 0
    assert "raise max_tokens" in found["suggestion"]


def test_only_the_sources_that_were_asked_for_are_asked(ask: Ask) -> None:
    found = ask("prepare_context", query="the cache", sources=["knowledge"])

    assert list(found["sources"]) == ["knowledge"]
    assert "[memory" not in found["formatted_context"]


def test_a_source_that_fails_is_named_and_the_rest_is_told(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Without a workspace nothing is known of code: what is remembered is told all the same."""
    settings = {"MIMO_EMBEDDING_PROVIDER": "none"}
    with (
        running_node(tmp_path_factory.mktemp("bare"), settings) as node,
        node.connect("asker") as client,
    ):
        client.store("KeyError: 'user_id' means that the cookie has no session")
        found = asked(client, "debug_error", message="KeyError: 'user_id'")
        context = asked(client, "prepare_context", query="why does `Cache.get_value` fail")

        assert found["past_solutions"]["found"]
        assert "definition:user_id: not_available" in found["degraded"]
        assert found["sources"]["definition:user_id"]["status"] == "failed"
        assert context["sources"]["code"]["status"] == "failed"
        assert context["sources"]["memory"]["status"] == "answered"
        assert "code:Cache.get_value: not_available" in context["degraded"]


def test_old_names_reach_them(node: Node) -> None:
    """Each was a tool of its own once. Source: the original, 36 -> 14."""
    with node.connect("old") as client:
        calls = {
            "analyze_file": {"path": "src/cache.py"},
            "debug_error": {"message": "KeyError: 'user_id'"},
            "prepare_context": {"query": "the cache"},
        }
        for name, arguments in calls.items():
            request = {"name": name, "arguments": arguments}
            found = client.request("tools/call", request).result()
            assert "meta" in found["deprecation"]
