"""Messages for the web worker from validated arguments."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mimo.actors.memory.cleaning import clean_text
from mimo.actors.operations import CallContext
from mimo.actors.web import messages as wm
from mimo.actors.web.parameters import FORMATS, PAPERS
from mimo.config import limits
from mimo.config.errors import InvalidRequest

Arguments = Mapping[str, Any]

#: Headers that nobody sets: they would sign for somebody, or change what the request is.
_FORBIDDEN = frozenset(
    {"authorization", "proxy-authorization", "cookie", "host", "connection", "content-length"}
    | {"transfer-encoding", "te", "trailer", "upgrade", "expect", "accept-encoding", "user-agent"}
    | {"x-api-key", "api-key", "x-auth-token", "x-access-token", "forwarded", "via"}
)
_TOKEN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")
_PAGED_MAX = 100


def fetch(arguments: Arguments, context: CallContext) -> wm.Fetch:
    """Return the message of `fetch`.

    Raises:
        InvalidRequest: Its parts don't fit together.
    """
    method = arguments.get("method", "get").upper()
    body = ""
    if "json" in arguments:
        if method != "POST":
            raise InvalidRequest("expected method post with 'json', got get; set 'method'")
        body = json.dumps(arguments["json"], ensure_ascii=False)
        if len(body.encode("utf-8", "replace")) > limits.WEB_POST_BYTES_MAX:
            raise InvalidRequest(
                f"expected at most {limits.WEB_POST_BYTES_MAX} bytes of JSON, got more; send less"
            )
    return wm.Fetch(
        url=clean_text(arguments["url"]),
        format=_format(arguments),
        method=method,
        headers=headers_of(arguments.get("headers", ())),
        body=body,
        approved=context.approved,
        **_part(arguments),
    )


def headers_of(given: Any) -> tuple[tuple[str, str], ...]:
    """Return headers that a caller may set.

    Raises:
        InvalidRequest: One is a credential, is set by Mimo itself, or is no header.
    """
    found = []
    for each in given:
        name, value = each["name"].strip(), each["value"].strip()
        if name.lower() in _FORBIDDEN or name.lower().startswith(("proxy-", "sec-", "x-forwarded")):
            raise InvalidRequest(
                f"expected headers without credentials and without those that Mimo sets,"
                f" got {name[:60]!r}; leave it out"
            )
        is_plain = value.isascii() and value.isprintable()
        if not name or not set(name.lower()) <= _TOKEN or not is_plain:
            raise InvalidRequest(
                f"expected a header such as Accept-Language: en, got {name[:60]!r}; correct it"
            )
        found.append((name, value))
    return tuple(found)


def extract(arguments: Arguments, _context: CallContext) -> wm.Extract:
    """Return the message of `extract`."""
    return wm.Extract(
        url=clean_text(arguments["url"]),
        include_structured=arguments.get("include_structured", False),
        **_part(arguments),
    )


def parse(arguments: Arguments, _context: CallContext) -> wm.Parse:
    """Return the message of `parse`."""
    return wm.Parse(html=arguments["html"], **_part(arguments, limits.WEB_TEXT_CHARS_MAX))


def read_pdf(arguments: Arguments, _context: CallContext) -> wm.ReadPdf:
    """Return the message of `read_pdf`.

    Raises:
        InvalidRequest: Not exactly one of url and path is given.
    """
    if ("url" in arguments) == ("path" in arguments):
        raise InvalidRequest("expected either 'url' or 'path', got both or none; give one")
    return wm.ReadPdf(
        url=clean_text(arguments.get("url", "")),
        path=arguments.get("path", ""),
        pages=tuple(arguments.get("pages", ())),
        **_part(arguments),
    )


def find_papers(arguments: Arguments, _context: CallContext) -> wm.FindPapers:
    """Return the message of `arxiv_search`."""
    return wm.FindPapers(
        query=clean_text(arguments["query"]),
        categories=tuple(arguments.get("categories", ())),
        sort_by=arguments.get("sort_by", "relevance"),
        offset=arguments.get("offset", 0),
        limit=min(arguments.get("limit", 10), _PAGED_MAX),
    )


def read_paper(arguments: Arguments, _context: CallContext) -> wm.ReadPaper:
    """Return the message of `arxiv_paper`."""
    return wm.ReadPaper(
        id=clean_text(arguments["id"]),
        include_pdf=arguments.get("include_pdf", False),
        extract_sections=arguments.get("extract_sections", False),
        **_part(arguments),
    )


def search(arguments: Arguments, kind: Any) -> wm.Search:
    """Return the message of the three searches.

    Raises:
        InvalidRequest: Nothing readable is asked.
    """
    query = clean_text(arguments["query"])
    if not query:
        raise InvalidRequest("expected words to look for, got nothing readable; correct 'query'")
    return wm.Search(query=query, kind=kind, limit=min(arguments.get("limit", 10), 50))


def blink(arguments: Arguments, shape: Any) -> wm.Blink:
    """Return the message of the blink family.

    Raises:
        InvalidRequest: Its format isn't one of text, markdown, html and raw.
    """
    form = _format(arguments)
    if form == "json":
        raise InvalidRequest("expected format text, markdown, html or raw, got json; use fetch")
    return wm.Blink(url=clean_text(arguments["url"]), shape=shape, format=form, **_part(arguments))


def browse(arguments: Arguments, context: CallContext, shape: Any) -> wm.Browse:
    """Return the message of everything that needs a browser.

    Raises:
        InvalidRequest: Its format doesn't fit.
    """
    form = arguments.get("format", "A4" if shape == "pdf" else "text")
    if (form in PAPERS) != (shape == "pdf") or form in {"json", "raw"}:
        fitting = PAPERS if shape == "pdf" else ("text", "markdown", "html")
        raise InvalidRequest(f"expected format {' or '.join(fitting)}, got {form}; correct it")
    return wm.Browse(
        url=clean_text(arguments["url"]),
        shape=shape,
        format=form,
        wait_for_selector=arguments.get("wait_for_selector", ""),
        full_page=arguments.get("full_page", True),
        selector=arguments.get("selector", ""),
        image_type=arguments.get("type", "png"),
        path=arguments.get("path", ""),
        script=arguments.get("script", ""),
        actions=tuple(arguments.get("actions", ())),
        cases=tuple(arguments.get("tests", ())),
        timeout_s=arguments.get("timeout", 30_000) / 1_000,
        approved=context.approved,
        **_part(arguments),
    )


def look_at(arguments: Arguments, _context: CallContext) -> wm.LookAt:
    """Return the message of `vision`."""
    return wm.LookAt(
        image=arguments["image"].strip(),
        prompt=clean_text(arguments.get("prompt", "")),
        max_tokens=arguments.get("max_tokens", 1_000),
    )


def _format(arguments: Arguments) -> Any:
    form = arguments.get("format", "text")
    if form not in FORMATS:
        raise InvalidRequest(f"expected format {', '.join(FORMATS)}, got {form}; correct it")
    return form


def _part(arguments: Arguments, limit: int = 20_000) -> dict[str, int]:
    return {"offset": arguments.get("offset", 0), "limit": arguments.get("limit", limit)}
