"""Ingest on a real node: through a client, from the command line, killed in the middle."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tests.support.client import CallError, Client
from tests.support.node import Node, running_node
from tests.support.pages import page, serving
from tests.support.waiting import eventually

DONE_WITHIN_S = 120.0
FILES = 300


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of a few hundred files."""
    root = tmp_path_factory.mktemp("tree").resolve() / "docs"
    for number in range(FILES):
        path = root / f"part{number % 7}" / f"note{number:04}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        sections = "\n\n".join(
            f"## Part {part}\n\nNote {number} says {number * 31 + part}." for part in range(4)
        )
        path.write_text(f"# Note {number}\n\n{sections}\n")
    (root / ".env").write_text("TOKEN=x")
    return root


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[Node]:
    """A node that may read the directory, and nothing of the web."""
    settings = {"MIMO_INGEST_ROOTS": str(folder.parent), "MIMO_EMBEDDING_PROVIDER": "none"}
    with running_node(tmp_path_factory.mktemp("node") / "data", settings) as node:
        yield node


@pytest.fixture
def client(node: Node) -> Iterator[Client]:
    """A client of that node."""
    with node.connect() as client:
        yield client


def finished(client: Client, job: dict[str, Any]) -> dict[str, Any]:
    """Return a job once it is over."""

    def found() -> dict[str, Any] | None:
        now: dict[str, Any] = client.call("ingest_status", job_id=job["job_id"])["jobs"][0]
        return now if now["state"] in {"done", "failed"} else None

    if job["state"] in {"done", "failed"}:
        return job
    return eventually(found, within_s=DONE_WITHIN_S, ignoring=(CallError,))


def counted(node: Node, sql: str) -> int:
    """Return one number from the node's database."""
    link = sqlite3.connect(f"file:{node.database}?mode=ro", uri=True)
    try:
        return int(link.execute(sql).fetchone()[0])
    finally:
        link.close()


LIVE = (
    "SELECT {} FROM memories WHERE archived_at IS NULL AND superseded_by IS NULL"
    " AND deleted_at IS NULL AND project = '{}'"
)


def test_a_directory_is_ingested_and_again_nothing_is_written(
    node: Node, client: Client, folder: Path
) -> None:
    """Through the tool, with what happened to how many. Source: issue 3, ingest."""
    job = finished(client, client.call("ingest", path=str(folder), project="plain", tags=["t"]))

    assert job["by_outcome"] == {"created": FILES}
    assert job["chunks"]["created"] == 4 * FILES
    assert job["skipped"] == {"secret": 1}
    seq = counted(node, "SELECT seq FROM identity")
    keys = counted(node, "SELECT count(*) FROM ledger")

    again = finished(client, client.call("ingest", path=str(folder), project="plain", tags=["t"]))

    assert again["by_outcome"] == {"unchanged": FILES}
    assert counted(node, "SELECT seq FROM identity") == seq
    assert counted(node, "SELECT count(*) FROM ledger") == keys
    found = client.call("search", query="Note 17 says", project="plain", limit=3)["memories"]
    assert any(hit["content"].startswith("Note 17 > Part") for hit in found)
    assert all(hit["trust"] == "file" for hit in found)


@pytest.mark.parametrize("victim", ["memory/ingest", "storage/writer", "heirs/memory"])
def test_an_ingest_that_is_killed_in_the_middle_doubles_nothing(
    node: Node, client: Client, folder: Path, victim: str
) -> None:
    """The successor goes on; all is there once, and counted once. Source: issue 3, bars."""
    project = f"killed {victim}"
    pending = client.submit("ingest", path=str(folder), project=project)
    eventually(
        lambda: counted(node, LIVE.format("count(*)", project)) > 200,
        within_s=DONE_WITHIN_S,
        what="the middle of the ingest",
    )
    fault = node.signal(victim)
    node.await_successor(fault)

    job = finished(client, pending.result(DONE_WITHIN_S))

    assert job["state"] == "done"
    assert job["by_outcome"] == {"created": FILES}
    assert job["chunks"]["created"] == 4 * FILES
    assert counted(node, LIVE.format("count(*)", project)) == 4 * FILES
    assert counted(node, LIVE.format("count(DISTINCT content)", project)) == 4 * FILES


