"""arXiv: what is asked, what is answered. PDFs: their pages and their damage."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from mimo.actors.web import arxiv
from mimo.actors.web.pdf import read_pdf
from mimo.config.errors import InvalidRequest, NotFound, Unavailable
from tests.support.documents import pdf as pdf_of
from tests.support.website import FEED

API = "https://export.arxiv.org/api/query"


def asked(query: str, *categories: str) -> str:
    url = arxiv.search_url(API, query, categories, "relevance", 0, 5)
    return parse_qs(urlsplit(url).query)["search_query"][0]


@pytest.mark.parametrize(
    ("query", "categories", "expected"),
    [
        ("gear trains", (), "all:gear AND all:trains"),
        ("ti:gears AND au:ada", (), "ti:gears AND au:ada"),
        ("gears", ("cs.CL", "math.OC"), "(all:gears) AND (cat:cs.CL OR cat:math.OC)"),
    ],
)
def test_a_question_is_asked_in_arxivs_form(
    query: str, categories: tuple[str, ...], expected: str
) -> None:
    """Words are all wanted. Source: arXiv API manual."""
    assert asked(query, *categories) == expected


@pytest.mark.parametrize(("query", "category"), [("?!", "cs.CL"), ("x", "cs.CL) OR cat:x")])
def test_what_is_no_question_is_refused(query: str, category: str) -> None:
    """Nothing can be smuggled into the query. Source: ours."""
    with pytest.raises(InvalidRequest):
        asked(query, category)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("1706.03762", "1706.03762"),
        ("arXiv:1706.03762v5", "1706.03762v5"),
        ("https://arxiv.org/abs/hep-th/9901001", "hep-th/9901001"),
        ("http://arxiv.org/pdf/1706.03762.pdf", "1706.03762"),
    ],
)
def test_an_id_is_read_in_its_usual_forms(given: str, expected: str) -> None:
    """Also from an address. Source: info.arxiv.org/help/arxiv_identifier.html."""
    assert arxiv.clean_id(given) == expected


@pytest.mark.parametrize("given", ["", "17", "1706.03762&max_results=9", "../x", "--output=x"])
def test_what_is_no_id_is_refused(given: str) -> None:
    """With an example. Source: mcp.md 7."""
    with pytest.raises(InvalidRequest, match=r"1706\.03762"):
        arxiv.clean_id(given)


def test_a_feed_is_read() -> None:
    """Title in one line, address over https. Source: RFC 4287."""
    feed = FEED.replace("{pdf}", "http://arxiv.org/pdf/1706.03762v7").encode()

    papers, total = arxiv.papers_in(feed)

    assert total == 12
    assert papers[0]["id"] == "1706.03762v7"
    assert papers[0]["title"] == "Attention Is All You Need"
    assert papers[0]["authors"] == ["Ashish Vaswani", "Noam Shazeer"]
    assert papers[0]["pdf_url"] == "https://arxiv.org/pdf/1706.03762v7"


@pytest.mark.parametrize(
    "answer",
    [
        b"<html><p>busy",
        b"",
        b"<rss/>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><feed xmlns="http://www.w3.org/2005/Atom"/>',
    ],
)
def test_what_is_no_feed_is_refused(answer: bytes) -> None:
    """No entity of a document type is expanded. Source: OWASP, XXE."""
    with pytest.raises(Unavailable):
        arxiv.papers_in(answer)


def test_a_missing_paper_is_not_found() -> None:
    """An empty feed. Source: arXiv API manual."""
    with pytest.raises(NotFound, match=r"9999\.99999"):
        arxiv.the_paper(b'<feed xmlns="http://www.w3.org/2005/Atom"/>', "9999.99999")


def test_sections_are_found_by_their_headings() -> None:
    """With where they begin. Source: ours."""
    text = "Abstract\nWe turn.\n1 Introduction\nGears are old.\n2.1 Teeth\nMany.\nReferences\n[1] x"

    found = arxiv.sections_of(text)

    assert [each["heading"] for each in found] == [
        "Abstract",
        "1 Introduction",
        "2.1 Teeth",
        "References",
    ]
    assert text[found[1]["offset"] :].startswith("1 Introduction")


# -- PDF ------------------------------------------------------------------------------------------
def test_pages_of_a_pdf_are_read_by_number() -> None:
    """From 1, in order. Source: ours."""
    document = read_pdf(pdf_of("First page", "Second page", "Third page"), [3, 1])

    assert document.page_count == 3
    assert document.pages == ((1, "First page"), (3, "Third page"))
    assert document.text == "## Page 1\n\nFirst page\n\n## Page 3\n\nThird page"


@pytest.mark.parametrize("raw", [b"", b"%PDF-1.4 nothing", b"<html>", pdf_of("x")[:200]])
def test_a_damaged_pdf_is_refused(raw: bytes) -> None:
    """With a sentence, never a crash. Source: ours."""
    with pytest.raises(InvalidRequest, match="expected a PDF"):
        read_pdf(raw)


def test_a_page_beyond_the_last_is_refused() -> None:
    """With how many there are. Source: ours."""
    with pytest.raises(InvalidRequest, match="pages 1 to 1, got 2"):
        read_pdf(pdf_of("x"), [2])
