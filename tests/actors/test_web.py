"""The web tool on a real node: through a client, against a site on loopback."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from mimo.actors.web.judging import _BROWSERS
from tests.support.client import CallError, Client
from tests.support.documents import pdf
from tests.support.llm_server import LlmServer, llm_server
from tests.support.node import Node, running_node
from tests.support.waiting import eventually
from tests.support.website import Website, website

HAS_BROWSER = any(map(shutil.which, _BROWSERS))
needs_browser = pytest.mark.skipif(not HAS_BROWSER, reason="no Chromium is installed")

#: A picture of one pixel.
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNg+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture(scope="module")
def site() -> Iterator[Website]:
    """A site that the node may read."""
    with website() as site:
        yield site


@pytest.fixture(scope="module")
def model() -> Iterator[LlmServer]:
    """A language model that the node may ask."""
    with llm_server() as server:
        yield server


@pytest.fixture(scope="module")
def node(
    tmp_path_factory: pytest.TempPathFactory, site: Website, model: LlmServer
) -> Iterator[Node]:
    """A node that may read that site, and nothing else."""
    folder = tmp_path_factory.mktemp("node").resolve()
    (folder / "work").mkdir()
    settings = {
        "MIMO_WEB_ALLOW": site.host,
        "MIMO_WEB_ARXIV_URL": f"{site.url}/api/query",
        "MIMO_WEB_SEARCH_KIND": "searxng",
        "MIMO_WEB_SEARCH_URL": site.url,
        "MIMO_WORKSPACE_ROOTS": str(folder / "work"),
        "MIMO_LLM_PROVIDERS": f"openai:seer@{model.url}/v1",
        "MIMO_EMBEDDING_PROVIDER": "none",
    }
    with running_node(folder / "data", settings) as node:
        yield node


@pytest.fixture
def client(node: Node) -> Iterator[Client]:
    """A client of that node."""
    with node.connect() as client:
        yield client


def ask(client: Client, operation: str, **arguments: Any) -> dict[str, Any]:
    """Return what the web tool answers."""
    return client.call(operation, tool="web", timeout_s=60.0, **arguments)


def test_a_page_is_fetched_and_labelled(client: Client, site: Website) -> None:
    """Through the tool, with the text marked as somebody else's. Source: mcp.md 7."""
    found = ask(client, "fetch", url=f"{site.url}/there")

    assert found["status"] == 200
    assert found["url"] == f"{site.url}/"
    assert found["redirects"] == [f"{site.url}/there"]
    assert "A gear turns another" in found["text"]
    assert "data, not instructions" in found["untrusted"]


def test_a_page_is_shown_in_every_form(client: Client, site: Website) -> None:
    """And in parts. Source: original 1.5."""
    shown = {
        form: ask(client, "fetch", url=f"{site.url}/", format=form)["text"]
        for form in ("markdown", "html", "raw")
    }
    data = ask(client, "fetch", url=f"{site.url}/data.json", format="json")["text"]
    part = ask(client, "fetch", url=f"{site.url}/", offset=2, limit=10)

    assert "[more](" in shown["markdown"]
    assert shown["html"].startswith("<!DOCTYPE html>")
    assert shown["raw"] == shown["html"]
    assert data.split() == ["{", '"a":', "[", "1,", "2", "]", "}"]
    assert part["next_offset"] == 12
    with pytest.raises(CallError, match="expected JSON"):
        ask(client, "fetch", url=f"{site.url}/", format="json")


def test_a_raw_answer_has_its_status_and_no_cookie(client: Client, site: Website) -> None:
    """Whatever the status. Source: original 1.5."""
    site.pages["/teapot"] = (418, "text/plain", b"short", {"Set-Cookie": "id=SECRET"})

    found = ask(client, "fetch", url=f"{site.url}/teapot", format="raw")

    assert (found["status"], found["text"], found["bytes"]) == (418, "short", 5)
    assert "SECRET" not in str(found)


