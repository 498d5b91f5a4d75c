"""What a source file defines and uses, by its syntax tree; pure.

Names are matched, not resolved: a use of `save` is one of whatever is called so, unless `save` is a
parameter or variable of the function around it. What a broken file still shows is told, and that
it is broken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from mimo.actors.code.grammars import Grammar, grammar_of, language_of, loaded, query
from mimo.actors.code.nesting import PASSING, Span, Sweep, holder_of, nest, qualified
from mimo.actors.code.symbols import KINDS, USES, Parsed, Symbol, Use
from mimo.config import limits

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

__all__ = ["language_of", "parse", "symbols_of", "tree_of"]

_BOM: Final = b"\xef\xbb\xbf"
_CAPTURED_KINDS: Final = frozenset((*KINDS, "within"))
#: Nodes that bind several names, and the part of a part in which the name stands.
_PATTERNS: Final = frozenset(
    {
        *("pattern_list", "tuple_pattern", "list_pattern", "list_splat_pattern"),
        *("object_pattern", "array_pattern", "rest_pattern"),
    }
)
_INNER: Final = {
    "pair_pattern": "value",
    "object_assignment_pattern": "left",
    "assignment_pattern": "left",
}
_NAMES: Final = frozenset({"identifier", "shorthand_property_identifier_pattern"})
_SPACE: Final = re.compile(r"\s+")
_TRAILING: Final = re.compile(r"(?:\s|=>|[:={])+$")
_ARGUMENTS: Final = re.compile(r"<[^<>]*>")
_CONSTANT: Final = re.compile(r"_*[A-Z][A-Z0-9_]*")
_RANKS: Final = {name: rank for rank, name in enumerate(USES)}


class _Text:
    """The bytes of a file, and where characters stand in them."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self._is_ascii = source.isascii()

    def of(self, node: Node) -> str:
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def column(self, node: Node) -> int:
        """Return the column of a node's start, from 1, in characters."""
        column: int = node.start_point[1]
        if self._is_ascii:
            return column + 1
        begin = node.start_byte - column
        return len(self.source[begin : node.start_byte].decode("utf-8", "replace")) + 1


def symbols_of(source: bytes, language: str) -> tuple[Symbol, ...]:
    """Return what a text defines, in its order.

    Raises:
        InvalidRequest: The language isn't understood.
    """
    return parse(source, language, uses=False).symbols


def parse(source: bytes, language: str, *, uses: bool = True) -> Parsed:
    """Return what a text defines, and what it uses if asked.

    Args:
        source: The file's bytes, read as UTF-8.
        language: One of `grammars.GRAMMARS`.
        uses: Whether to look for uses.

    Raises:
        InvalidRequest: The language isn't understood.
    """
    source = source.removeprefix(_BOM)
    tree = tree_of(source, language)
    text = _Text(source)
    spans, starts = _spans(tree, language, text)
    kept = _kept(spans, grammar_of(language))
    symbols = tuple(_symbol(each, grammar_of(language), text, starts) for each in kept)
    found = _uses(tree, language, text, spans, kept) if uses else ()
    return Parsed(symbols=symbols, uses=tuple(found), is_broken=tree.root_node.has_error)


def tree_of(source: bytes, language: str) -> Tree:
    """Return the syntax tree of a text.

    Raises:
        InvalidRequest: The language isn't understood.
    """
    from tree_sitter import Parser

    return Parser(loaded(language)).parse(source)


# -- Definitions -----------------------------------------------------------------------------------
def _spans(tree: Tree, language: str, text: _Text) -> tuple[list[Span], dict[int, Node]]:
    """Return definitions and bodies, nested, and what wraps a definition by its last byte."""
    best: dict[int, tuple[int, Span]] = {}
    scopes: dict[tuple[int, int], Span] = {}
    opened: set[tuple[int, int]] = set()
    wrappers: dict[int, Node] = {}
    for pattern, captures in _matches(tree, language):
        opened.update(node.byte_range for node in captures.get("open", ()))
        for node in captures.get("scope", ()):
            scopes[node.byte_range] = Span(kind="scope", start=node.start_byte, end=node.end_byte)
        for node in captures.get("wrapper", ()):
            wrappers.setdefault(node.end_byte, node)
        for span in _matched(captures, text):
            start = span.at.start_byte if span.at is not None else span.start
            if start not in best or pattern < best[start][0]:
                best[start] = pattern, span
    bodies = (span for key, span in scopes.items() if key not in opened)
    return nest([*(span for _, span in best.values()), *bodies]), wrappers


def _matches(tree: Tree, language: str) -> list[tuple[int, dict[str, list[Node]]]]:
    from tree_sitter import QueryCursor

    return QueryCursor(query(language)).matches(tree.root_node)


def _matched(captures: Mapping[str, list[Node]], text: _Text) -> Iterator[Span]:
    """Yield the definitions of one match."""
    kind = next((name for name in captures if name in _CAPTURED_KINDS), "")
    if not kind:
        return
    node = captures[kind][0]
    owner = text.of(captures["owner"][0]) if "owner" in captures else ""
    names = captures.get("name") or _bound(captures.get("targets", ()))
    for at in names:
        inside, name = _split(text.of(at), at.type)
        if name:
            yield Span(
                kind="constant" if kind == "variable" and _CONSTANT.fullmatch(name) else kind,
                start=node.start_byte,
                end=node.end_byte,
                name=name[: limits.SYMBOL_CHARS_MAX],
                owner=inside or owner,
                node=node,
                at=at,
            )


def _split(written: str, kind: str) -> tuple[str, str]:
    """Return the owner that a name names, "" for none, and the name itself."""
    if kind in {"string", "interpreted_string_literal", "system_lib_string", "string_literal"}:
        return "", written.strip("\"'`<>")
    if kind == "qualified_identifier":
        owner, _, name = written.rpartition("::")
        return _ARGUMENTS.sub("", owner), name
    return "", _SPACE.sub(" ", written)


