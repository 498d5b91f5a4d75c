"""What source holds: definitions, uses, and a file's of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: What a symbol may be.
KINDS: Final = (
    *("function", "method", "class", "interface", "enum", "type", "module"),
    *("variable", "constant", "import"),
)
#: How a name may be used; what stands later says more.
USES: Final = ("name", "attribute", "keyword", "type", "import", "call")


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """A definition.

    Args:
        name: As it is written.
        qualified_name: With what it stands in, such as `Cache.get`.
        kind: One of `KINDS`.
        line: Where the name stands; lines and columns count from 1.
        column: In characters.
        start_line: First line of the whole definition, with its decorators.
        end_line: Its last line.
        signature: Its head on one line, without its body.
    """

    name: str
    qualified_name: str
    kind: str
    line: int
    column: int
    start_line: int
    end_line: int
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A name that is used, not defined.

    Args:
        name: The name.
        kind: One of `USES`.
        line: From 1.
        column: From 1, in characters.
        within: Index of the innermost definition around it in the file's symbols; -1 for the file.
    """

    name: str
    kind: str
    line: int
    column: int
    within: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What one file holds.

    Args:
        symbols: In the order of the text.
        uses: Likewise; empty when they weren't asked for.
        is_broken: Whether some of the text doesn't fit the language's grammar.
    """

    symbols: tuple[Symbol, ...]
    uses: tuple[Use, ...]
    is_broken: bool
