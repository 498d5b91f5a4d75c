"""HTML as Markdown, the main text of a page, and what a page says about itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.web.markdown import to_markdown
from mimo.actors.web.metadata import read_page
from tests.support.website import HTML

BASE = "https://example.org/a/b"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<h2>Two <i>words</i></h2>", "## Two _words_"),
        ("<p>a <b>bold</b> b", "a **bold** b"),
        ('<a href="/x">there</a>', "[there](https://example.org/x)"),
        ('<a href="x(1)">there</a>', "[there](https://example.org/a/x%281%29)"),
        ('<a href="javascript:alert(1)">bad</a>', "bad"),
        ('<a href="data:text/html,x">bad</a>', "bad"),
        ('<a href=" java\nscript:alert(1)">bad</a>', "bad"),
        ('<a href="#top">up</a>', "up"),
        ("<ul><li>a<ul><li>b</ul><li>c</ul>", "- a\n  - b\n- c"),
        ("<ol><li>a<li>b</ol>", "1. a\n2. b"),
        ("<blockquote><p>a<p>b</blockquote>", "> a\n>\n> b"),
        ('<pre><code class="language-py">x\n  y</code></pre>', "```py\nx\n  y\n```"),
        ("<pre>``` inside</pre>", "````\n``` inside\n````"),
        ("<p><code>x=1</code>", "`x=1`"),
        ("<table><tr><th>A<th>B<tr><td>1|2</table>", "| A | B |\n| --- | --- |\n| 1\\|2 |  |"),
        ('<img src="i.png" alt="A  gear">', "![A gear](https://example.org/a/i.png)"),
        ("one<br>two", "one\ntwo"),
        ("<script>x</script><style>y</style><p>z", "z"),
        ('<a href="/c"><div><h3>Card</h3></div></a>', "### Card"),
        ("", ""),
    ],
)
def test_elements_become_what_markdown_has_for_them(html: str, expected: str) -> None:
    """Links are whole, and lead to pages only. Source: CommonMark 0.31."""
    assert to_markdown(html, BASE) == expected


@given(st.lists(st.sampled_from(["<div>", "</p>", "<ul>", "<li>", "<b>", "x", "<table>", "<a"])))
def test_any_html_is_read(parts: list[str]) -> None:
    """However broken. Source: ours."""
    assert "x" in to_markdown("".join(parts) + "<p>x") or "<a" in parts


def test_deep_nesting_is_read_as_plain_text() -> None:
    """Not a recursion error. Source: ours."""
    assert to_markdown("<div>" * 20_000 + "deep") == "deep"
    assert "deep" in to_markdown("<b>" * 5_000 + "deep")
    assert "deep" in to_markdown("<ul><li>" * 5_000 + "deep")


def test_a_page_says_its_title_author_and_date() -> None:
    """From meta, OpenGraph and JSON-LD. Source: ogp.me, schema.org."""
    page = read_page(HTML.decode(), BASE)

    assert (page.title, page.author, page.date) == ("On gears", "Ada", "2026-01-02")
    assert (page.description, page.language) == ("All about gears.", "en")
    assert page.content.startswith("# Gears\n\nA gear **turns** another")
    assert "Home" not in page.content
    assert page.structured.opengraph == {"og:title": "Gears"}
    assert page.structured.json_ld[0]["headline"] == "Gears"


def test_the_main_text_is_found_without_being_named() -> None:
    """By text against links. Source: Kohlschuetter et al. 2010."""
    text = "<p>" + "A sentence of the story. " * 20 + "</p>"
    links = "".join(f'<li><a href="/{n}">Another headline {n}</a>' for n in range(30))
    html = f'<body><div class="s"><ul>{links}</ul></div><div class="t">{text * 3}</div>'

    content = read_page(html, BASE).content

    assert "A sentence of the story." in content
    assert "Another headline" not in content


def test_several_articles_are_a_list_and_all_are_shown() -> None:
    """None of them is the page. Source: ours."""
    teasers = "".join(f"<article><h2>News {n}</h2><p>{'Word ' * 60}</article>" for n in range(4))

    content = read_page(f"<body>{teasers}", BASE).content

    assert all(f"News {n}" in content for n in range(4))


@pytest.mark.parametrize("block", ["{", "[" * 10_000, '"x"', "null", '{"headline": 3}'])
def test_broken_json_ld_does_no_harm(block: str) -> None:
    """It is left out. Source: ours."""
    html = f'<title>T</title><script type="application/ld+json">{block}</script><p>x'

    assert read_page(html).title == "T"