def test_a_post_goes_to_the_users_own_server(client: Client, site: Website) -> None:
    """With its body, and nobody's credentials. Source: original 1.5."""
    found = ask(
        client,
        "fetch",
        url=f"{site.url}/echo",
        method="post",
        json={"n": 1},
        headers=[{"name": "X-Test", "value": "yes"}],
        format="json",
    )

    assert '"method": "POST"' in found["text"]
    assert '"X-Test": "yes"' in found["text"]
    assert '"Content-Type": "application/json"' in found["text"]
    assert "Authorization" not in found["text"]
    assert "Cookie" not in found["text"]
    with pytest.raises(CallError, match="without credentials"):
        ask(client, "fetch", url=site.url, headers=[{"name": "Cookie", "value": "a"}])


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://169.254.169.254/latest/meta-data", "not_available"),
        ("http://[::ffff:127.0.0.1]:{port}/", "not_available"),
        ("http://0x7f.1:{port}/", "not_available"),
        ("http://2130706433:{port}/", "not_available"),
        ("http://localhost:{port}/", "not_available"),
        ("https://example.org/", "not_available"),
        ("file:///etc/passwd", "invalid_request"),
        ("gopher://127.0.0.1:{port}/", "invalid_request"),
        ("http://user:pass@127.0.0.1:{port}/", "invalid_request"),
    ],
)
@pytest.mark.parametrize("operation", ["fetch", "extract", "read_pdf", "blink", "vision"])
def test_no_other_place_is_reached(
    client: Client, site: Website, operation: str, url: str, code: str
) -> None:
    """In each spelling, by each operation. Source: mcp.md 7, SSRF."""
    name = "image" if operation == "vision" else "url"
    before = len(site.requests)

    with pytest.raises(CallError) as caught:
        ask(client, operation, **{name: url.format(port=site.server_address[1])})

    # What is no URL of a picture is looked for as a file, and isn't one.
    assert caught.value.code in ({code} if operation != "vision" else {code, "not_found"})
    assert len(site.requests) == before


def test_a_redirect_to_another_server_is_refused(client: Client, site: Website) -> None:
    """Judged like the first request. Source: mcp.md 7, SSRF."""
    with website() as other:
        site.pages["/away"] = (302, "text/html", b"", {"Location": f"{other.url}/"})
        for operation in ("fetch", "extract", "blink", "read_pdf"):
            with pytest.raises(CallError, match="not_available"):
                ask(client, operation, url=f"{site.url}/away")
        assert other.requests == []


def test_a_page_is_extracted(client: Client, site: Website) -> None:
    """With what it says about itself. Source: original 1.5."""
    found = ask(client, "extract", url=f"{site.url}/", include_structured=True)

    assert (found["title"], found["author"]) == ("On gears", "Ada")
    assert found["content"].startswith("# Gears")
    assert found["structured_data"]["json_ld"][0]["headline"] == "Gears"


def test_html_is_parsed_without_the_web(client: Client) -> None:
    """Invisible characters are gone. Source: ours."""
    found = ask(client, "parse", html="<h1>A\u200bB</h1><a href='https://x.org/'>c</a>")

    assert found["text"] == "# AB\n\n[c](https://x.org/)"


def test_a_pdf_is_read_from_the_web_and_from_the_workspace(
    client: Client, node: Node, site: Website
) -> None:
    """And from nowhere else. Source: original 1.5, "path not sandboxed"."""
    by_url = ask(client, "read_pdf", url=f"{site.url}/paper.pdf", pages=[2])
    work = Path(node.env["MIMO_WORKSPACE_ROOTS"])
    (work / "paper.pdf").write_bytes(pdf("Abstract", "1 Introduction"))
    by_path = ask(client, "read_pdf", path="paper.pdf")

    assert (by_url["page_count"], by_url["pages"]) == (2, [2])
    assert "1 Introduction" in by_url["text"]
    assert "Abstract" in by_path["text"]
    for path in ("/etc/passwd", "../data/mimo.db", "~/.ssh/id_rsa"):
        with pytest.raises(CallError, match="invalid_request"):
            ask(client, "read_pdf", path=path)


def test_papers_are_found_and_read(client: Client) -> None:
    """By the API that the setting names. Source: original 1.5."""
    found = ask(client, "arxiv_search", query="attention", categories=["cs.CL"], limit=5)
    paper = ask(client, "arxiv_paper", id="1706.03762", include_pdf=True, extract_sections=True)

    assert found["papers"][0]["title"] == "Attention Is All You Need"
    assert (found["total"], found["next_offset"]) == (12, 1)
    assert paper["paper"]["id"] == "1706.03762v7"
    assert [each["heading"] for each in paper["sections"]] == ["Abstract", "1 Introduction"]
    assert paper["text"].startswith("Abstract")


def test_the_named_service_searches(client: Client, site: Website) -> None:
    """And says who it was. Source: original 1.5."""
    found = ask(client, "search", query="gears & teeth")

    assert found["results"] == [{"title": "Gears", "url": f"{site.url}/", "snippet": "They mesh."}]
    assert found["backend"] == "searxng"
    assert site.requests[-1][1] == "/search?q=gears+%26+teeth&format=json&categories=general"


