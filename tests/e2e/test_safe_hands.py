"""The hands of an assistant on a real node: what they show, leave alone, and survive."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.client import CallError, Client
from tests.support.node import Node, running_node

KEY = "sk-proj-A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8S9t0"
PARENTS = "KEY-of-the-parent-7781"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("work").resolve()
    (folder / "settings.txt").write_text(f"openai = {KEY}\n")
    (folder / "evil.txt").write_text("a" * 40_000 + "!\n")
    (folder / "notes.md").write_text("# Notes\n")
    return folder


@pytest.fixture(scope="module")
def node(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    settings = {
        "MIMO_EMBEDDING_PROVIDER": "none",
        "MIMO_WORKSPACE_ROOTS": str(workspace),
        "ACME_TOKEN": PARENTS,
    }
    with running_node(tmp_path_factory.mktemp("node") / "data", settings) as found:
        yield found


@pytest.fixture
def client(node: Node) -> Iterator[Client]:
    with node.connect("hands") as found:
        yield found


def ask(client: Client, tool: str, operation: str, **arguments: Any) -> dict[str, Any]:
    return client.submit(operation, tool=tool, **arguments).result(60.0)


def test_a_command_sees_no_key_of_the_nodes_environment(client: Client) -> None:
    """Minimal environment: no secret of whoever started Mimo, nor Mimo's own settings."""
    shown = json.dumps(ask(client, "terminal", "execute", command="printenv"))

    assert "PATH=" in shown
    assert PARENTS not in shown
    assert "MIMO_" not in shown


@pytest.mark.parametrize(
    ("tool", "operation", "arguments"),
    [
        ("file", "read", {"path": "settings.txt"}),
        ("file", "search", {"pattern": "openai", "path": "settings.txt"}),
        ("terminal", "execute", {"command": "cat settings.txt"}),
    ],
)
def test_a_key_in_a_file_is_not_shown(
    client: Client, tool: str, operation: str, arguments: dict[str, Any]
) -> None:
    """Redacted in results, whichever hand reads it."""
    shown = json.dumps(ask(client, tool, operation, **arguments))

    assert "openai" in shown
    assert KEY not in shown


@pytest.mark.parametrize("command", ["rm notes.md", "curl http://example.org", "python3 -c 'x'"])
def test_what_is_risky_is_refused_where_nobody_can_be_asked(
    client: Client, workspace: Path, command: str
) -> None:
    """This client has no elicitation: never the effect."""
    with pytest.raises(CallError) as refusal:
        ask(client, "terminal", "execute", command=command)

    assert refusal.value.code == "approval_required"
    assert (workspace / "notes.md").exists()


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(a|aa)+$", r"(.*a){20}$", "(" * 400, "a" * 5_000])
def test_no_expression_holds_up_a_search(client: Client, node: Node, pattern: str) -> None:
    """CVE-2026-0621 (ReDoS): cut or refused, and the worker serves on without a restart."""
    before = node.restarts().get("tools/files", 0)
    pending = client.submit("search", tool="file", pattern=pattern, path="evil.txt")
    answer = pending.wait(60.0)["result"]

    code = (answer.get("_meta") or {}).get("mimo/error", {}).get("code", "")
    assert code in {"", "invalid_request"}
    assert ask(client, "file", "read", path="notes.md")["content"].startswith("# Notes")
    assert node.restarts().get("tools/files", 0) == before


def test_a_project_is_never_seen_in_the_search_of_another(client: Client) -> None:
    """Asana and other tenants' leaks: by words, in lists, in counts, in exports, in answers."""
    for project in ("alpha", "beta"):
        client.store(f"The vault code of {project} is 7731", project=project)
    asked: list[tuple[str, dict[str, Any]]] = [
        ("search", {"query": "vault code"}),
        ("list", {}),
        ("export", {}),
        ("stats", {}),
        ("synthesize", {"query": "What is the vault code of beta?"}),
    ]

    for operation, arguments in asked:
        shown = json.dumps(ask(client, "memory", operation, project="alpha", **arguments))
        assert "of beta" not in shown.replace(str(arguments.get("query", "-")), "")
    assert "of alpha" in json.dumps(ask(client, "memory", "list", project="alpha"))
