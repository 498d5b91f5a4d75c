"""What is decided before anything is done: hosts, approval, headers, search, what guards a page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from mimo.actors.operations import CallContext
from mimo.actors.web import building, judging, protection, searching
from mimo.actors.web import messages as wm
from mimo.actors.web.exchange import Head
from mimo.actors.web.operations import WEB
from mimo.config.errors import ApprovalRequired, Crashed, InvalidRequest, NotAvailable, Unavailable
from mimo.config.settings import load_settings
from mimo.config.settings_tools import Web

CONTEXT = CallContext(client="t 1", connection="c", request_id="r", key="k")
URL = "https://example.org/x"
OPERATIONS = [operation for operation in WEB.operations if not operation.unavailable]


def settings(**given: str) -> Web:
    values = {f"web.{name}": value for name, value in given.items()}
    return load_settings({"web.browser_path": "/bin/sh", "web.allow": "example.org"} | values).web


def built(operation: str, arguments: Mapping[str, Any]) -> Any:
    found = WEB.operation(operation)
    assert found is not None
    return found.build(arguments, CONTEXT)


# -- Egress ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_nothing_leaves_by_default(operation: Any) -> None:
    """Every operation that names a host is refused, with the setting. Source: mcp.md 7."""
    message = operation.build(operation.example, CONTEXT)
    nothing_allowed = load_settings({}).web

    if operation.name in {"parse", "vision"}:
        # One asks nobody; the other's picture is judged where it is fetched.
        judging.check(message, nothing_allowed)
        return
    with pytest.raises(NotAvailable, match=r"web\.(allow|search_kind)"):
        judging.check(message, nothing_allowed)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "gopher://x/", "ftp://x/", "data:,x"])
@pytest.mark.parametrize("name", ["fetch", "extract", "blink", "browser", "screenshot", "read_pdf"])
def test_only_http_is_spoken(name: str, url: str) -> None:
    """No file, no gopher. Source: mcp.md 7, SSRF."""
    with pytest.raises(InvalidRequest, match="expected a URL"):
        judging.check(built(name, {"url": url}), settings(allow="*"))


# -- Approval -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("operation", "arguments", "question"),
    [
        ("fetch", {"method": "post", "json": {"a": 1}}, "Send a POST with 8 bytes to example.org?"),
        ("evaluate", {"script": "1+1"}, "Run a script of 3 characters in a page of example.org?"),
        (
            "interact",
            {"actions": [{"type": "type", "value": "x"}, {"type": "click"}, {"type": "wait"}]},
            "Do click, type in a page of example.org?",
        ),
    ],
)
def test_what_changes_something_needs_the_users_consent(
    operation: str, arguments: dict[str, Any], question: str
) -> None:
    """In words of ours, with nothing of the caller's text. Source: mcp.md 7."""
    message = built(operation, {"url": URL, **arguments})

    with pytest.raises(ApprovalRequired) as caught:
        judging.check(message, settings())
    assert caught.value.message == question
    judging.check(message, settings(confirm="false"))
    judging.check(message, settings(allow="example.org:443"))


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("fetch", {}),
        ("screenshot", {}),
        ("interact", {"actions": [{"type": "scroll"}, {"type": "hover", "selector": "a"}]}),
        ("test", {"tests": [{"assert": "title", "expected": "x"}]}),
    ],
)
def test_looking_needs_no_consent(operation: str, arguments: dict[str, Any]) -> None:
    """It changes nothing. Source: ours."""
    judging.check(built(operation, {"url": URL, **arguments}), settings())


def test_an_approved_call_is_done_once() -> None:
    """And never again after the worker's death: nobody knows whether it was done. Source: ours."""
    approved = CallContext(client="t", connection="c", request_id="r", key="k", approved=True)
    message = building.fetch({"url": URL, "method": "post", "json": {}}, approved)

    judging.check(message, settings())
    with pytest.raises(Crashed, match="look before you ask again"):
        judging.refuse_again(message)
    judging.refuse_again(built("fetch", {"url": URL}))


def test_a_missing_browser_is_said() -> None:
    """With how to get one. Source: ours."""
    with pytest.raises(NotAvailable, match=r"web\.browser_path"):
        judging.browser_of(settings(browser_path="/nowhere/chromium"))


# -- Requests -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Authorization", "Bearer x"),
        ("COOKIE", "a=b"),
        ("Host", "169.254.169.254"),
        ("Proxy-Authorization", "x"),
        ("X-Api-Key", "x"),
        ("X-Forwarded-For", "127.0.0.1"),
        ("Content-Length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("A: b\r\nHost", "x"),
        ("A", "b\r\nHost: evil"),
        ("", "x"),
        ("A b", "x"),
    ],
)
def test_credentials_and_framing_are_no_headers_of_a_caller(name: str, value: str) -> None:
    """Nobody is signed for, no request is split. Source: mcp.md 7; RFC 9110, 5."""
    with pytest.raises(InvalidRequest, match="expected"):
        building.headers_of([{"name": name, "value": value}])


def test_other_headers_are_taken() -> None:
    """As they are. Source: ours."""
    assert building.headers_of([{"name": "Accept-Language", "value": " de "}]) == (
        ("Accept-Language", "de"),
    )


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("fetch", {"url": URL, "json": {}}),
        ("fetch", {"url": URL, "format": "A4"}),
        ("read_pdf", {}),
        ("read_pdf", {"url": URL, "path": "x.pdf"}),
        ("pdf", {"url": URL, "format": "text"}),
        ("browser", {"url": URL, "format": "json"}),
        ("blink", {"url": URL, "format": "json"}),
        ("search", {"query": "\u200b"}),
    ],
)
def test_parts_that_do_not_fit_are_refused(operation: str, arguments: dict[str, Any]) -> None:
    """Before anything reaches the worker. Source: ours."""
    with pytest.raises(InvalidRequest, match="expected"):
        built(operation, arguments)


