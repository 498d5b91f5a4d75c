"""The readable text of a web page, as Markdown: headings, paragraphs, lists, code, tables."""

from __future__ import annotations

from typing import Any, NamedTuple

#: What is no text of the page.
_DROPPED = (
    "script, style, noscript, template, svg, iframe, object, embed, canvas, form, button, input, "
    "select, nav, aside, header:not(main header):not(article header), "
    "footer:not(main footer):not(article footer), [hidden], [aria-hidden=true]"
)
_BLOCKS = frozenset(
    {"address", "article", "blockquote", "body", "dd", "details", "div", "dl", "dt", "fieldset"}
    | {"figcaption", "figure", "footer", "header", "hr", "main", "ol", "p", "section", "summary"}
    | {"table", "tbody", "thead", "tfoot", "ul"}
)
_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}
#: A `main` or `article` with less text than this isn't taken for the page, in characters.
_MAIN_CHARS_MIN = 200
#: Deepest element that is read; a page that nests deeper is read as plain text from there.
_DEPTH_MAX = 200


class Page(NamedTuple):
    """What a page says."""

    title: str
    markdown: str


def readable(html: str) -> Page:
    """Return the title and the text of a page, without navigation, forms and scripts."""
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(html)
    title_node = tree.css_first("title")
    title = " ".join(title_node.text().split()) if title_node is not None else ""
    for node in tree.css(_DROPPED):
        node.decompose()
    root = next(
        (
            node
            for node in tree.css("main, article, [role=main]")
            if len(node.text(strip=True)) >= _MAIN_CHARS_MIN
        ),
        tree.body,
    )
    writer = _Writer()
    if root is not None:
        writer.element(root, 0)
    return Page(title, writer.text())


class _Writer:
    """Collects blocks of Markdown."""

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._inline: list[str] = []

    def text(self) -> str:
        self._end_block()
        return "\n\n".join(self._blocks)

    def element(self, node: Any, depth: int) -> None:
        """Write what an element holds, as what it is."""
        tag = node.tag
        if tag in _HEADINGS:
            self._block(f"{_HEADINGS[tag]} {_line(node)}")
        elif tag == "pre":
            self._block(f"```\n{node.text().strip(chr(10))}\n```")
        elif tag == "li":
            self._end_block()
            self._children(node, depth)
            self._end_block("- ")
        elif tag == "tr":
            cells = [_line(cell) for cell in node.iter() if cell.tag in {"td", "th"}]
            self._block(" | ".join(cells))
        elif tag == "br":
            self._inline.append("\n")
        elif tag in _BLOCKS or depth > _DEPTH_MAX:
            self._end_block()
            if depth > _DEPTH_MAX:
                self._inline.append(node.text())
            else:
                self._children(node, depth)
            self._end_block()
        else:
            self._children(node, depth)

    def _children(self, node: Any, depth: int) -> None:
        for child in node.iter(include_text=True):
            if child.tag == "-text":
                self._inline.append(" ".join(f"\0{child.text()}\0".split()).replace("\0", ""))
            elif not child.tag.startswith(("-", "_", "!")):
                self.element(child, depth + 1)

    def _end_block(self, mark: str = "") -> None:
        lines = [" ".join(line.split()) for line in "".join(self._inline).split("\n")]
        self._inline.clear()
        self._block("\n".join(line for line in lines if line), mark)

    def _block(self, text: str, mark: str = "") -> None:
        if self._inline:
            self._end_block()
        if text.strip("#`| \n"):
            self._blocks.append(mark + text)


def _line(node: Any) -> str:
    return " ".join(node.text(separator=" ").split())
