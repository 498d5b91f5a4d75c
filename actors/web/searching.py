"""Search services that a user may name: what to ask each, and what its answer means.

Source: docs.searxng.org/dev/search_api.html; api.search.brave.com/app/documentation.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote, urlencode

from mimo.config.errors import NotAvailable, Unavailable
from mimo.config.settings_tools import SearchKind

What = Literal["web", "code", "images"]

#: Words that lead a service without a category for it to code.
_CODE_WORDS = "source code example"
_TEXT_CHARS_MAX = 1_000
_URL_CHARS_MAX = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a service is asked.

    Args:
        url: Where.
        headers: With the key, where it takes one.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def question(  # noqa: PLR0913  what a search is
    kind: SearchKind, address: str, key: str, *, query: str, what: What, limit: int
) -> Question:
    """Return what to ask.

    Args:
        kind: The setting `web.search_kind`.
        address: The setting `web.search_url`, or the service's own.
        key: Of the service; "" for none.
        query: What is looked for.
        what: Pages, code or pictures.
        limit: Most results.

    Raises:
        NotAvailable: The service can't do this, or needs a key.
    """
    match kind:
        case "searxng":
            categories = {"web": "general", "code": "it", "images": "images"}[what]
            asked = urlencode({"q": query, "format": "json", "categories": categories})
            return Question(url=f"{address.rstrip('/')}/search?{asked}")
        case "brave":
            if not key:
                raise NotAvailable(
                    "expected a key of Brave Search, got none; set web.search_key_variable to the"
                    " name of the environment variable that holds it"
                )
            place = "images" if what == "images" else "web"
            words = f"{query} {_CODE_WORDS}" if what == "code" else query
            asked = urlencode({"q": words[:400], "count": min(limit, 20)})
            return Question(
                url=f"{address.rstrip('/')}/res/v1/{place}/search?{asked}",
                headers={"X-Subscription-Token": key},
            )
        case _:
            return _custom(address, key, query, what, limit)


def _custom(address: str, key: str, query: str, what: What, limit: int) -> Question:
    if what == "images":
        raise NotAvailable(
            "expected a service that finds pictures, got web.search_kind json; use searxng or brave"
        )
    if "{query}" not in address:
        raise NotAvailable(
            "expected {query} in web.search_url, as in https://host/search?q={query}&n={count};"
            " correct it"
        )
    words = f"{query} {_CODE_WORDS}" if what == "code" else query
    url = address.replace("{query}", quote(words, safe="")).replace("{count}", str(limit))
    return Question(url=url, headers={"Authorization": f"Bearer {key}"} if key else {})


def results_in(kind: SearchKind, what: What, answer: bytes, limit: int) -> list[dict[str, Any]]:
    """Return the results of an answer, best first; those without an address are left out.

    Raises:
        Unavailable: The answer isn't of the service's form.
    """
    try:
        given = json.loads(answer)
        if kind == "brave":
            rows = given["results"] if what == "images" else given.get("web", {}).get("results", [])
        else:
            rows = given["results"]
        read: Callable[[Mapping[str, Any]], dict[str, Any]] = _image if what == "images" else _page
        found = [read(row) for row in rows if isinstance(row, dict)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Unavailable(
            f"expected an answer in the form of {kind}, got another; check web.search_url, and"
            " that the service gives JSON",
            retry_after_s=30.0,
        ) from None
    known: set[str] = set()
    kept = []
    for row in found:
        if row["url"].startswith(("http://", "https://")) and row["url"] not in known:
            known.add(row["url"])
            kept.append(row)
    return kept[:limit]


def _page(row: Mapping[str, Any]) -> dict[str, Any]:
    snippet = row.get("content") or row.get("description") or row.get("snippet")
    return {
        "title": _plain(row.get("title")),
        "url": _url(row.get("url")),
        "snippet": _plain(snippet),
    }


def _image(row: Mapping[str, Any]) -> dict[str, Any]:
    inner = row.get("properties")
    of_brave = inner.get("url") if isinstance(inner, dict) else ""
    return {
        "title": _plain(row.get("title")),
        "url": _url(row.get("img_src") or of_brave),
        "page_url": _url(row.get("url")),
    }


def _plain(value: Any) -> str:
    """Return a text in one line, without the marks of the words that were found."""
    text = value if isinstance(value, str) else ""
    for mark in ("<strong>", "</strong>", "<b>", "</b>", "<em>", "</em>"):
        text = text.replace(mark, "")
    return " ".join(text.split())[:_TEXT_CHARS_MAX]


def _url(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _URL_CHARS_MAX:
        return ""
    return f"https:{value}" if value.startswith("//") else value
