"""Text into chunks: nothing lost, nothing too long, cuts that stay where they are."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.ingest import prose
from mimo.actors.ingest.chunks import divided, divided_lines, packed, sentences, with_overlap
from mimo.actors.ingest.code import block_pieces, code, python_pieces
from mimo.actors.ingest.formats import read
from mimo.actors.ingest.markdown import markdown
from mimo.config import limits
from tests.support.source import modules

TEXTS = st.text(alphabet="ab .!?\n#`-", max_size=3_000)


def _letters(text: str) -> str:
    return re.sub(r"[^ab]", "", text)


@given(pieces=st.lists(st.text(min_size=1, max_size=50)), chars_max=st.integers(50, 200))
def test_packing_loses_nothing_and_keeps_the_limit(pieces: list[str], chars_max: int) -> None:
    """Whatever is cut, all of it is in some chunk. Source: ours."""
    groups = list(packed(pieces, chars_max))

    assert [piece for group in groups for piece in group] == pieces
    assert all(len("\n\n".join(group)) <= chars_max for group in groups)


@given(text=TEXTS, chars_max=st.integers(10, 400))
def test_dividing_loses_no_letter_and_keeps_the_limit(text: str, chars_max: int) -> None:
    """Between sentences, words, or anywhere. Source: ours."""
    for divide in (divided, divided_lines):
        pieces = divide(text, chars_max)

        assert all(len(piece) <= chars_max for piece in pieces)
        assert _letters("".join(pieces)) == _letters(text)


@given(text=TEXTS)
def test_markdown_loses_no_letter_of_the_text(text: str) -> None:
    """But that of headings without text below them, which stand in no chunk. Source: ours."""
    bare = re.sub("[#`-]", " ", text)

    chunks = list(markdown(bare))

    assert _letters("".join(chunk.text for chunk in chunks)) == _letters(bare)
    assert all(len(chunk.text) <= limits.CHUNK_CHARS_MAX for chunk in chunks)


@given(text=TEXTS)
def test_no_strategy_makes_a_chunk_that_is_empty_or_too_long(text: str) -> None:
    """Any text can be cut in any way. Source: ours."""
    for strategy in ("markdown", "paragraphs", "sentences", "lines", "code"):
        for chunk in read(text.encode(), "a.txt", strategy).chunks:
            assert chunk.text.strip()
            assert len(chunk.text) <= limits.CHUNK_CODE_CHARS_MAX


def test_an_edit_changes_few_chunks_of_a_long_text() -> None:
    """Cuts depend on the text, not on a count from the beginning. Source: ours."""
    paragraphs = [
        f"Paragraph {number} says that {number * 37} is a number." for number in range(400)
    ]
    before = [chunk.text for chunk in prose.paragraphs("\n\n".join(paragraphs))]
    paragraphs.insert(3, "A new paragraph that was not there before, near the beginning.")
    after = [chunk.text for chunk in prose.paragraphs("\n\n".join(paragraphs))]

    assert len(before) > 20
    assert len(set(after) - set(before)) <= 5


def test_a_chunk_of_prose_begins_with_the_end_of_the_one_before() -> None:
    """So a sentence is found with what it refers to. Source: issue 3, ingest."""
    texts = list(with_overlap(["One is here. Two is there.", "Three."]))

    assert texts == ["One is here. Two is there.", "Two is there. Three."]


def test_sentences_end_where_people_end_them() -> None:
    """Also behind quotes and in other scripts. Source: ours."""
    assert sentences('He left. "Why?" she asked. No one knew!') == [
        "He left.",
        '"Why?"',
        "she asked.",
        "No one knew!",
    ]
    assert sentences("猫がいる。犬もいる。") == ["猫がいる。", "犬もいる。"]


def test_markdown_is_cut_by_sections_with_their_path() -> None:
    """Fences hide headings, setext counts, front matter goes, a sibling replaces. Source: ours."""
    text = (
        "---\ntitle: x\n---\nTop\n===\n\nintro\n\n### Deep\n\nd\n\n### Deep two\n\ne\n\n"
        "## Next ##\n\n```sh\n# no heading\n\nstill code\n```\n\nafter\n"
    )

    found = [chunk.text for chunk in markdown(text, "file.md")]

    assert found == [
        "Top\n\nintro",
        "Top > Deep\n\nd",
        "Top > Deep two\n\ne",
        "Top > Next\n\n```sh\n# no heading\n\nstill code\n```\n\nafter",
    ]


def test_a_text_without_headings_is_named_by_its_file() -> None:
    """The path is never empty. Source: ours."""
    assert [chunk.text for chunk in markdown("just text", "notes.md")] == ["notes.md\n\njust text"]


def test_python_is_cut_by_its_symbols() -> None:
    """Functions with decorators, a long class by methods, the rest together. Source: issue 3."""
    body = "\n".join(
        f"        x = {number} * 1000  # some long line of code" for number in range(30)
    )
    source = (
        '"""Doc."""\nimport os\n\n\n@cache\ndef first(a):\n    return a\n\n\n'
        f"class Big:\n    field = 1\n\n    def one(self):\n{body}\n\n    def two(self):\n{body}\n"
    )

    found = list(code(source, "m.py", "python"))

    symbols = [chunk.metadata.get("symbol", "") for chunk in found]
    assert symbols == ["", "first", "Big", "Big.one", "Big.two"]
    assert found[1].text.startswith("m.py: first\n@cache\ndef first")
    assert {chunk.metadata["cut"] for chunk in found} == {"symbols"}


def test_no_line_of_this_project_is_lost() -> None:
    """Every module of Mimo, by symbols and by blocks. Source: ours."""
    for module in modules()[:60]:
        wanted = [line.strip() for line in module.text.split("\n") if line.strip()]
        for pieces in (python_pieces(module.text), block_pieces(module.text)):
            assert pieces is not None
            lines = "\n".join(piece.text for piece in pieces).split("\n")
            assert [line.strip() for line in lines if line.strip()] == wanted


def test_other_languages_are_cut_by_blocks_and_say_so() -> None:
    """A guess is named as one. Source: issue 3, ingest."""
    source = (
        'package main\n\nimport (\n\t"fmt"\n\n\t"os"\n)\n\n// Add adds.\nfunc Add(a int) int {\n'
        "\tif a {\n\n\t\treturn 1\n\t}\n\treturn a\n}\n\n"
        'func (t *T) Name() string {\n\treturn "{"\n}\n'
    )

    found = list(code(source, "m.go", "go"))

    assert [chunk.metadata.get("symbol", "") for chunk in found] == ["", "Add", "Name"]
    assert {chunk.metadata["cut"] for chunk in found} == {"blocks"}


def test_python_that_does_not_parse_is_cut_by_blocks() -> None:
    """Another version's syntax is no reason to refuse it. Source: ours."""
    found = list(code("def broken(:\n  pass\n\nprint 'x'\n", "m.py", "python"))

    assert {chunk.metadata["cut"] for chunk in found} == {"blocks"}
