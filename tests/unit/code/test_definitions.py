"""Definitions and uses: against Python's own parser, and by hand in the other languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.code.grammars import GRAMMARS, language_of
from mimo.actors.code.parsing import parse, symbols_of
from mimo.config.errors import InvalidRequest
from tests.support.python_definitions import defined, found_by_mimo
from tests.support.source import LAYERS, ROOT

JAVASCRIPT = """
import fs, { join as glue } from "fs";
export class Store extends Base {
  #size = 0;
  get size() { return this.#size; }
  save = async (row) => glue(row);
}
const LIMIT = 3, { a, b: [c] } = fs;
export const load = function () { const local = 1; function inner() {} return inner(local); };
module.exports.run = () => load();
const table = { open() {}, close: () => 1 };
"""
TYPESCRIPT = """
import type { Row } from "./row";
export interface Shelf<T> { label: string; put(row: T): void }
export enum Kind { Small, Large = 2 }
type Id = string | number;
declare function outside(x: Id): void;
namespace Deep { export const here = 1; }
abstract class Box<T> implements Shelf<T> {
  constructor(private readonly row: Row) { super(); }
  abstract open(): void;
  static of<T>(x: T): Box<T> { return make(x); }
}
"""
GO = """
package shelf
import "fmt"
type Box struct { width int }
type Opener interface { Open() error }
const Max, min = 3, 1
func (b *Box) Open() error { x := fmt.Sprint(b.width); return check(x) }
func Make[T any](t T) *Box { return &Box{width: 1} }
"""
RUST = """
use std::io::{Read, Write as Out};
pub struct Shelf<T> { width: u32 }
pub trait Open { fn open(&self); }
impl<T> Open for Shelf<T> { fn open(&self) { let x = 1; helper(x); } }
mod deep { pub const MAX: u32 = 3; pub fn inner() {} }
enum Kind { Small, Large(u8) }
macro_rules! shout { () => {} }
"""
JAVA = """
package org.shelf;
import java.util.List;
public class Box<T> extends Base implements Opener {
  private int width = 1;
  public Box(int w) { this.width = w; }
  @Override public void open() { int local = 2; helper.run(local); }
  enum Kind { SMALL, LARGE }
  interface Lid { void shut(); }
}
record Point(int x, int y) {}
"""
C = """
#include <stdio.h>
#define MAX 3
#define SQUARE(x) ((x) * (x))
typedef struct { int width; } box_t;
struct shelf { char *label; };
enum kind { SMALL, LARGE };
static int count = 0;
int *make(int n) { int local = n; return helper(local); }
int declared(void);
"""
CPP = """
namespace deep {
template <typename T> class Box : public Base {
 public:
  Box(int w);
  ~Box();
  int open() const { return helper(width_); }
  bool operator==(const Box& o) const;
 private:
  int width_;
};
}
int deep::Box<int>::shut() { return 1; }
using Id = long;
"""
ELIXIR = """
defmodule Shelf.Box do
  alias Shelf.Lid
  @max 3
  @type t :: map()
  def open(x) when x > 0, do: helper(x)
  def open(_), do: :error
  defp helper(x), do: Lid.shut(x)
  defmacro shout(x), do: x
end
"""

#: (source, what it defines as "kind qualified_name").
KNOWN: dict[str, tuple[str, set[str]]] = {
    "javascript": (
        JAVASCRIPT,
        {
            *("import fs", "import glue", "class Store", "variable Store.#size"),
            *("method Store.size", "method Store.save", "constant LIMIT", "constant a"),
            *("constant c", "function load", "function load.inner", "function run"),
            *("constant table", "method table.open", "method table.close"),
        },
    ),
    "typescript": (
        TYPESCRIPT,
        {
            *("import Row", "interface Shelf", "variable Shelf.label", "method Shelf.put"),
            *("enum Kind", "constant Kind.Small", "constant Kind.Large", "type Id"),
            *("function outside", "module Deep", "constant Deep.here", "class Box"),
            *("method Box.constructor", "method Box.open", "method Box.of"),
        },
    ),
    "go": (
        GO,
        {
            *("module shelf", "import fmt", "class Box", "variable Box.width"),
            *("interface Opener", "method Opener.Open", "constant Max", "constant min"),
            *("method Box.Open", "function Make"),
        },
    ),
    "rust": (
        RUST,
        {
            *("import Read", "import Out", "class Shelf", "variable Shelf::width"),
            *("interface Open", "method Open::open", "method Shelf::open", "module deep"),
            *("constant deep::MAX", "function deep::inner", "enum Kind", "constant Kind::Small"),
            *("constant Kind::Large", "function shout"),
        },
    ),
    "java": (
        JAVA,
        {
            *("module org.shelf", "import List", "class Box", "variable Box.width"),
            *("method Box.Box", "method Box.open", "enum Box.Kind", "constant Box.Kind.SMALL"),
            *("constant Box.Kind.LARGE", "interface Box.Lid", "method Box.Lid.shut"),
            "class Point",
        },
    ),
    "c": (
        C,
        {
            *("import stdio.h", "constant MAX", "function SQUARE", "class box_t"),
            *("variable box_t.width", "class shelf", "variable shelf.label", "enum kind"),
            *("constant kind.SMALL", "constant kind.LARGE", "variable count", "function make"),
            "function declared",
        },
    ),
    "cpp": (
        CPP,
        {
            *("module deep", "class deep::Box", "method deep::Box::Box", "method deep::Box::~Box"),
            *("method deep::Box::open", "method deep::Box::operator==", "type Id"),
            *("variable deep::Box::width_", "method deep::Box::shut"),
        },
    ),
    "elixir": (
        ELIXIR,
        {
            *("module Shelf.Box", "import Shelf.Lid", "constant Shelf.Box.max"),
            *("type Shelf.Box.t", "function Shelf.Box.open", "function Shelf.Box.helper"),
            "function Shelf.Box.shout",
        },
    ),
}


def test_definitions_are_those_that_pythons_own_parser_finds() -> None:
    """All of Mimo's own source, exactly. Larger projects: `python -m tests.load code`."""
    count = 0
    for path in (path for layer in LAYERS for path in (ROOT / layer).rglob("*.py")):
        source = path.read_bytes()
        expected = defined(source)
        assert found_by_mimo(source) == expected, path
        count += len(expected)
    assert count > 10_000


@pytest.mark.parametrize("language", KNOWN)
def test_what_a_text_defines_is_found_in_every_language(language: str) -> None:
    source, expected = KNOWN[language]

