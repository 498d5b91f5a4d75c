"""Bytes into text: encodings, binary data, web pages, PDF."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.ingest.decoding import decoded
from mimo.actors.ingest.formats import read
from mimo.actors.ingest.html import readable
from mimo.config import limits
from mimo.config.errors import InvalidRequest
from tests.support.documents import pdf


@pytest.mark.parametrize(
    ("encoding", "reported"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16"),
        ("utf-32", "utf-32"),
        ("latin-1", "latin-1"),
    ],
)
def test_encodings_are_found_and_reported(encoding: str, reported: str) -> None:
    """By their mark, else UTF-8, else Latin-1. Source: issue 3, ingest."""
    text = "Grüße aus Köln\r\nzweite Zeile\rdritte"

    assert decoded(text.encode(encoding)) == ("Grüße aus Köln\nzweite Zeile\ndritte", reported)


def test_a_mark_decides_the_order_of_bytes() -> None:
    """Big and little end. Source: Unicode 15, 23.8."""
    for order, mark in (("utf-16-be", b"\xfe\xff"), ("utf-16-le", b"\xff\xfe")):
        assert decoded(mark + "ab".encode(order)).text == "ab"
    with pytest.raises(InvalidRequest, match="after its byte-order mark"):
        decoded(b"\xff\xfe\x00")


@pytest.mark.parametrize("raw", [b"a\0b", bytes(range(32)) * 10, b"\x89PNG\r\n\x1a\n\0\0"])
def test_binary_data_is_refused(raw: bytes) -> None:
    """It would be noise in the store. Source: issue 3, ingest."""
    with pytest.raises(InvalidRequest, match="binary"):
        decoded(raw)


@given(raw=st.binary(max_size=300), name=st.sampled_from(["a.md", "a.json", "a.py", "a", "a.html"]))
def test_no_bytes_bring_the_reader_down(raw: bytes, name: str) -> None:
    """Chunks, or an error that says why. Source: ours."""
    try:
        for chunk in read(raw, name).chunks:
            assert chunk.text.strip()
    except InvalidRequest:
        pass


def test_a_page_is_its_text_without_what_surrounds_it() -> None:
    """Headings, lists, code and tables stay what they are. Source: ours."""
    page = readable(
        "<html><head><title> A  title </title><style>x</style></head><body><nav>menu</nav>"
        "<header>site</header><h1>Cats &amp; <i>dogs</i></h1><p>One <b>two</b>,\nthree<br>four</p>"
        "<ul><li>x<li>y <a href=q>link</a></ul><pre>a\n  b</pre><table><tr><th>k<th>v<tr><td>1<td>2"
        "</table><script>evil()</script><p hidden>no</p><footer>legal</footer></body></html>"
    )

    assert page.title == "A title"
    assert page.markdown == (
        "# Cats & dogs\n\nOne two, three\nfour\n\n- x\n\n- y link\n\n```\na\n  b\n```"
        "\n\nk | v\n\n1 | 2"
    )


def test_the_main_part_of_a_page_is_taken_if_it_has_text() -> None:
    """And an empty one isn't. Source: ours."""
    long = "word " * 60

    assert "around" not in readable(f"<p>around</p><main><p>{long}</main>").markdown
    assert "around" in readable("<p>around</p><main></main>").markdown


def test_a_page_that_nests_without_end_is_read() -> None:
    """No recursion too deep. Source: ours."""
    page = readable("<div>" * 5_000 + "deep" + "</div>" * 5_000)

    assert "deep" in page.markdown


def test_a_pdf_is_read_page_by_page() -> None:
    """Each chunk knows its page. Source: issue 3, ingest."""
    found = list(read(pdf("The first page.", "The second page."), "a.pdf").chunks)

    assert [(chunk.text, chunk.metadata) for chunk in found] == [
        ("The first page.", {"page": 1}),
        ("The second page.", {"page": 2}),
    ]


def test_a_pdf_without_text_says_what_to_do() -> None:
    """A scan needs text recognition. Source: issue 3, ingest."""
    with pytest.raises(InvalidRequest, match="text recognition"):
        list(read(pdf(""), "a.pdf").chunks)


@given(cut=st.integers(0, 900), noise=st.binary(max_size=20))
def test_a_damaged_pdf_is_refused(cut: int, noise: bytes) -> None:
    """Cut off or overwritten anywhere. Source: ours."""
    whole = pdf("Some text on a page.", "More text.")
    damaged = whole[:cut] + noise + whole[cut + len(noise) :][: len(whole) // 2]
    with contextlib.suppress(InvalidRequest):
        list(read(b"%PDF-" + damaged, "a.pdf").chunks)


def test_a_pdf_of_too_many_pages_is_refused_by_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number is in the message."""
    monkeypatch.setattr(limits, "INGEST_PAGES_MAX", 1)
    with pytest.raises(InvalidRequest, match="at most 1 pages, got 2"):
        list(read(pdf("a", "b"), "a.pdf").chunks)


def test_a_pdf_is_only_cut_by_paragraphs() -> None:
    """Other strategies need its source."""
    with pytest.raises(InvalidRequest, match="for a PDF"):
        read(pdf("a"), "a.pdf", "markdown")


def test_whole_keeps_a_text_as_it_is_up_to_a_memorys_limit() -> None:
    """The limit and the way out are in the message."""
    (chunk,) = read(b"# One\n\ntwo", "a.md", "whole").chunks
    assert chunk.text == "# One\n\ntwo"
    with pytest.raises(InvalidRequest, match=str(limits.MEMORY_BYTES_MAX)):
        list(read(b"x" * (limits.MEMORY_BYTES_MAX + 1), "a.md", "whole").chunks)
