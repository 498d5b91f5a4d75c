"""The main text of a page, and what the page says about itself."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from mimo.actors.web.markdown import markdown_of

#: What is no text of the page.
_DROPPED = (
    "script, style, noscript, template, svg, iframe, object, embed, canvas, form, button, input, "
    "select, nav, aside, header:not(main header):not(article header), "
    "footer:not(main footer):not(article footer), [hidden], [aria-hidden=true], [role=navigation], "
    "[role=banner], [role=contentinfo], [role=search], [role=dialog]"
)
#: Text that an element named so must have to be taken for the page, in characters.
_NAMED_CHARS_MIN = 200
#: Candidates for the main text, where nothing is named so.
_CANDIDATES = "div, section, td, article, main"
_CANDIDATES_MAX = 2_000
#: More of an element's text than this part in links makes it a list of links.
_LINKS_SHARE_MAX = 0.5
#: Longest value, and most values of each kind, of what a page says about itself.
_VALUE_CHARS_MAX = 1_000
_VALUES_MAX = 40
_JSON_LD_CHARS_MAX = 20_000

_TITLES = ("og:title", "twitter:title", "dc.title", "citation_title")
_DESCRIPTIONS = ("description", "og:description", "twitter:description", "dc.description")
_AUTHORS = ("author", "article:author", "dc.creator", "citation_author", "twitter:creator")
_DATES = (
    "article:published_time",
    "date",
    "dc.date",
    "citation_publication_date",
    "article:modified_time",
    "last-modified",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Structured:
    """What a page says about itself in forms for programs.

    Args:
        json_ld: Blocks of schema.org, as they are.
        opengraph: Values of `og:` and `article:` properties.
        twitter: Values of `twitter:` properties.
        meta: All other named values.
    """

    json_ld: list[Any] = field(default_factory=list)
    opengraph: dict[str, str] = field(default_factory=dict)
    twitter: dict[str, str] = field(default_factory=dict)
    meta: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page as a reader sees it.

    Args:
        title: Of its head, or its first heading.
        description: In its own words; "" for none.
        author: As it names one; "" for none.
        date: As it gives one, as it stands; "" for none.
        language: As it names one; "" for none.
        content: Its main text as Markdown.
        structured: See `Structured`.
    """

    title: str
    description: str
    author: str
    date: str
    language: str
    content: str
    structured: Structured


def read_page(html: str, base: str = "") -> Page:
    """Return the main text of a page and what it says about itself.

    Args:
        html: The page.
        base: Its URL, for links in it.
    """
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(html)
    structured = _structured(tree)
    said = structured.meta | structured.twitter | structured.opengraph
    title, language = _title(tree), _attribute(tree.css_first("html"), "lang")
    linked = _from_json_ld(structured.json_ld)
    time_node = tree.css_first("time[datetime]")
    for node in tree.css(_DROPPED):
        node.decompose()
    root = main_of(tree)
    return Page(
        title=title or _first(said, _TITLES) or linked.get("headline", ""),
        description=_first(said, _DESCRIPTIONS) or linked.get("description", ""),
        author=_first(said, _AUTHORS) or linked.get("author", ""),
        date=_first(said, _DATES)
        or linked.get("datePublished", "")
        or _attribute(time_node, "datetime"),
        language=language,
        content=markdown_of(root, base) if root is not None else "",
        structured=structured,
    )


def main_of(tree: Any) -> Any:
    """Return the element that holds the main text of a page; None for a page without a body.

    An element that is named so, else the one with the most text of its own paragraphs outside of
    links. Source: after Kohlschuetter et al. 2010, "Boilerplate Detection using Shallow Text
    Features": text against link density.
    """
    named = [
        node
        for node in tree.css("main, article, [role=main], [itemprop=articleBody]")
        if len(node.text(strip=True)) >= _NAMED_CHARS_MIN
    ]
    if len(named) == 1:
        return named[0]
    if named:
        # Several articles are a list of teasers, unless one of them has most of the text.
        longest = max(named, key=lambda node: len(node.text(strip=True)))
        total = len(tree.body.text(strip=True)) or 1
        return longest if len(longest.text(strip=True)) * 2 >= total else tree.body
    best, most = tree.body, 0
    for node in tree.css(_CANDIDATES)[:_CANDIDATES_MAX]:
        weight = _weight(node)
        if weight > most:
            best, most = node, weight
    whole = len(tree.body.text(strip=True)) if tree.body is not None else 0
    return best if most * 2 >= whole else tree.body


def _weight(node: Any) -> int:
    """Return the characters of an element's own paragraphs, 0 for a list of links."""
    own = sum(
        len(child.text(strip=True))
        for child in node.iter()
        if child.tag in {"p", "pre", "blockquote", "ul", "ol", "table", "h2", "h3"}
    )
    if not own:
        return 0
    linked = sum(len(link.text(strip=True)) for link in node.css("a"))
    return own if linked <= own * _LINKS_SHARE_MAX else 0


def _title(tree: Any) -> str:
    for selector in ("title", "h1"):
        node = tree.css_first(selector)
        if node is not None and (text := " ".join(node.text().split())):
            return text[:_VALUE_CHARS_MAX]
    return ""


def _structured(tree: Any) -> Structured:
    found = Structured()
    for node in tree.css("meta[content]"):
        attributes = node.attributes
        name = (attributes.get("property") or attributes.get("name") or "").strip().lower()
        value = " ".join((attributes.get("content") or "").split())[:_VALUE_CHARS_MAX]
        if not name or not value:
            continue
        target = found.meta
        if name.startswith(("og:", "article:")):
            target = found.opengraph
        elif name.startswith("twitter:"):
            target = found.twitter
        if len(target) < _VALUES_MAX:
            target.setdefault(name[:100], value)
    for node in tree.css('script[type="application/ld+json"]')[:_VALUES_MAX]:
        text = node.text()
        if len(text) <= _JSON_LD_CHARS_MAX and (block := _json(text)) is not None:
            found.json_ld.append(block)
    return found


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None


def _from_json_ld(blocks: list[Any]) -> dict[str, str]:
    """Return headline, description, author and date of the first block that has a headline."""
    things: list[Any] = []
    for block in blocks:
        graph = block.get("@graph") if isinstance(block, dict) else block
        things += graph if isinstance(graph, list) else [block]
    for thing in things:
        if isinstance(thing, dict) and isinstance(thing.get("headline"), str):
            wanted = ("headline", "description", "datePublished")
            texts = {name: thing[name] for name in wanted if isinstance(thing.get(name), str)}
            return {**texts, "author": _author(thing.get("author"))}
    return {}


def _author(given: Any) -> str:
    if isinstance(given, list):
        return ", ".join(filter(None, map(_author, given[:20])))
    if isinstance(given, dict):
        given = given.get("name")
    return given[:_VALUE_CHARS_MAX] if isinstance(given, str) else ""


def _first(values: dict[str, str], names: tuple[str, ...]) -> str:
    return next((values[name] for name in names if values.get(name)), "")


def _attribute(node: Any, name: str) -> str:
    value = node.attributes.get(name) if node is not None else None
    return (value or "")[:100]
