"""The parameters of the web operations, each written once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mimo.config import limits

Schema = Mapping[str, Any]

FORMATS = ("text", "markdown", "html", "json", "raw")
PAPERS = ("A4", "Letter", "Legal", "Tabloid")
SORTS = ("relevance", "lastUpdatedDate", "submittedDate")
ACTIONS = (
    *("click", "type", "select", "wait", "scroll", "hover", "focus", "press"),
    *("screenshot", "evaluate", "waitForNavigation"),
)
ASSERTIONS = ("exists", "text", "value", "visible", "url", "title", "count")

_SELECTOR_MAX = 500
_HTML_MAX = 180_000


def _text(description: str, longest: int, shortest: int = 1) -> Schema:
    return {
        "type": "string",
        "description": description,
        "minLength": shortest,
        "maxLength": longest,
    }


def _choice(description: str, *values: str) -> Schema:
    return {"type": "string", "description": description, "enum": list(values)}


def _flag(description: str) -> Schema:
    return {"type": "boolean", "description": description}


def _count(description: str, least: int, most: int) -> Schema:
    return {"type": "integer", "description": description, "minimum": least, "maximum": most}


def _object(required: tuple[str, ...], **properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _list(description: str, items: Schema, most: int) -> Schema:
    return {"type": "array", "description": description, "items": items, "maxItems": most}


_SELECTOR = _text("CSS selector.", _SELECTOR_MAX)

#: All parameters by name.
ALL: dict[str, Schema] = {
    "url": _text("http or https; its host is in web.allow.", limits.INGEST_SOURCE_CHARS_MAX),
    "html": _text("HTML to convert.", _HTML_MAX),
    "path": _text("File in workspace.roots.", 4_096),
    "format": _choice("Default text; pdf: A4.", *FORMATS, *PAPERS),
    "method": _choice("Default get.", "get", "post"),
    "json": {
        "type": "object",
        "description": "Body of a POST.",
        "maxProperties": 500,
    },
    "headers": _list(
        "Request headers; no credentials, cookies or Host.",
        _object(("name", "value"), name=_text("Name.", 100), value=_text("Value.", 1_000, 0)),
        limits.WEB_HEADERS_MAX,
    ),
    "offset": _count("Leave out so much; next_offset of before.", 0, 10_000_000),
    "limit": _count("Most characters, papers or results.", 1, limits.WEB_TEXT_CHARS_MAX),
    "pages": _list("Numbers from 1; default all.", _count("A page.", 1, 100_000), 200),
    "query": _text("What to look for.", 1_000),
    "categories": _list("Such as cs.CL.", _text("A category.", 40), 20),
    "sort_by": _choice("Default relevance.", *SORTS),
    "id": _text("A paper's id on arXiv.", 100),
    "include_pdf": _flag("Also the paper's text."),
    "extract_sections": _flag("Also its sections."),
    "include_structured": _flag("Also JSON-LD, OpenGraph, meta."),
    "wait_for_selector": _text("CSS to wait for.", _SELECTOR_MAX),
    "timeout": _count("Milliseconds; default 30000.", 1_000, 45_000),
    "full_page": _flag("Default true."),
    "selector": _SELECTOR,
    "type": _choice("Default png.", "png", "jpeg"),
    "script": _text("JavaScript expression.", limits.WEB_SCRIPT_CHARS_MAX),
    "actions": _list(
        f"Each {{type, selector?, value?}}; {', '.join(ACTIONS)[:70]}",
        _object(
            ("type",),
            type=_choice("What to do.", *ACTIONS),
            selector=_SELECTOR,
            value=_text("Text, option, key, script, or milliseconds.", 5_000, 0),
        ),
        limits.WEB_ACTIONS_MAX,
    ),
    "tests": _list(
        "Each {assert, selector?, expected?}; exists, text, value, visible, url, title, count.",
        _object(
            ("assert",),
            name=_text("What it is about.", 200, 0),
            selector=_SELECTOR,
            expected=_text("What the text, value, address or count shall be.", 2_000, 0),
            **{"assert": _choice("What to check.", *ASSERTIONS)},
        ),
        limits.WEB_CASES_MAX,
    ),
    "image": _text("URL, file in workspace.roots, or base64.", 210_000),
    "prompt": _text("What to tell about it.", 4_000),
    "max_tokens": _count("Default 1000.", 1, 4_096),
}


def take(*names: str) -> dict[str, Schema]:
    """Return these parameters' schemas by name, in this order."""
    return {name: ALL[name] for name in names}
