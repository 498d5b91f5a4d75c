"""What is derived from a memory's words: its hash, its index entry, the text that is embedded."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Spelt out, since strftime would follow the process's locale.
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def normalised(text: str) -> str:
    """Return `text` in NFC with each run of white space as one space."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def speaker_key(speaker: str) -> str:
    """Return the form in which speakers are compared: NFC, case-folded, white space joined."""
    return normalised(speaker).casefold()


def content_hash(content: str, speaker: str) -> str:
    """Return the SHA-256 of who said what, as 64 hex characters.

    Equal for texts that differ only in white space or Unicode composition, and for a speaker's name
    in another case. A vector is valid while its memory's hash is the one it was made from.
    """
    said = f"{speaker_key(speaker)}\x1f{normalised(content)}"
    return hashlib.sha256(said.encode()).hexdigest()


def embedding_text(content: str, speaker: str) -> str:
    """Return what the embedder sees: "speaker: content"."""
    return f"{speaker}: {content}" if speaker else content


def date_words(at_s: float) -> str:
    """Return the day as it is searched for, such as "8 May 2023"; "" outside years 1 to 9999."""
    try:
        day = _EPOCH + timedelta(seconds=at_s)
    except OverflowError:
        return ""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def index_body(content: str, *, speaker: str, tags: Iterable[str], occurred_at_s: float) -> str:
    """Return the text of the full-text index entry: date, speaker, tags, content."""
    parts = (date_words(occurred_at_s), speaker, " ".join(tags), content)
    return "\n".join(part for part in parts if part)
