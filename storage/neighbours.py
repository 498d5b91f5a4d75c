"""Memories with the same words as a new one: a bounded look into the full-text index.

Each word costs a few rows of the index, the newest ones, so a look costs about as much in a large
store as in a small one. Words that are common by themselves are looked for in pairs, as far back as
a bounded number of rows of the rarer word reaches. What lies further back is left to the second
look by meaning.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import apsw

from mimo.storage import search
from mimo.storage.commands import Neighbour
from mimo.storage.search import quoted
from mimo.storage.text import speaker_key

#: Most words of a new memory that are looked for, and most rows that are read for each.
WORDS_MAX: Final = 8
ROWS_A_WORD: Final = 16
#: The rarest of the common words, which are paired; rows that are read for a pair, and about how
#: many rows of the index are walked for them.
PAIRED_MAX: Final = 3
ROWS_A_PAIR: Final = 8
STEPS_A_PAIR: Final = 500
#: Words that a memory must share to be read, and of how many rows a word is so rare that it is
#: enough alone.
SHARED_MIN: Final = 2
RARE_MAX: Final = 4
#: Memories that are read to be compared, and the characters of each that are.
READ_MAX: Final = 16
COMPARED_MAX: Final = 8
CHARS_MAX: Final = 1_200

_BY_WORD: Final = (
    "SELECT rowid FROM memories_fts WHERE memories_fts MATCH ? AND rowid > ? "
    "ORDER BY rowid DESC LIMIT ?"
)
_READ: Final = """
    SELECT m.id, substr(m.content, 1, ?2) FROM memories m
    WHERE m.id IN (SELECT value FROM json_each(?1)) AND +m.project = ?3
        AND (?4 = '' OR m.speaker_key IN ('', ?4))
        AND m.deleted_at IS NULL AND m.archived_at IS NULL AND m.superseded_by IS NULL
"""


def near(
    link: apsw.Connection, words: Sequence[str], project: str, speaker: str = ""
) -> list[Neighbour]:
    """Return the memories that share most of the rarest of these words, nearest first.

    Args:
        link: The open transaction.
        words: The telling words of the new memory, unquoted.
        project: Only memories of it.
        speaker: Not of other speakers: what two say of themselves is about two; "" for all.
    """
    weights: defaultdict[int, float] = defaultdict(float)
    shared: Counter[int] = Counter()
    newest = search.size(link)
    common: list[tuple[float, str]] = []
    for word in sorted(dict.fromkeys(words), key=len, reverse=True)[:WORDS_MAX]:
        ids = _ids(link, quoted(word), 0, ROWS_A_WORD)
        if len(ids) == ROWS_A_WORD:
            # As dense as its newest rows, all over.
            common.append((ROWS_A_WORD / (newest - ids[-1] + 1), word))
        worth, counts = 1.0 / (4 + len(ids)), 2 if len(ids) <= RARE_MAX else 1
        for one in ids:
            weights[one] += worth
            shared[one] += counts
    for (density, word), (_, other) in itertools.combinations(sorted(common)[:PAIRED_MAX], 2):
        asked = f"{quoted(word)} AND {quoted(other)}"
        after_id = max(newest - int(STEPS_A_PAIR / density), 0)
        for one in _ids(link, asked, after_id, ROWS_A_PAIR):
            weights[one] += 2.0 / (4 + ROWS_A_WORD)
            shared[one] += 2
    close = [one for one, count in shared.items() if count >= SHARED_MIN]
    best = sorted(close, key=lambda one: (-weights[one], -one))[:READ_MAX]
    if not best:
        return []
    rows = link.execute(
        _READ, (json.dumps(best), CHARS_MAX, project, speaker_key(speaker))
    ).fetchall()
    found = {int(str(row[0])): Neighbour(int(str(row[0])), str(row[1])) for row in rows}
    return [found[one] for one in best if one in found][:COMPARED_MAX]


def _ids(link: apsw.Connection, asked: str, after_id: int, limit: int) -> list[int]:
    rows = link.execute(_BY_WORD, (asked, after_id, limit)).fetchall()
    return [int(str(row[0])) for row in rows]


class Embedded(NamedTuple):
    """A live memory with its vector: float16, little-endian."""

    content: str
    project: str
    speaker: str
    vector: bytes


def embedded(link: apsw.Connection, memory_id: int, model_id: str) -> Embedded | None:
    """Return a live memory with its vector of this model; None if there is no such one."""
    rows = link.execute(
        "SELECT substr(m.content, 1, ?), m.project, m.speaker, v.vector FROM memories m "
        "JOIN vectors v ON v.memory_id = m.id AND v.content_hash = m.content_hash "
        "WHERE m.id = ? AND v.model_id = ? "
        "AND m.deleted_at IS NULL AND m.archived_at IS NULL AND m.superseded_by IS NULL",
        (CHARS_MAX, memory_id, model_id),
    ).fetchall()
    if not rows:
        return None
    found: tuple[Any, ...] = rows[0]
    return Embedded(*found)


def unlinked(
    link: apsw.Connection, ids: Sequence[int], memory_id: int, one: Embedded
) -> list[Neighbour]:
    """Return those of these that are live, of its project and speaker, and not told of yet.

    That one is merely similar tells nothing yet.
    """
    rows = link.execute(
        f"{_READ} AND NOT EXISTS (SELECT 1 FROM memory_links l "  # noqa: S608
        "WHERE l.source_id = ?5 AND l.target_id = m.id AND l.note <> 'similar')",
        (json.dumps(list(ids)), CHARS_MAX, one.project, speaker_key(one.speaker), memory_id),
    ).fetchall()
    return [Neighbour(int(str(row[0])), str(row[1])) for row in rows]
