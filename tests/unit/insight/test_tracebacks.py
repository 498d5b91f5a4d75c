"""What error messages say, in the forms of six languages, and of none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.insight.tracebacks import NAMES_MAX, PLACES_MAX, Spot, told

PYTHON = """Traceback (most recent call last):
  File "/srv/first.py", line 1, in <module>
    begin()
ValueError: the first one

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/srv/app.py", line 12, in <module>
    main()
  File "/srv/lib/store.py", line 40, in Store.load
    return self.rows[key]
           ~~~~~~~~~^^^^^
KeyError: 'user_id'
"""
NODE = """Uncaught TypeError: rows.map is not a function
    at Store.load (/srv/app/store.js:10:15)
    at async Promise.all (index 0)
    at Object.<anonymous> (file:///srv/app/main.js:3:1)
"""
RUST = """thread 'main' panicked at src/main.rs:4:13:
index out of bounds: the len is 3 but the index is 7
stack backtrace:
   0: rust_begin_unwind
             at /rustc/abc/library/std/src/panicking.rs:645:5
   1: app::store::load
             at ./src/store.rs:12:9
"""
GO = """panic: runtime error: index out of range [5] with length 3

goroutine 1 [running]:
main.(*Store).Load(0xc000012345, 0x5)
\t/srv/app/store.go:22 +0x1d
main.main()
\t/srv/app/main.go:8 +0x2b
exit status 2
"""
JAVA = """Exception in thread "main" java.lang.RuntimeException: failed
\tat com.acme.App.main(App.java:10)
Caused by: java.io.IOException: no such file
\tat java.base/java.io.FileInputStream.open0(FileInputStream.java:216)
\tat com.acme.Store.load(Store.java:33)
\t... 1 more
"""
ELIXIR = """** (KeyError) key :name not found in: %{id: 1}
    (app 0.1.0) lib/app/store.ex:12: App.Store.load/1
    lib/app/main.ex:3: App.Main.run/0
"""


@pytest.mark.parametrize(
    ("text", "language", "kind", "message", "first"),
    [
        (PYTHON, "python", "KeyError", "'user_id'", Spot("/srv/lib/store.py", 40, "Store.load")),
        (
            NODE,
            "javascript",
            "TypeError",
            "rows.map is not a function",
            Spot("/srv/app/store.js", 10, "Store.load"),
        ),
        (
            RUST,
            "rust",
            "panic",
            "index out of bounds: the len is 3 but the index is 7",
            Spot("src/main.rs", 4, ""),
        ),
        (
            GO,
            "go",
            "panic",
            "runtime error: index out of range [5] with length 3",
            Spot("/srv/app/store.go", 22, "Store.Load"),
        ),
        (
            JAVA,
            "java",
            "java.io.IOException",
            "no such file",
            Spot("FileInputStream.java", 216, "FileInputStream.open0"),
        ),
        (
            ELIXIR,
            "elixir",
            "KeyError",
            "key :name not found in: %{id: 1}",
            Spot("lib/app/store.ex", 12, "Store.load"),
        ),
    ],
    ids=["python", "javascript", "rust", "go", "java", "elixir"],
)
def test_a_traceback_tells_kind_message_and_the_innermost_place(
    text: str, language: str, kind: str, message: str, first: Spot
) -> None:
    found = told(text)

    assert (found.language, found.kind, found.message) == (language, kind, message)
    assert found.spots[0] == first


@pytest.mark.parametrize(
    ("text", "kind", "place"),
    [
        ("error[E0425]: cannot find value `foo` in this scope\n --> src/a.rs:2:5", "E0425", 2),
        ("src/a.ts(3,5): error TS2304: Cannot find name 'foo'.", "TS2304", 3),
        ("src/a.ts:4:5 - error TS2304: Cannot find name 'foo'.", "TS2304", 4),
        ("./main.go:5:2: undefined: foo", "", 5),
        ("a.c:6:5: error: unknown type name 'foo'", "error", 6),
        ("thread 'main' panicked at 'no `foo`', src/a.rs:7:1", "panic", 7),
    ],
)
def test_what_a_compiler_says_names_the_place_and_the_symbol(
    text: str, kind: str, place: int
) -> None:
    found = told(text)

    assert (found.kind, found.spots[0].line, found.names[0]) == (kind, place, "foo")


def test_a_bare_line_is_a_message_without_places() -> None:
    assert told("KeyError: 'user_id'").names == ("user_id",)
    assert told("make: *** [all] Error 2").message == "make: *** [all] Error 2"
    assert told("").spots == ()


@given(st.text(max_size=2_000))
def test_any_text_is_read_within_bounds(text: str) -> None:
    found = told(text)

    assert len(found.spots) <= PLACES_MAX
    assert len(found.names) <= NAMES_MAX
    assert all(each.line >= 0 for each in found.spots)


@given(st.lists(st.sampled_from([*"\n (:)/.'\"at", "File ", "panic", "0x1", "main", "::"])))
def test_broken_forms_are_read_too(parts: list[str]) -> None:
    assert told("".join(parts)) == told("".join(parts))