def test_what_guards_a_page_is_told(client: Client, site: Website) -> None:
    """By plain HTTP, under Mimo's own name. Source: issue 4, web."""
    site.pages["/guarded"] = (403, "text/html", b"<title>Just a moment...", {"CF-RAY": "1"})

    found = ask(client, "blink_analyze", url=f"{site.url}/guarded")

    assert (found["verdict"], found["services"]) == ("challenge", ["Cloudflare"])
    assert site.requests[-1][2]["User-Agent"] == "mimo"


def test_a_picture_is_described_by_the_model(
    client: Client, site: Website, model: LlmServer
) -> None:
    """Which gets the picture itself. Source: original 1.5."""
    site.pages["/pixel.png"] = (200, "image/png", PIXEL, {})
    model.say = lambda _body: "A red dot."

    found = ask(client, "vision", image=f"{site.url}/pixel.png", prompt="What colour?")

    (text, picture) = model.requests[-1]["messages"][0]["content"]
    assert found["text"] == "A red dot."
    assert found["model"] == "openai:seer"
    assert text["text"] == "What colour?"
    assert picture["image_url"]["url"].startswith("data:image/png;base64,iVBOR")
    with pytest.raises(CallError, match="expected a PNG"):
        ask(client, "vision", image=base64.b64encode(b"no picture at all").decode())


def test_sonar_says_what_it_is_not(client: Client) -> None:
    """There is no screen to look at. Source: issue 4, web."""
    with pytest.raises(CallError, match="not_available"):
        ask(client, "sonar")


# -- Isolation ------------------------------------------------------------------------------------
def test_servers_that_hang_hold_nobody_up(client: Client, site: Website) -> None:
    """Others are answered, and what isn't the web's at once. Source: issue 4, isolation."""
    hanging = [client.submit("fetch", tool="web", url=f"{site.url}/hang") for _ in range(2)]
    eventually(lambda: site.paths.count("/hang") == 2, what="the servers to hang")

    assert ask(client, "fetch", url=f"{site.url}/")["status"] == 200
    assert client.call("health")["ok"]
    assert not any(pending.is_done for pending in hanging)
    site.released.set()
    assert [_code(pending) for pending in hanging] == ["not_found", "not_found"]
    site.released.clear()


def _code(pending: Any) -> str:
    with pytest.raises(CallError) as caught:
        pending.result(60.0)
    return str(caught.value.code)


def test_a_killed_worker_is_not_noticed(client: Client, node: Node, site: Website) -> None:
    """The call goes to its successor; what the dead one had started is gone. Source: design 5."""
    before = site.paths.count("/hang")
    pending = client.submit("fetch", tool="web", url=f"{site.url}/hang")
    eventually(lambda: site.paths.count("/hang") > before, what="the server to hang")
    children = psutil.Process(node.pid_of("tools/web")).children(recursive=True)
    assert children

    node.await_successor(node.signal("tools/web"))

    eventually(lambda: not any(each.is_running() for each in children), what="its children's end")
    site.released.set()
    assert _code(pending) == "not_found"
    site.released.clear()


@needs_browser
def test_a_browser_shows_a_page_and_dies_with_its_worker(
    client: Client, node: Node, site: Website
) -> None:
    """A visit, then a death in the middle of one. Source: issue 4, isolation."""
    found = ask(client, "browser", url=f"{site.url}/scripted")
    smart = ask(client, "blink_smart", url=f"{site.url}/scripted")
    site.pages["/busy"] = (200, "text/html", b"<script>for (;;);</script>", {})

    assert found["text"].startswith("Made by a script")
    assert (smart["mode"], smart["verdict"]) == ("browser", "open")
    pending = client.submit("browser", tool="web", url=f"{site.url}/busy")
    eventually(lambda: "/busy" in site.paths, within_s=30.0, what="the visit")
    children = psutil.Process(node.pid_of("tools/web")).children(recursive=True)
    site.pages["/busy"] = (200, "text/html", b"calm", {})
    node.await_successor(node.signal("tools/web"))

    eventually(lambda: not any(each.is_running() for each in children), what="the browser's end")
    assert len(children) > 3
    assert pending.result(60.0)["text"] == "calm"


@needs_browser
def test_a_picture_of_a_page_is_attached(client: Client, site: Website) -> None:
    """As a picture that a model sees. Source: MCP, "Image Content"."""
    pending = client.submit("screenshot", tool="web", url=f"{site.url}/")

    result = pending.wait(60.0)["result"]

    (text, picture) = result["content"]
    assert text["type"] == "text"
    assert (picture["type"], picture["mimeType"]) == ("image", "image/png")
    assert base64.b64decode(picture["data"]).startswith(b"\x89PNG")
    assert result["structuredContent"]["bytes"] == len(base64.b64decode(picture["data"]))
