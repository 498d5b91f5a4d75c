"""Bytes as text: which encoding it is, and what isn't text at all."""

from __future__ import annotations

import codecs
from typing import NamedTuple

from mimo.config.errors import InvalidRequest

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: Bytes at the beginning that tell text from binary.
_LOOKED_AT = 8_192
#: More control characters than this part of the beginning make it binary.
_CONTROLS_MAX = 0.02
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r\f\x1b\x08") + b"\x7f"


class Decoded(NamedTuple):
    """A text, and the encoding that it was in."""

    text: str
    encoding: str


def decoded(raw: bytes) -> Decoded:
    """Return bytes as text whose lines end with a newline alone.

    A byte-order mark decides; else it is UTF-8 if it can be, and Latin-1 otherwise, in which every
    byte is a character: the caller reports that.

    Raises:
        InvalidRequest: It is binary, or its mark lies.
    """
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return _marked(raw, encoding, len(mark))
    if is_binary(raw):
        raise InvalidRequest("expected text, got binary data; convert it to text first")
    try:
        return Decoded(_lines(raw.decode("utf-8")), "utf-8")
    except UnicodeDecodeError:
        return Decoded(_lines(raw.decode("latin-1")), "latin-1")


def is_binary(raw: bytes) -> bool:
    """Tell whether the beginning looks like anything but text without a byte-order mark."""
    start = raw[:_LOOKED_AT]
    if b"\0" in start:
        return True
    return len(start) - len(start.translate(None, _CONTROLS)) > len(start) * _CONTROLS_MAX


def _marked(raw: bytes, encoding: str, mark: int) -> Decoded:
    try:
        # utf-16 and utf-32 read their mark themselves: it tells the order of bytes.
        text = raw[mark:].decode() if encoding == "utf-8" else raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise InvalidRequest(
            f"expected {encoding} after its byte-order mark, got other bytes at {error.start};"
            " save the text as UTF-8"
        ) from None
    return Decoded(_lines(text), encoding)


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