def _bound(nodes: Iterable[Node]) -> Iterator[Node]:
    """Yield the names that patterns bind."""
    queue = list(nodes)
    while queue:
        node = queue.pop()
        inner = node.child_by_field_name(_INNER[node.type]) if node.type in _INNER else None
        if inner is not None:
            queue.append(inner)
        elif node.type in _NAMES:
            yield node
        elif node.type in _PATTERNS:
            queue += node.named_children


def _kept(spans: Iterable[Span], grammar: Grammar) -> list[Span]:
    """Return what is told: nothing local, and a variable once for all its assignments."""
    kept: list[Span] = []
    seen: set[tuple[int, str, bool]] = set()
    for span in spans:
        if span.kind in {"scope", "within"} or span.is_local:
            continue
        if span.kind in PASSING or grammar.merges:
            key = id(holder_of(span)), span.name, span.kind == "import"
            if key in seen:
                continue
            seen.add(key)
        kept.append(span)
    return kept


def _symbol(span: Span, grammar: Grammar, text: _Text, wrappers: Mapping[int, Node]) -> Symbol:
    node, at = span.node, span.at
    assert node is not None  # noqa: S101  for the type checker
    assert at is not None  # noqa: S101  for the type checker
    outer = wrappers.get(span.end, node)
    if outer.start_byte > span.start:
        outer = node
    return Symbol(
        name=span.name,
        qualified_name=qualified(span, grammar.separator)[: limits.SYMBOL_CHARS_MAX * 2],
        kind=span.kind,
        line=at.start_point[0] + 1,
        column=text.column(at) + _owner_chars(at, text),
        start_line=outer.start_point[0] + 1,
        end_line=_last_line(node),
        signature=_signature(node, text),
    )


def _owner_chars(at: Node, text: _Text) -> int:
    """Return the characters of a name's node that stand before the name itself."""
    written = text.of(at)
    name = _split(written, at.type)[1]
    return len(written) - len(name) if at.type == "qualified_identifier" else 0


def _last_line(node: Node) -> int:
    """Return the line of a node's last character; some nodes end with their newline."""
    row, column = node.end_point
    return max(node.start_point[0], row - 1 if column == 0 else row) + 1


def _body_of(node: Node) -> Node | None:
    body = node.child_by_field_name("body")
    value = node.child_by_field_name("value")
    if body is None and value is not None:
        body = value.child_by_field_name("body")
    if body is None and node.named_child_count:
        last = node.named_child(node.named_child_count - 1)
        body = last if last.type == "do_block" else None
    return body


def _signature(node: Node, text: _Text) -> str:
    """Return a definition's head, up to its body."""
    body = _body_of(node)
    longest = limits.SIGNATURE_CHARS_MAX
    end = node.end_byte if body is None else body.start_byte
    raw = text.source[node.start_byte : min(end, node.start_byte + 4 * longest)]
    written = _SPACE.sub(" ", raw.decode("utf-8", "ignore")).strip()
    if body is not None:
        written = _TRAILING.sub("", written)
    return written if len(written) <= longest else written[: longest - 3] + "..."


# -- Uses ------------------------------------------------------------------------------------------
def _uses(
    tree: Tree, language: str, text: _Text, spans: list[Span], kept: list[Span]
) -> Iterator[Use]:
    from tree_sitter import QueryCursor

    captures = QueryCursor(query(language, uses=True)).captures(tree.root_node)
    found = _ranked(captures)
    members = {node.start_byte for node in captures.get("attribute", ())}
    for each in spans:
        if each.at is not None and each.kind != "within":
            start = each.at.end_byte - len(each.name.encode())
            if each.kind != "import" or found.get(start, ("", None))[0] == "name":
                found.pop(start, None)
    _bind(captures.pop("binding", []), spans, text, found)
    index = {id(span): number for number, span in enumerate(kept)}
    ignored = grammar_of(language).words
    sweep = Sweep(spans)
    for start in sorted(found):
        kind, node = found[start]
        around = sweep.at(start)
        name = text.of(node)
        if len(name) > limits.SYMBOL_CHARS_MAX or name in ignored:
            continue
        if start not in members and kind != "keyword" and _is_bound(name, around):
            continue
        yield Use(
            name=name,
            kind=kind,
            line=node.start_point[0] + 1,
            column=text.column(node),
            within=_index_around(around, index),
        )


def _ranked(captures: Mapping[str, list[Node]]) -> dict[int, tuple[str, Node]]:
    """Return each used name by its first byte, with the kind that says most."""
    found: dict[int, tuple[str, Node]] = {}
    for kind in sorted(captures.keys() & _RANKS.keys(), key=_RANKS.__getitem__):
        for node in captures[kind]:
            found[node.start_byte] = kind, node
    return found


def _bind(
    nodes: list[Node], spans: list[Span], text: _Text, found: dict[int, tuple[str, Node]]
) -> None:
    """Note parameters and local variables with the body around them; they are no uses."""
    sweep = Sweep(spans)
    for node in sorted(nodes, key=lambda each: each.start_byte):
        found.pop(node.start_byte, None)
        around = sweep.at(node.start_byte)
        while around is not None and not around.binds:
            around = around.parent
        if around is not None:
            around.bound.add(text.of(node))


def _is_bound(name: str, around: Span | None) -> bool:
    while around is not None:
        if name in around.bound:
            return True
        around = around.parent
    return False


def _index_around(around: Span | None, index: Mapping[int, int]) -> int:
    while around is not None:
        number = index.get(id(around))
        if number is not None and around.kind not in PASSING:
            return number
        around = around.parent
    return -1
