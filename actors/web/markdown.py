"""HTML as Markdown: headings, links, emphasis, lists, quotes, code, tables, pictures.

Source: spec.commonmark.org 0.31; tables as in GitHub Flavored Markdown 4.10.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urljoin, urlsplit

_DROPPED = frozenset(
    {"script", "style", "noscript", "template", "svg", "iframe", "object", "embed", "canvas"}
    | {"head", "button", "input", "select", "textarea", "link", "meta", "title"}
)
_BLOCKS = frozenset(
    {"address", "article", "aside", "body", "dd", "details", "div", "dl", "dt", "fieldset"}
    | {"figcaption", "figure", "footer", "form", "header", "html", "main", "nav", "p", "section"}
    | {"summary", "ul", "ol", "li", "pre", "table", "hr", "blockquote"}
    | {"h1", "h2", "h3", "h4", "h5", "h6"}
)
_MARKS = {"strong": "**", "b": "**", "em": "_", "i": "_", "del": "~~", "s": "~~"}
_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}
#: Deepest element that is read as what it is; what is deeper is plain text.
_DEPTH_MAX = 100
_SPACES = re.compile(r"[ \t\n\r\f]+")
_LINKED = frozenset({"http", "https", "mailto", ""})
_LINK_CHARS_MAX = 2_000


def to_markdown(html: str, base: str = "") -> str:
    """Return a page or a part of one as Markdown.

    Args:
        html: Whatever it is, well formed or not.
        base: Its URL, for links in it.
    """
    from selectolax.lexbor import LexborHTMLParser

    root = LexborHTMLParser(html).body
    return markdown_of(root, base) if root is not None else ""


def markdown_of(node: Any, base: str = "") -> str:
    """Return an element of a parsed page as Markdown."""
    return "\n\n".join(_blocks(node, base, 0))


def _blocks(node: Any, base: str, depth: int) -> list[str]:
    """Return what an element holds as blocks."""
    if depth > _DEPTH_MAX:
        text = _tidy(_SPACES.sub(" ", node.text()))
        return [text] if text else []
    found: list[str] = []
    line: list[str] = []

    def end_line() -> None:
        text = _tidy("".join(line))
        line.clear()
        if text:
            found.append(text)

    for child in node.iter(include_text=True):
        tag = child.tag
        if tag in _BLOCKS or (tag not in _DROPPED and _holds_block(child)):
            # An inline element around blocks, such as a link around a card, is taken apart.
            end_line()
            found += _block(child, base, depth + 1)
        else:
            line.append(_inline(child, base, depth + 1))
    end_line()
    return found


def _holds_block(node: Any) -> bool:
    return node.tag != "-text" and any(child.tag in _BLOCKS for child in node.iter())


def _block(node: Any, base: str, depth: int) -> list[str]:  # noqa: PLR0911  a table of elements
    tag = node.tag
    if tag in _HEADINGS:
        text = _tidy(_inlines(node, base, depth)).replace("\n", " ")
        return [f"{_HEADINGS[tag]} {text}"] if text else []
    if tag == "pre":
        return [_fenced(node)]
    if tag == "hr":
        return ["---"]
    if tag == "table":
        return _table(node, base, depth)
    if tag in {"ul", "ol"}:
        return _list(node, base, depth)
    inner = _blocks(node, base, depth)
    if tag == "blockquote" and inner:
        return ["\n".join(f"> {line}".rstrip() for line in "\n\n".join(inner).split("\n"))]
    return inner


def _list(node: Any, base: str, depth: int) -> list[str]:
    items: list[str] = []
    for child in node.iter():
        inner = [] if child.tag in _DROPPED else _blocks(child, base, depth + 1)
        if not inner:
            continue
        mark = f"{len(items) + 1}. " if node.tag == "ol" else "- "
        indent = " " * len(mark)
        lines = "\n".join(inner).split("\n")
        items.append("\n".join([mark + lines[0], *(indent + line for line in lines[1:])]))
    return ["\n".join(items)] if items else []


def _fenced(node: Any) -> str:
    text = node.text().strip("\n")
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{_language(node)}\n{text}\n{fence}"


def _language(node: Any) -> str:
    code = node.css_first("code")
    classes = (code if code is not None else node).attributes.get("class") or ""
    found = re.search(r"\b(?:language|lang|highlight-source)-([\w+#-]{1,30})", classes)
    return found.group(1) if found else ""


def _table(node: Any, base: str, depth: int) -> list[str]:
    rows = []
    for row in node.css("tr"):
        cells = [
            _tidy(_inlines(cell, base, depth)).replace("\n", " ").replace("|", "\\|")
            for cell in row.iter()
            if cell.tag in {"td", "th"}
        ]
        if any(cells):
            rows.append(cells)
    if not rows:
        return []
    width = max(map(len, rows))
    lines = [f"| {' | '.join(cells + [''] * (width - len(cells)))} |" for cells in rows]
    lines.insert(1, f"|{' --- |' * width}")
    return ["\n".join(lines)]


def _inlines(node: Any, base: str, depth: int) -> str:
    return "".join(_inline(child, base, depth + 1) for child in node.iter(include_text=True))


def _inline(node: Any, base: str, depth: int) -> str:  # noqa: PLR0911  a table of elements
    tag = node.tag
    if tag == "-text":
        return _SPACES.sub(" ", node.text())
    if tag in _DROPPED or tag.startswith(("-", "_", "!")):
        return ""
    if depth > _DEPTH_MAX:
        return _SPACES.sub(" ", node.text())
    if tag == "br":
        return "\n"
    if tag == "img":
        return _image(node, base)
    if tag in {"code", "kbd", "samp", "tt"}:
        text = _SPACES.sub(" ", node.text())
        return f"`{text}`" if text.strip() and "`" not in text else text
    inner = _inlines(node, base, depth)
    if tag == "a":
        return _link(node, inner, base)
    if (mark := _MARKS.get(tag)) and inner.strip() and "\n" not in inner:
        return _around(inner, mark, mark)
    return inner


def _link(node: Any, inner: str, base: str) -> str:
    target = _address(node.attributes.get("href"), base)
    if not target or not inner.strip() or "\n" in inner or target.startswith("#"):
        return inner
    return _around(inner, "[", f"]({target})")


def _image(node: Any, base: str) -> str:
    target = _address(node.attributes.get("src"), base)
    text = " ".join((node.attributes.get("alt") or "").split())
    return f"![{text}]({target})" if text and target else ""


def _address(given: str | None, base: str) -> str:
    """Return where a link leads; "" where that is no page, or no link at all."""
    given = "".join((given or "").split())
    if not given or len(given) > _LINK_CHARS_MAX:
        return ""
    try:
        if urlsplit(given).scheme.lower() not in _LINKED:
            return ""
        found = urljoin(base, given) if base and not given.startswith("#") else given
    except ValueError:
        return ""
    return found.replace("(", "%28").replace(")", "%29")


def _around(text: str, before: str, after: str) -> str:
    """Return a text between marks that stand at its first and last letter."""
    lead = " " if text[:1].isspace() else ""
    tail = " " if text[-1:].isspace() else ""
    return f"{lead}{before}{text.strip()}{after}{tail}"


def _tidy(text: str) -> str:
    lines = (_SPACES.sub(" ", line).strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line)
