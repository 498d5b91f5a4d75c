"""The schemas of what the web operations return; roots are objects, as MCP's clients need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]


def _text(description: str) -> Schema:
    return {"type": "string", "description": description}


def _count(description: str) -> Schema:
    return {"type": "integer", "description": description}


def _open(description: str) -> Schema:
    return {"type": "object", "description": description}


def _texts(description: str) -> Schema:
    return {"type": "array", "description": description, "items": {"type": "string"}}


def _objects(description: str) -> Schema:
    return {"type": "array", "description": description, "items": {"type": "object"}}


def _object(required: tuple[str, ...], properties: Mapping[str, Schema]) -> Schema:
    return {"type": "object", "properties": dict(properties), "required": list(required)}


_PART = {
    "text": _text("What it says, from offset on."),
    "total_chars": _count("Length of all of it."),
    "next_offset": _count("Offset of the rest; 0 if there is none."),
}
_ANSWER = {
    "url": _text("Where it was found, after redirects."),
    "status": _count("HTTP status."),
    "content_type": _text("What the server says it is."),
    "redirects": _texts("Addresses that led there."),
}
_FINDING = {
    "verdict": _text("open, challenge, captcha, blocked, login, scripted, missing, error."),
    "services": _texts("Who stands before the page."),
    "captchas": _texts("Puzzles that it loads."),
    "evidence": _texts("Where that was seen."),
    "advice": _text("What to do next."),
}
_HEADERS = {"headers": _open("Headers of the answer."), "bytes": _count("Size of the body.")}
_VISIT = {
    "url": _text("Where the browser ended."),
    "title": _text("Of the page."),
    "status": _count("HTTP status of the page."),
    "blocked": _texts("Hosts that the page wanted and didn't get."),
}

FETCHED = _object(("url", "status", "text", "total_chars"), {**_ANSWER, **_PART, **_HEADERS})
EXTRACTED = _object(
    ("url", "title", "content", "word_count"),
    {
        "url": _text("Where it was found."),
        "title": _text("Of the page."),
        "description": _text("In the page's own words."),
        "author": _text("As the page names one."),
        "date": _text("As the page gives it."),
        "language": _text("As the page names it."),
        "word_count": _count("Of the main text."),
        "content": _text("The main text as Markdown."),
        "total_chars": _count("Length of the main text."),
        "next_offset": _count("Offset of the rest; 0 if there is none."),
        "structured_data": _open("json_ld, opengraph, twitter, meta."),
    },
)
PARSED = _object(("text", "total_chars"), _PART)
PDF_READ = _object(
    ("page_count", "text"),
    {
        "page_count": _count("Of the whole file."),
        "pages": {"type": "array", "description": "Those read.", "items": {"type": "integer"}},
        "metadata": _open("Title, author and the like."),
        **_PART,
    },
)
PAPERS = _object(
    ("papers", "count", "total"),
    {
        "papers": _objects("id, title, authors, summary, categories, dates, pdf_url."),
        "count": _count("Of these."),
        "total": _count("That arXiv has."),
        "next_offset": _count("Offset of the next; 0 if there is none."),
    },
)
PAPER = _object(
    ("paper",),
    {
        "paper": _open("id, title, authors, summary, categories, dates, pdf_url."),
        "page_count": _count("Of the PDF."),
        "sections": _objects("heading, offset, chars."),
        **_PART,
    },
)
FOUND = _object(
    ("results", "count", "backend"),
    {
        "results": _objects("title, url, snippet; of pictures page_url."),
        "count": _count("Of these."),
        "backend": _text("Who searched."),
    },
)
BLINKED = _object(
    ("url", "status", "verdict", "mode"),
    {**_ANSWER, **_FINDING, **_PART, **_HEADERS, "mode": _text("http or browser.")},
)
VISITED = _object(("url", "title", "text"), {**_VISIT, **_PART})
PICTURED = _object(
    ("url", "title", "bytes", "type"),
    {
        **_VISIT,
        "bytes": _count("Size of the picture or PDF."),
        "type": _text("Its content type."),
        "path": _text("Where it was written; else it is attached."),
    },
)
EVALUATED = _object(
    ("url", "value"),
    {**_VISIT, "value": {"description": "What the script returned, as JSON."}},
)
ACTED = _object(
    ("url", "results", "completed"),
    {
        **_VISIT,
        "results": _objects("type, ok, and value or error, for each action."),
        "completed": _count("Actions that went well; it stops at the first that doesn't."),
    },
)
CHECKED = _object(
    ("url", "results", "passed", "failed"),
    {
        **_VISIT,
        "results": _objects("name, assert, passed, got."),
        "passed": _count("Checks that hold."),
        "failed": _count("Checks that don't."),
    },
)
SEEN = _object(
    ("text", "model"),
    {
        "text": _text("What the model says it shows."),
        "model": _text("Which model."),
        "bytes": _count("Size of the picture."),
        "type": _text("Its content type."),
    },
)
