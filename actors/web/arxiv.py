"""Papers of arXiv: what to ask its API, what it answers, the sections of a paper's text.

Source: info.arxiv.org/help/api/user-manual.html; RFC 4287 (Atom).
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from mimo.config.errors import InvalidRequest, NotFound, Unavailable

_ATOM = "{http://www.w3.org/2005/Atom}"
_ARXIV = "{http://arxiv.org/schemas/atom}"
_OPENSEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"
#: New ids such as 1706.03762v5, old ones such as hep-th/9901001.
_ID = re.compile(r"(?:\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v\d{1,3})?", re.ASCII)
_PREFIX = re.compile(
    r"^(?:arxiv:|https?://(?:[a-z]+\.)?arxiv\.org/(?:abs|pdf)/)", re.IGNORECASE | re.ASCII
)
_FIELDED = re.compile(r"\b(?:ti|au|abs|co|jr|cat|rn|id|all):", re.ASCII)
_CATEGORY = re.compile(r"[a-z-]{2,20}(?:\.[A-Za-z-]{2,20})?", re.ASCII)
#: A heading of a paper: numbered, or one that nearly every paper has.
_HEADING = re.compile(
    r"^(?:(?:\d{1,2}(?:\.\d{1,2}){0,2}|[IVX]{1,5})\.?\s+(?=[A-Z])[^\n]{2,80}"
    r"|(?:Abstract|ABSTRACT|Introduction|INTRODUCTION|Related Work|RELATED WORK|Background"
    r"|Methods?|METHODS?|Results|RESULTS|Discussion|DISCUSSION|Conclusions?|CONCLUSIONS?"
    r"|Acknowledge?ments|ACKNOWLEDGE?MENTS|References|REFERENCES|Appendix|APPENDIX))\s*$",
    re.MULTILINE,
)


def search_url(  # noqa: PLR0913, PLR0917  what the API takes
    api: str, query: str, categories: Sequence[str], sort_by: str, start: int, limit: int
) -> str:
    """Return the address that answers a search.

    Args:
        api: The setting `web.arxiv_url`.
        query: Words, each of which must occur; or arXiv's own form, with a field such as `ti:`.
        categories: Any one of these.
        sort_by: relevance, lastUpdatedDate or submittedDate.
        start: Papers to leave out.
        limit: Most papers.

    Raises:
        InvalidRequest: A category isn't one, or nothing is asked.
    """
    asked = query.strip()
    if not _FIELDED.search(asked):
        words = re.findall(r"[\w.+-]+", asked)
        if not words:
            raise InvalidRequest("expected a word to search for, got none; give a 'query'")
        asked = " AND ".join(f"all:{word}" for word in words)
    for category in categories:
        if not _CATEGORY.fullmatch(category):
            raise InvalidRequest(
                f"expected a category such as cs.CL, got {category[:40]!r}; correct it"
            )
    if categories:
        either = " OR ".join(f"cat:{category}" for category in categories)
        asked = f"({asked}) AND ({either})"
    return _with(
        api,
        search_query=asked,
        start=start,
        max_results=limit,
        sortBy=sort_by,
        sortOrder="descending",
    )


def paper_url(api: str, paper_id: str) -> str:
    """Return the address that answers about one paper.

    Raises:
        InvalidRequest: It is no id of arXiv.
    """
    return _with(api, id_list=clean_id(paper_id))


def clean_id(given: str) -> str:
    """Return the id in what was given: itself, `arXiv:...`, or an address of its page.

    Raises:
        InvalidRequest: There is none.
    """
    text = given.strip().removesuffix(".pdf")
    text = _PREFIX.sub("", text)
    if not _ID.fullmatch(text):
        raise InvalidRequest(
            f"expected an id such as 1706.03762 or hep-th/9901001, got {given[:60]!r}; correct it"
        )
    return text


def _with(api: str, **query: object) -> str:
    return f"{api}{'&' if '?' in api else '?'}{urlencode(query)}"


def papers_in(answer: bytes) -> tuple[list[dict[str, Any]], int]:
    """Return the papers of an answer, and how many there are in all.

    Raises:
        InvalidRequest: The API refuses the question; with its words.
        Unavailable: The answer is no feed.
    """
    if b"<!DOCTYPE" in answer or b"<!ENTITY" in answer:
        raise Unavailable("expected a feed of arXiv, got XML with a document type")
    try:
        feed = ET.fromstring(answer)  # noqa: S314  no document type, so no entities
    except ET.ParseError as error:
        raise Unavailable(f"expected a feed of arXiv, got: {error}", retry_after_s=10.0) from None
    if feed.tag != f"{_ATOM}feed":
        raise Unavailable(f"expected a feed of arXiv, got {feed.tag[:80]}", retry_after_s=10.0)
    found = []
    for entry in feed.findall(f"{_ATOM}entry"):
        address = _text(entry, f"{_ATOM}id")
        if "/api/errors" in address:
            told = _text(entry, f"{_ATOM}summary")[:200]
            raise InvalidRequest(f"expected a question that arXiv takes, got: {told}")
        found.append(_paper(entry, address))
    total = _text(feed, f"{_OPENSEARCH}totalResults")
    return found, int(total) if total.isdigit() else len(found)


def the_paper(answer: bytes, paper_id: str) -> dict[str, Any]:
    """Return the only paper of an answer.

    Raises:
        NotFound: There is none.
    """
    papers, _ = papers_in(answer)
    if not papers or not papers[0]["title"]:
        raise NotFound(f"expected a paper of arXiv, got none with the id {paper_id[:60]}")
    return papers[0]


def _paper(entry: ET.Element, address: str) -> dict[str, Any]:
    authors = [_text(each, f"{_ATOM}name") for each in entry.findall(f"{_ATOM}author")]
    links = {each.get("title") or "": each.get("href") or "" for each in entry.iter(f"{_ATOM}link")}
    paper_id = address.rpartition("/abs/")[2] or address
    return {
        "id": paper_id[:60],
        "title": _text(entry, f"{_ATOM}title"),
        "authors": authors[:100],
        "summary": _text(entry, f"{_ATOM}summary"),
        "categories": [each.get("term") or "" for each in entry.findall(f"{_ATOM}category")],
        "published": _text(entry, f"{_ATOM}published"),
        "updated": _text(entry, f"{_ATOM}updated"),
        "pdf_url": _secure(links.get("pdf", "")),
        "comment": _text(entry, f"{_ARXIV}comment"),
        "doi": _text(entry, f"{_ARXIV}doi"),
    }


def _secure(url: str) -> str:
    """Return arXiv's own address over https: its feed says http, which only redirects."""
    is_own = re.match(r"http://(?:[a-z]+\.)?arxiv\.org/", url)
    return url.replace("http://", "https://", 1) if is_own else url


def _text(node: ET.Element, path: str) -> str:
    found = node.find(path)
    return " ".join((found.text or "").split()) if found is not None else ""


def sections_of(text: str) -> list[dict[str, Any]]:
    """Return the sections of a paper's text: heading, where it begins, and its length."""
    marks = list(_HEADING.finditer(text))
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    return [
        {
            "heading": " ".join(mark.group().split()),
            "offset": mark.start(),
            "chars": end - mark.start(),
        }
        for mark, end in zip(marks, ends, strict=False)
    ]