# -- Search ---------------------------------------------------------------------------------------
def ask(kind: Any, what: Any = "web", address: str = "http://127.0.0.1:1", key: str = "") -> Any:
    return searching.question(kind, address, key, query="a&b c", what=what, limit=5)


def test_each_service_is_asked_in_its_form() -> None:
    """The words are escaped. Source: docs.searxng.org, api.search.brave.com."""
    assert ask("searxng", "code").url == (
        "http://127.0.0.1:1/search?q=a%26b+c&format=json&categories=it"
    )
    brave = ask("brave", "images", "https://api.search.brave.com", "k")
    assert brave.url == "https://api.search.brave.com/res/v1/images/search?q=a%26b+c&count=5"
    assert brave.headers == {"X-Subscription-Token": "k"}
    custom = ask("json", "web", "https://h/s?q={query}&n={count}")
    assert custom.url == "https://h/s?q=a%26b%20c&n=5"


@pytest.mark.parametrize(
    ("kind", "what", "address"),
    [("brave", "web", "x"), ("json", "images", "https://h/{query}"), ("json", "web", "https://h/")],
)
def test_what_a_service_lacks_is_said(kind: Any, what: Any, address: str) -> None:
    """A key, pictures, a place for the words. Source: ours."""
    with pytest.raises(NotAvailable, match="expected"):
        ask(kind, what, address)


@pytest.mark.parametrize("url", ["", "nonsense", "file:///etc/passwd", "http://h:99999/"])
def test_an_address_that_is_none_is_said(url: str) -> None:
    """With an example. Source: ours."""
    with pytest.raises(NotAvailable, match=r"web\.search_url"):
        judging.searchable(settings(search_kind="searxng", search_url=url))


def test_naming_a_service_allows_that_server_alone() -> None:
    """With its port, also a private one. Source: ours."""
    found = judging.searchable(settings(search_kind="searxng", search_url="http://127.0.0.1:8888"))

    assert found == ("http://127.0.0.1:8888", ("127.0.0.1:8888",))


def test_results_are_cleaned_and_known_ones_left_out() -> None:
    """Only addresses of pages; no marks in the text. Source: ours."""
    rows = [
        {"title": "A <strong>b</strong>", "url": "https://a/", "description": "c\n d"},
        {"title": "again", "url": "https://a/"},
        {"title": "bad", "url": "javascript:alert(1)"},
        "nonsense",
        {"url": 3},
    ]
    answer = json.dumps({"web": {"results": rows}}).encode()

    found = searching.results_in("brave", "web", answer, 9)

    assert found == [{"title": "A b", "url": "https://a/", "snippet": "c d"}]


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b"{}", b'{"results": 3}', b"[" * 5_000])
def test_an_answer_of_another_form_is_no_result(answer: bytes) -> None:
    """Never an empty list in place of a failure. Source: ours."""
    with pytest.raises(Unavailable, match="form of searxng"):
        searching.results_in("searxng", "web", answer, 9)


# -- What guards a page ---------------------------------------------------------------------------
def seen(status: int, html: str = "", chars: int = 5_000, **headers: str) -> protection.Finding:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    head = Head(
        url=URL,
        status=status,
        headers=named,
        kind="text/html",
        charset="",
        coding="identity",
    )
    return protection.analysed(head, html, chars)


@pytest.mark.parametrize(
    ("finding", "verdict", "services"),
    [
        (seen(200), "open", ()),
        (seen(200, cf_ray="1", server="cloudflare"), "open", ("Cloudflare",)),
        (seen(403, cf_ray="1", cf_mitigated="challenge"), "challenge", ("Cloudflare",)),
        (seen(503, "<title>Just a moment...</title>", 30), "challenge", ("Cloudflare",)),
        (seen(403, "https://hcaptcha.com/1"), "captcha", ()),
        (seen(403, set_cookie="datadome=SECRET; x"), "blocked", ("DataDome",)),
        (seen(429), "rate_limited", ()),
        (seen(404), "missing", ()),
        (seen(401), "login", ()),
        (seen(500), "error", ()),
        (seen(200, '<input type="password">', 90), "login", ()),
        (seen(200, '<div id="root"></div><script src="a.js">', 0), "scripted", ()),
        (seen(200, "<script src='https://www.google.com/recaptcha/api.js'>"), "open", ()),
    ],
)
def test_what_guards_a_page_is_told_from_its_answer(
    finding: protection.Finding, verdict: str, services: tuple[str, ...]
) -> None:
    """With evidence, never with a cookie's value. Source: the services' documents."""
    assert (finding.verdict, finding.services) == (verdict, services)
    assert bool(finding.evidence) == bool(finding.services or finding.captchas)
    assert "SECRET" not in "".join(finding.evidence)
    assert finding.advice


def test_an_unknown_request_needs_no_browser() -> None:
    """Only visits do, and blink_smart may. Source: ours."""
    assert judging.needs_browser(built("blink_smart", {"url": URL}))
    assert not judging.needs_browser(built("blink", {"url": URL}))
    assert not judging.needs_browser(wm.LookAt(image="x"))