def test_everything_killed_at_once_loses_no_job(tmp_path: Path, folder: Path) -> None:
    """The whole node dies and comes back; what was asked for is finished or is asked again."""
    settings = {"MIMO_INGEST_ROOTS": str(folder.parent), "MIMO_EMBEDDING_PROVIDER": "none"}
    with running_node(tmp_path / "data", settings) as node, node.connect() as client:
        pending = client.submit("ingest", path=str(folder))
        eventually(lambda: counted(node, LIVE.format("count(*)", "")) > 200, within_s=DONE_WITHIN_S)
        node.kill_everything()

        job = finished(client, pending.result(DONE_WITHIN_S))

        assert job["documents_done"] == FILES
        assert counted(node, LIVE.format("count(*)", "")) == 4 * FILES
        assert counted(node, LIVE.format("count(DISTINCT content)", "")) == 4 * FILES


def test_documents_are_listed_page_by_page(client: Client, folder: Path) -> None:
    """Newest first, by a prefix of their path. Source: issue 3, ingest."""
    finished(client, client.call("ingest", path=f"{folder}/part1/*.md", project="listed"))

    first = client.call("documents", project="listed", limit=10)
    second = client.call("documents", project="listed", limit=10, cursor=first["next_cursor"])

    ids = [each["document_id"] for each in (*first["documents"], *second["documents"])]
    assert len(set(ids)) == 20
    assert ids == sorted(ids, reverse=True)
    only = client.call("documents", source=f"{folder}/part1/note0001", project="listed")
    assert only["count"] == 1
    assert only["documents"][0]["chunks"] == 4


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ({}, "invalid_request", "expected one of"),
        ({"path": "/etc/passwd"}, "invalid_request", "ingest.roots"),
        ({"path": "{folder}/.env"}, "invalid_request", "secrets"),
        ({"path": "{folder}/none.md"}, "not_found", "got nothing"),
        ({"path": "{folder}", "url": "http://x.example/"}, "invalid_request", "path and url"),
        ({"url": "http://169.254.169.254/latest"}, "not_available", "web.allow"),
        ({"text": "\u200b"}, "invalid_request", "readable text"),
        ({"text": "x" * 70_000, "strategy": "whole"}, "invalid_request", "65536"),
        ({"text": "{", "strategy": "json"}, "invalid_request", "expected JSON"),
        ({"text": "x", "strategy": "nonsense"}, "invalid_request", "paragraphs"),
    ],
)
def test_what_cannot_be_ingested_is_refused_with_a_reason(
    client: Client, folder: Path, arguments: dict[str, Any], code: str, words: str
) -> None:
    """And what to do instead. Source: issue 3, ingest."""
    given: dict[str, Any] = {
        name: value.replace("{folder}", str(folder)) for name, value in arguments.items()
    }

    with pytest.raises(CallError, match=words) as caught:
        client.call("ingest", **given)

    assert caught.value.code == code


def test_the_command_shows_what_it_did(node: Node, folder: Path) -> None:
    """From a relative path, as JSON and for people. Source: issue 3, ingest."""
    one = folder / "part0" / "note0000.md"

    def mimo(*words: str, text: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "mimo", "--data-dir", str(node.data_dir), *words],
            cwd=one.parent,
            env=node.env,
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )

    told = mimo("ingest", one.name, "--project", "cli", "--tag", "a")
    assert (told.returncode, told.stdout.splitlines()) == (
        0,
        ["1 document: 1 created", "chunks: 4 created"],
    )
    shown = json.loads(mimo("ingest", one.name, "--project", "cli", "--tag", "a", "--json").stdout)
    assert shown["by_outcome"] == {"unchanged": 1}
    assert json.loads(mimo("ingest", "-", "--title", "t", "--json", text="Hello.").stdout)["state"]
    refused = mimo("ingest", "/etc/passwd")
    assert refused.returncode == 64
    assert "ingest.roots" in refused.stderr


