"""Tokens as BERT's uncased models learnt them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.memory.wordpiece import TOKENS_MAX, VOCABULARY, WordPiece

WORDS = WordPiece()
TOKENS = VOCABULARY.read_text(encoding="utf-8").splitlines()


def pieces(text: str) -> list[str]:
    """Return the tokens of `text` without the two special ones."""
    return [TOKENS[token] for token in WORDS.encode(text)[1:-1]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, world!", "hello , world !"),
        ("unaffable", "una ##ffa ##ble"),
        ("Héllo Ünïcode", "hello unicode"),
        ("ab_cd-ef", "ab _ cd - e ##f"),
        ("snake_case$100", "snake _ case $ 100"),
        ("東京b", "東 京 b"),
        ("tab\tnew\nline", "tab new line"),
        ("zero\u200bwidth \u0000 nul", "zero ##wi ##dt ##h nu ##l"),
        ("", ""),
    ],
)
def test_text_is_cut_as_the_reference_cuts_it(text: str, expected: str) -> None:
    """Expected tokens are those of the `tokenizers` package's BertWordPieceTokenizer."""
    assert expected.split() == pieces(text)


def test_a_word_too_long_is_unknown_and_a_long_text_is_cut() -> None:
    """google-research/bert: max_input_chars_per_word; the model reads 256 tokens."""
    assert pieces("x" * 101) == ["[UNK]"]
    tokens = WORDS.encode("word " * 10_000)
    assert (len(tokens), TOKENS[tokens[-1]]) == (TOKENS_MAX, "[SEP]")


@given(st.text(st.characters(codec=None), max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    """Ours: surrogates, controls and unassigned characters give known tokens or none."""
    tokens = WORDS.encode(text)

    assert 2 <= len(tokens) <= TOKENS_MAX
    assert all(0 <= token < len(TOKENS) for token in tokens)
