"""The parameters of the web operations, each written once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mimo.actors.parameter_schemas import choice, count, flag, text
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


def _object(required: tuple[str, ...], **properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _list(description: str, items: Schema, most: int) -> Schema:
    return {"type": "array", "description": description, "items": items, "maxItems": most}


_SELECTOR = text("CSS selector.", _SELECTOR_MAX)

#: All parameters by name.
ALL: dict[str, Schema] = {
    "url": text("http or https; its host is in web.allow.", limits.INGEST_SOURCE_CHARS_MAX),
    "html": text("HTML to convert.", _HTML_MAX),
    "path": text("File in workspace.roots.", 4_096),
    "format": choice("Default text; pdf: A4.", *FORMATS, *PAPERS),
    "method": choice("Default get.", "get", "post"),
    "json": {
        "type": "object",
        "description": "Body of a POST.",
        "maxProperties": 500,
    },
    "headers": _list(
        "Request headers; no credentials, cookies or Host.",
        _object(("name", "value"), name=text("Name.", 100), value=text("Value.", 1_000, 0)),
        limits.WEB_HEADERS_MAX,
    ),
    "offset": count("Leave out so much; next_offset of before.", 0, 10_000_000),
    "limit": count("Most characters, papers or results.", 1, limits.WEB_TEXT_CHARS_MAX),
    "pages": _list("Numbers from 1; default all.", count("A page.", 1, 100_000), 200),
    "query": text("What to look for.", 1_000),
    "categories": _list("Such as cs.CL.", text("A category.", 40), 20),
    "sort_by": choice("Default relevance.", *SORTS),
    "id": text("A paper's id on arXiv.", 100),
    "include_pdf": flag("Also the paper's text."),
    "extract_sections": flag("Also its sections."),
    "include_structured": flag("Also JSON-LD, OpenGraph, meta."),
    "wait_for_selector": text("CSS to wait for.", _SELECTOR_MAX),
    "timeout": count("Milliseconds; default 30000.", 1_000, 45_000),
    "full_page": flag("Default true."),
    "selector": _SELECTOR,
    "type": choice("Default png.", "png", "jpeg"),
    "script": text("JavaScript expression.", limits.WEB_SCRIPT_CHARS_MAX),
    "actions": _list(
        f"Each {{type, selector?, value?}}; {', '.join(ACTIONS)[:70]}",
        _object(
            ("type",),
            type=choice("What to do.", *ACTIONS),
            selector=_SELECTOR,
            value=text("Text, option, key, script, or milliseconds.", 5_000, 0),
        ),
        limits.WEB_ACTIONS_MAX,
    ),
    "tests": _list(
        "Each {assert, selector?, expected?}; exists, text, value, visible, url, title, count.",
        _object(
            ("assert",),
            name=text("What it is about.", 200, 0),
            selector=_SELECTOR,
            expected=text("What the text, value, address or count shall be.", 2_000, 0),
            **{"assert": choice("What to check.", *ASSERTIONS)},
        ),
        limits.WEB_CASES_MAX,
    ),
    "image": text("URL, file in workspace.roots, or base64.", 210_000),
    "prompt": text("What to tell about it.", 4_000),
    "max_tokens": count("Default 1000.", 1, 4_096),
}


def take(*names: str) -> dict[str, Schema]:
    """Return these parameters' schemas by name, in this order."""
    return {name: ALL[name] for name in names}