def test_an_idle_ingester_loads_no_reader(node: Node) -> None:
    """What reads PDF and HTML costs nothing before somebody needs it. Source: issue 3, bars."""
    pid = node.pid_of("memory/ingest")
    mapped = Path(f"/proc/{pid}/maps").read_text()

    assert "selectolax" not in mapped


def test_whoever_waits_is_told_how_far_it_is(node: Node, folder: Path) -> None:
    """By MCP's progress, with counts. Source: MCP, progress; issue 3, ingest."""
    big = folder.parent / "big.txt"
    big.write_text("\n\n".join(f"Paragraph {number}. " + "word " * 190 for number in range(12_000)))
    with node.connect() as client:
        pending = client.request(
            "tools/call",
            {
                "name": "memory",
                "arguments": {"operation": "ingest", "path": str(big), "project": "slow"},
                "_meta": {"progressToken": "p-1"},
            },
        )
        answer = pending.result()
        finished(client, answer)

        told = [
            message["params"]["message"]
            for message in client.notifications
            if message["method"] == "notifications/progress"
        ]
    assert "0 of 1 documents" in told
    big.unlink()


def test_a_page_is_read_where_its_host_is_allowed(tmp_path: Path) -> None:
    """In a thread beside the actor, which goes on answering. Source: issue 3, ingest."""
    asked, may_answer = threading.Event(), threading.Event()

    def slow(handler: BaseHTTPRequestHandler) -> None:
        asked.set()
        may_answer.wait(DONE_WITHIN_S)
        page(b"<title>T</title><h1>Cats</h1><p>They purr.</p>", "text/html")(handler)

    with serving(slow) as host:
        settings = {"MIMO_WEB_ALLOW": host, "MIMO_EMBEDDING_PROVIDER": "none"}
        with running_node(tmp_path / "data", settings) as node, node.connect() as client:
            pending = client.submit("ingest", url=f"http://{host}/cats")
            assert asked.wait(DONE_WITHIN_S)
            (job,) = client.call("ingest_status")["jobs"]
            assert job["state"] == "running"
            may_answer.set()
            assert finished(client, pending.result())["by_outcome"] == {"created": 1}

            (found,) = client.call("search", query="purr")["memories"]
            assert (found["content"], found["trust"]) == ("Cats\n\nThey purr.", "web")
            again = client.call("ingest", url=f"http://{host}/cats")
            assert again["by_outcome"] == {"unchanged": 1}
            with pytest.raises(CallError, match=r"web\.allow") as caught:
                client.call("ingest", url="http://localhost:1/")
            assert caught.value.code == "not_available"


def test_a_reader_that_dies_while_it_downloads_begins_again(tmp_path: Path) -> None:
    """The page is fetched once more and stored once. Source: issue 3, ingest."""
    asked = threading.Semaphore(0)
    may_answer = threading.Event()

    def slow(handler: BaseHTTPRequestHandler) -> None:
        asked.release()
        may_answer.wait(DONE_WITHIN_S)
        page(b"A page about dogs.")(handler)

    with serving(slow) as host:
        settings = {"MIMO_WEB_ALLOW": host, "MIMO_EMBEDDING_PROVIDER": "none"}
        with running_node(tmp_path / "data", settings) as node, node.connect() as client:
            pending = client.submit("ingest", url=f"http://{host}/dogs")
            assert asked.acquire(timeout=DONE_WITHIN_S)
            node.signal("memory/ingest")
            assert asked.acquire(timeout=DONE_WITHIN_S)
            may_answer.set()

            assert finished(client, pending.result())["by_outcome"] == {"created": 1}
            assert counted(node, LIVE.format("count(*)", "")) == 1


def test_many_at_once_are_ingested_one_after_the_other(node: Node, client: Client) -> None:
    """Requests that come together must not forestall what the first one waits for."""
    before = node.restarts().get("memory/ingest", 0)
    asked = [
        client.submit("ingest", text=f"Topic {number} is kept.", title=f"many-{number}")
        for number in range(24)
    ]

    for pending in asked:
        assert finished(client, pending.result(60.0))["state"] == "done"
    assert node.restarts().get("memory/ingest", 0) == before
