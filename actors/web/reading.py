"""Pages by plain HTTP: fetched, their main text extracted, what stands before them analysed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from mimo.actors.ingest.html import readable
from mimo.actors.memory.cleaning import clean_text
from mimo.actors.web import messages as wm
from mimo.actors.web import protection
from mimo.actors.web.downloading import check_status
from mimo.actors.web.exchange import Answer, Head, Judge, Request, anything, ask
from mimo.actors.web.markdown import to_markdown
from mimo.actors.web.metadata import Page, read_page
from mimo.actors.web.pdf import read_pdf
from mimo.actors.web.showing import HTML_TYPES, part_of, pretty_json, text_in
from mimo.config.clock import SYSTEM_CLOCK
from mimo.config.errors import InvalidRequest
from mimo.config.settings import Settings

_HEADERS_SHOWN_MAX = 60
_HEADER_CHARS_MAX = 500
#: Headers whose values are between the server and its client.
_PRIVATE = frozenset({"set-cookie", "www-authenticate", "proxy-authenticate"})


def fetched(request: wm.Fetch, settings: Settings) -> Mapping[str, Any]:
    """Return a page in the form that was asked for.

    Raises:
        MimoError: It can't be had, or has no such form.
    """
    headers = dict(request.headers)
    body = None
    if request.method == "POST":
        body = request.body.encode("utf-8", "replace")
        headers.setdefault("Content-Type", "application/json")
    is_raw = request.format == "raw"
    answer = _asked(
        Request(url=request.url, method=request.method, headers=headers, body=body),
        settings,
        anything if is_raw else check_status,
    )
    head = answer.head
    shown = _raw_text(answer) if is_raw else shown_as(request.format, answer)
    data = {**_about(head), **part_of(shown, request.offset, request.limit)}
    if is_raw:
        data |= {"headers": _shown_headers(head), "bytes": len(answer.body)}
    return {"data": data, "untrusted": head.url}


def shown_as(form: str, answer: Answer) -> str:
    """Return an answer's text in a form: text, markdown, html or json.

    Raises:
        InvalidRequest: It has no such form.
    """
    head = answer.head
    if head.kind == "application/pdf":
        if form in {"html", "json"}:
            raise InvalidRequest(f"expected {form} at {head.url[:200]}, got a PDF; use read_pdf")
        return read_pdf(answer.body).text
    text = text_in(answer)
    if form == "json":
        return pretty_json(text, head.url)
    if head.kind not in HTML_TYPES or form == "html":
        return text
    return to_markdown(text, head.url) if form == "markdown" else readable(text).markdown


def _raw_text(answer: Answer) -> str:
    try:
        return text_in(answer)
    except InvalidRequest:
        # What is binary has a size and a type; its bytes say nothing to a reader.
        return ""


def extracted(request: wm.Extract, settings: Settings) -> Mapping[str, Any]:
    """Return a page's main text and what it says about itself.

    Raises:
        MimoError: It can't be had, or is no page.
    """
    answer = _asked(Request(url=request.url), settings, check_status)
    if answer.head.kind not in HTML_TYPES:
        raise InvalidRequest(
            f"expected a page of HTML at {request.url[:200]}, got {answer.head.kind[:80]};"
            " use fetch or read_pdf"
        )
    page = read_page(text_in(answer), answer.head.url)
    return {
        "data": page_json(page, answer.head.url, request),
        "untrusted": answer.head.url,
    }


def page_json(page: Page, url: str, request: wm.Extract) -> dict[str, Any]:
    """Return a page as plain values."""
    part = part_of(page.content, request.offset, request.limit)
    data: dict[str, Any] = {
        "url": url,
        "title": clean_text(page.title),
        "description": clean_text(page.description),
        "author": clean_text(page.author),
        "date": clean_text(page.date),
        "language": clean_text(page.language),
        "word_count": len(page.content.split()),
        "content": part.pop("text"),
        **part,
    }
    if request.include_structured:
        data["structured_data"] = dataclasses.asdict(page.structured)
    return data


def blinked(request: wm.Blink, settings: Settings) -> Mapping[str, Any]:
    """Return an answer, whatever it is, and what stands before the page.

    Raises:
        MimoError: There is no answer, or it isn't allowed.
    """
    answer, finding, text = looked(request, settings)
    data = {**_about(answer.head), "mode": "http", **finding_json(finding)}
    if request.shape == "analysis":
        data["headers"] = _shown_headers(answer.head)
    else:
        data |= {"bytes": len(answer.body), **part_of(text, request.offset, request.limit)}
    return {"data": data, "untrusted": answer.head.url}


def looked(request: wm.Blink, settings: Settings) -> tuple[Answer, protection.Finding, str]:
    """Return an answer, what stands before the page, and its text.

    Raises:
        MimoError: There is no answer, or it isn't allowed.
    """
    answer = _asked(Request(url=request.url), settings, anything)
    html = _raw_text(answer) if answer.head.kind in HTML_TYPES else ""
    plain = readable(html).markdown if html else ""
    finding = protection.analysed(answer.head, html, len(plain))
    if not html or request.format in {"raw", "html"}:
        return answer, finding, html or _raw_text(answer)
    shown = to_markdown(html, answer.head.url) if request.format == "markdown" else plain
    return answer, finding, shown


def finding_json(finding: protection.Finding) -> dict[str, Any]:
    """Return what stands before a page as plain values."""
    return {
        "verdict": finding.verdict,
        "services": list(finding.services),
        "captchas": list(finding.captchas),
        "evidence": list(finding.evidence),
        "advice": finding.advice,
    }


def _asked(request: Request, settings: Settings, judge: Judge) -> Answer:
    def judged(head: Head) -> None:
        judge(head)
        if head.coding != "identity":
            raise InvalidRequest(
                f"expected plain text at {head.url[:200]}, got it packed as {head.coding[:40]}"
            )

    return ask(request, settings.web.allow, SYSTEM_CLOCK, judge=judged)


def _about(head: Head) -> dict[str, Any]:
    about: dict[str, Any] = {"url": head.url, "status": head.status, "content_type": head.kind}
    return about | ({"redirects": list(head.redirects)} if head.redirects else {})


def _shown_headers(head: Head) -> dict[str, str]:
    return {
        name.lower()[:100]: "(not shown)"
        if name.lower() in _PRIVATE
        else clean_text(value)[:_HEADER_CHARS_MAX]
        for name, value in head.headers[:_HEADERS_SHOWN_MAX]
    }
