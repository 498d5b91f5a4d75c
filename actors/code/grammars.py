"""The languages whose source is understood: by which file names, by which grammar and queries."""

from __future__ import annotations

import functools
import importlib
import os
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from mimo.actors.code import patterns, patterns_compiled
from mimo.config.errors import InvalidRequest

if TYPE_CHECKING:
    from tree_sitter import Language, Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """One language.

    Args:
        module: The package that holds its grammar, and `maker`, the function that gives it.
        endings: Of file names.
        definitions: Query of what is defined.
        uses: Query of what is used.
        separator: Between the parts of a qualified name.
        merges: Whether several definitions of one name are the clauses of one.
        words: Of the language itself, where its grammar takes them for names.
    """

    module: str
    maker: str = "language"
    endings: tuple[str, ...]
    definitions: str
    uses: str
    separator: str = "."
    merges: bool = False
    words: frozenset[str] = frozenset()


GRAMMARS: Final[dict[str, Grammar]] = {
    "python": Grammar(
        module="tree_sitter_python",
        endings=(".py", ".pyi", ".pyw"),
        definitions=patterns.PYTHON,
        uses=patterns.PYTHON_USES,
    ),
    "javascript": Grammar(
        module="tree_sitter_javascript",
        endings=(".js", ".jsx", ".mjs", ".cjs"),
        definitions=patterns.JAVASCRIPT,
        uses=patterns.JAVASCRIPT_USES,
    ),
    "typescript": Grammar(
        module="tree_sitter_typescript",
        maker="language_typescript",
        endings=(".ts", ".mts", ".cts"),
        definitions=patterns.TYPESCRIPT,
        uses=patterns.TYPESCRIPT_USES,
    ),
    "tsx": Grammar(
        module="tree_sitter_typescript",
        maker="language_tsx",
        endings=(".tsx",),
        definitions=patterns.TYPESCRIPT,
        uses=patterns.TSX_USES,
    ),
    "go": Grammar(
        module="tree_sitter_go",
        endings=(".go",),
        definitions=patterns_compiled.GO,
        uses=patterns_compiled.GO_USES,
    ),
    "rust": Grammar(
        module="tree_sitter_rust",
        endings=(".rs",),
        definitions=patterns_compiled.RUST,
        uses=patterns_compiled.RUST_USES,
        separator="::",
    ),
    "java": Grammar(
        module="tree_sitter_java",
        endings=(".java",),
        definitions=patterns_compiled.JAVA,
        uses=patterns_compiled.JAVA_USES,
    ),
    "c": Grammar(
        module="tree_sitter_c",
        endings=(".c",),
        definitions=patterns_compiled.C,
        uses=patterns_compiled.C_USES,
    ),
    # Headers may be of either; the grammar of C++ reads both.
    "cpp": Grammar(
        module="tree_sitter_cpp",
        endings=(".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx", ".ipp"),
        definitions=patterns_compiled.CPP,
        uses=patterns_compiled.CPP_USES,
        separator="::",
    ),
    "elixir": Grammar(
        module="tree_sitter_elixir",
        endings=(".ex", ".exs"),
        definitions=patterns_compiled.ELIXIR,
        uses=patterns_compiled.ELIXIR_USES,
        merges=True,
        words=patterns_compiled.ELIXIR_WORDS,
    ),
}
_BY_ENDING: Final = {end: name for name, each in GRAMMARS.items() for end in each.endings}


def language_of(path: str | PurePath) -> str:
    """Return the language of a file by its name's ending; "" for one that isn't understood."""
    # Asked about every file of a walk; PurePath takes ten times longer.
    return _BY_ENDING.get(os.path.splitext(path)[1].lower(), "")  # noqa: PTH122


def grammar_of(language: str) -> Grammar:
    """Return a language's grammar.

    Raises:
        InvalidRequest: It isn't understood.
    """
    found = GRAMMARS.get(language)
    if found is None:
        raise InvalidRequest(f"expected a language of {', '.join(GRAMMARS)}, got {language[:40]!r}")
    return found


@functools.cache
def loaded(language: str) -> Language:
    """Return the grammar itself, loaded at its first use.

    Raises:
        InvalidRequest: The language isn't understood.
    """
    from tree_sitter import Language

    grammar = grammar_of(language)
    return Language(getattr(importlib.import_module(grammar.module), grammar.maker)())


@functools.cache
def query(language: str, *, uses: bool = False) -> Query:
    """Return the compiled query of a language's definitions, or of its uses.

    Raises:
        InvalidRequest: The language isn't understood.
    """
    from tree_sitter import Query

    grammar = grammar_of(language)
    return Query(loaded(language), grammar.uses if uses else grammar.definitions)