    found = symbols_of(source.encode(), language)

    assert {f"{each.kind} {each.qualified_name}" for each in found} == expected
    lines = source.split("\n")
    for each in found:
        written = lines[each.line - 1][each.column - 1 :].lstrip("'\"<")
        assert written.startswith(each.name), each
        assert 1 <= each.start_line <= each.line <= each.end_line <= len(lines)


@pytest.mark.parametrize("language", KNOWN)
def test_calls_stand_in_what_makes_them(language: str) -> None:
    source, _ = KNOWN[language]
    expected = {
        "javascript": ("inner", "load"),
        "typescript": ("make", "Box.of"),
        "go": ("check", "Box.Open"),
        "rust": ("helper", "Shelf::open"),
        "java": ("run", "Box.open"),
        "c": ("helper", "make"),
        "cpp": ("helper", "deep::Box::open"),
        "elixir": ("shut", "Shelf.Box.helper"),
    }[language]

    parsed = parse(source.encode(), language)

    calls = {
        (use.name, parsed.symbols[use.within].qualified_name)
        for use in parsed.uses
        if use.kind == "call" and use.within >= 0
    }
    assert expected in calls
    assert not parsed.is_broken


def test_a_parameter_is_no_use_of_what_is_called_so_outside() -> None:
    source = b"""
def save(row): return row
def keep(save, other): return save(other)
def call(row):
    save(row)
    self.save(row, save=save)
"""
    uses = [use for use in parse(source, "python").uses if use.name == "save"]

    assert [(use.line, use.kind) for use in uses] == [
        *((5, "call"), (6, "call"), (6, "keyword"), (6, "name")),
    ]


def test_what_a_broken_file_still_shows_is_told() -> None:
    parsed = parse(b"def good(): pass\n\ndef broken(:\n\nclass Fine:\n    x = 1\n", "python")

    assert parsed.is_broken
    assert "good" in {each.name for each in parsed.symbols}


def test_columns_are_counted_in_characters() -> None:
    (symbol,) = symbols_of("größe, ß = 1, 2\n".encode(), "python")[1:]

    assert (symbol.name, symbol.column) == ("ß", 8)


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="expected a language of python"):
        symbols_of(b"", "cobol")
    assert language_of("a/b.COB") == ""
    assert language_of("a/B.PY") == "python"


@given(st.sampled_from(sorted(GRAMMARS)), st.binary(max_size=300))
def test_no_bytes_bring_the_parser_down(language: str, source: bytes) -> None:
    parsed = parse(source, language)

    assert all(-1 <= use.within < len(parsed.symbols) for use in parsed.uses)


@given(st.sampled_from(sorted(KNOWN)), st.data(), st.text("(){}[];:=\"'`\n\\/ \t<>#@", max_size=12))
def test_no_damage_brings_the_parser_down(language: str, data: st.DataObject, junk: str) -> None:
    source = KNOWN[language][0]
    at = data.draw(st.integers(0, len(source)))

    parsed = parse((source[:at] + junk + source[at + len(junk) :]).encode(), language)

    assert all(each.start_line <= each.end_line for each in parsed.symbols)
