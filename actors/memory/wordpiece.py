"""WordPiece as BERT's uncased models learnt it, in plain Python.

The vocabulary beside this module (`vocab.txt`) is the one of google-research/bert, copyright 2018
The Google AI Language Team Authors, Apache License 2.0; see `vocab.NOTICE.txt`.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Final

VOCABULARY: Final = Path(__file__).with_name("vocab.txt")
#: Most tokens of one text, the two special ones included.
TOKENS_MAX = 256
#: A longer word is unknown as a whole.
WORD_CHARS_MAX = 100
#: Characters whose treatment is remembered; more than any one language needs.
_CHARACTERS_KEPT_MAX = 8_192

_CJK: Final = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)
#: Control, format, private and surrogate characters, and the accents that NFD has split off.
_DROPPED: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Mn"})
_WORDS: Final = re.compile(r"[^ ]+")


class _Cleaner(dict[int, str]):
    """A `str.translate` table that works out each character when it is first met."""

    def __missing__(self, code: int) -> str:
        if len(self) >= _CHARACTERS_KEPT_MAX:
            self.clear()
        self[code] = replacement = _clean(chr(code))
        return replacement


def _clean(character: str) -> str:
    """Return what stands for one character: nothing, a space, or itself, perhaps set apart."""
    if character in "\t\n\r":
        return " "
    category = unicodedata.category(character)
    if category in _DROPPED or character == "\ufffd":
        return ""
    if category[0] == "Z":
        return " "
    is_punctuation = category[0] == "P" or (character.isascii() and not character.isalnum())
    if is_punctuation or any(low <= ord(character) <= high for low, high in _CJK):
        return f" {character} "
    return character.lower()


class WordPiece:
    """Turn text into the token ids that a BERT uncased model expects.

    Args:
        vocabulary: One token a line; the line's number is the token's id.
    """

    def __init__(self, vocabulary: Path = VOCABULARY) -> None:
        tokens = vocabulary.read_text(encoding="utf-8").splitlines()
        self._ids = {token: number for number, token in enumerate(tokens)}
        self._unknown, self._first, self._last = (
            self._ids[token] for token in ("[UNK]", "[CLS]", "[SEP]")
        )
        self._cleaner = _Cleaner()

    def encode(self, text: str, tokens_max: int = TOKENS_MAX) -> list[int]:
        """Return the ids of `text`, special tokens included; the end of a long text is cut off.

        Args:
            text: Anything; lone surrogates and control characters are dropped.
            tokens_max: 3 to `TOKENS_MAX`.

        Source: google-research/bert tokenization.py, FullTokenizer with do_lower_case.
        """
        cleaned = unicodedata.normalize("NFD", text).translate(self._cleaner)
        ids = [self._first]
        for word in _WORDS.finditer(cleaned):
            ids += self._pieces(word.group())
            if len(ids) >= tokens_max:
                break
        return [*ids[: tokens_max - 1], self._last]

    def _pieces(self, word: str) -> list[int]:
        """Return the longest pieces that make up `word`, or the unknown token."""
        whole = self._ids.get(word)
        if whole is not None:
            return [whole]
        if len(word) > WORD_CHARS_MAX:
            return [self._unknown]
        pieces: list[int] = []
        start = 0
        while start < len(word):
            prefix = "##" if start else ""
            for end in range(len(word), start, -1):
                piece = self._ids.get(prefix + word[start:end])
                if piece is not None:
                    pieces.append(piece)
                    break
            else:
                return [self._unknown]
            start = end
        return pieces
