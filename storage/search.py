"""Reads for searching: full-text candidates, how common words are, who stands beside whom.

Everything here reads over a raw connection, so that one search sees one state of the database.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

import apsw

from mimo.storage.filters import where
from mimo.storage.records import Filters, Memory
from mimo.storage.rows import SELECT, memories_of
from mimo.storage.text import index_body

Link = apsw.Connection

#: How `memories_fts` cuts text into words; the same as in the migration.
TOKENIZER: Final = ("porter", ("unicode61", "remove_diacritics", "2"))
#: Rows of one word that are counted at most: beyond it a word is common, however common.
COUNTED_MAX = 20_000
#: Most speakers whose names are recognised in a question.
SPEAKERS_MAX = 256


class Card(NamedTuple):
    """What ranking needs to know about a memory besides its text.

    Args:
        id: Its id.
        session: Its project and session; None outside of sessions.
        speaker: Who said it, case-folded; "" if unknown.
        changed_at_s: When it was last changed.
        has_vector: Whether its vector is of the model asked for and of its present text.
    """

    id: int
    session: tuple[str, str] | None
    speaker: str
    changed_at_s: float
    has_vector: bool


class Text(NamedTuple):
    """A memory's text, and all of its text that is indexed: with date, speaker and tags."""

    id: int
    content: str
    body: str


class Beside(NamedTuple):
    """A memory's neighbours in its session, in the order stored; 0 where there is none."""

    id: int
    before: int
    before_that: int
    after: int


def quoted(words: str) -> str:
    """Return `words` as an FTS5 string: a word, or several as a phrase; nothing in it is syntax."""
    return '"' + words.replace('"', '""') + '"'


def keyword(
    link: Link, terms: Sequence[str], filters: Filters, limit: int
) -> list[tuple[int, float]]:
    """Return ids and BM25 scores (higher is better) of memories with any of the terms, best first.

    Args:
        link: An open connection.
        terms: Words and phrases, unquoted; none finds nothing.
        filters: What is considered.
        limit: Most rows.
    """
    if not terms:
        return []
    condition, params = where(filters)
    # By `rank`, FTS5 sorts by itself and only the best are looked up in `memories`.
    rows = link.execute(
        "SELECT f.rowid, f.rank FROM memories_fts f CROSS JOIN memories m ON m.id = f.rowid "  # noqa: S608
        f"WHERE f.memories_fts MATCH ? AND {condition} ORDER BY f.rank LIMIT ?",
        (" OR ".join(quoted(term) for term in terms), *params, limit),
    )
    return [(int(rowid), -float(rank)) for rowid, rank in rows]


def document_count(link: Link, term: str) -> int:
    """Return how many memories have this word or phrase, counted up to `COUNTED_MAX`."""
    row = link.execute(
        "SELECT count(*) FROM (SELECT 1 FROM memories_fts WHERE memories_fts MATCH ? LIMIT ?)",
        (quoted(term), COUNTED_MAX),
    ).fetchone()
    return int(row[0]) if row else 0


def size(link: Link) -> int:
    """Return about how many memories there are: the newest id."""
    row = link.execute("SELECT max(id) FROM memories").fetchone()
    return int(row[0] or 0) if row else 0


def speakers(link: Link) -> list[str]:
    """Return the speakers' names, case-folded; some `SPEAKERS_MAX` of them.

    Each name costs one seek in the index, however many memories it has.
    """
    rows = link.execute(
        """
        WITH RECURSIVE names (name) AS (
            SELECT min(speaker_key) FROM memories WHERE speaker_key <> ''
            UNION ALL
            SELECT (SELECT min(speaker_key) FROM memories
                    WHERE speaker_key <> '' AND speaker_key > name)
            FROM names WHERE name IS NOT NULL
        )
        SELECT name FROM names WHERE name IS NOT NULL LIMIT ?
        """,
        (SPEAKERS_MAX,),
    )
    return [str(name) for (name,) in rows]


def allowed(link: Link, filters: Filters) -> list[int]:
    """Return the ids of all memories that pass the filters, rising."""
    condition, params = where(filters)
    rows = link.execute(f"SELECT m.id FROM memories m WHERE {condition} ORDER BY m.id", params)  # noqa: S608
    return [row[0] for row in rows]


def cards(link: Link, ids: Iterable[int], filters: Filters, model_id: str) -> dict[int, Card]:
    """Return the cards of those of these memories that pass the filters, by id."""
    condition, params = where(filters)
    rows = link.execute(
        "SELECT m.id, m.project, m.session_id, m.speaker_key, m.updated_at, "  # noqa: S608
        "EXISTS (SELECT 1 FROM vectors v WHERE v.memory_id = m.id "
        "AND v.content_hash = m.content_hash AND v.model_id = ?) "
        f"FROM memories m WHERE m.id IN (SELECT value FROM json_each(?)) AND {condition}",
        (model_id, json.dumps(list(ids)), *params),
    )
    return {
        memory_id: Card(
            memory_id, (project, session) if session else None, speaker, changed_at_s, bool(known)
        )
        for memory_id, project, session, speaker, changed_at_s, known in rows
    }


def texts(link: Link, ids: Iterable[int]) -> list[Text]:
    """Return the texts of these memories."""
    rows = link.execute(
        "SELECT m.id, m.content, m.speaker, m.occurred_at, "
        "(SELECT group_concat(t.tag, ' ') FROM memory_tags t WHERE t.memory_id = m.id) "
        "FROM memories m WHERE m.id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(ids)),),
    )
    return [
        Text(
            memory_id,
            content,
            index_body(
                content, speaker=speaker, tags=(tags,) if tags else (), occurred_at_s=occurred_at
            ),
        )
        for memory_id, content, speaker, occurred_at, tags in rows
    ]


_IN_SESSION: Final = (
    "SELECT p.id FROM memories p WHERE p.session_id = m.session_id AND p.project = m.project "
    "AND p.deleted_at IS NULL AND p.id"
)
_BESIDE: Final = (
    f"SELECT m.id, ({_IN_SESSION} < m.id ORDER BY p.id DESC LIMIT 1), "  # noqa: S608
    f"({_IN_SESSION} < m.id ORDER BY p.id DESC LIMIT 1 OFFSET 1), "
    f"({_IN_SESSION} > m.id ORDER BY p.id LIMIT 1) "
    "FROM memories m WHERE m.session_id <> '' AND m.id IN (SELECT value FROM json_each(?))"
)


def beside(link: Link, ids: Iterable[int]) -> dict[int, Beside]:
    """Return the neighbours of these memories, by id; those outside of sessions are left out."""
    rows = link.execute(_BESIDE, (json.dumps(list(ids)),))
    return {row[0]: Beside(row[0], row[1] or 0, row[2] or 0, row[3] or 0) for row in rows}


def around(link: Link, memory_id: int, count: int) -> tuple[list[int], list[int]]:
    """Return the ids of up to `count` neighbours before and after, both in the order stored."""
    found = []
    for relation, order in (("<", "DESC"), (">", "ASC")):
        rows = link.execute(
            "SELECT p.id FROM memories m CROSS JOIN memories p "  # noqa: S608
            "ON p.session_id = m.session_id AND p.project = m.project "
            f"AND p.deleted_at IS NULL AND p.id {relation} m.id "
            f"WHERE m.id = ? AND m.session_id <> '' ORDER BY p.id {order} LIMIT ?",
            (memory_id, count),
        )
        found.append([int(row[0]) for row in rows])
    return found[0][::-1], found[1]


def loaded(link: Link, ids: Iterable[int]) -> dict[int, Memory]:
    """Return those of these memories that exist, by id."""
    rows = link.execute(
        f"{SELECT} WHERE m.id IN (SELECT value FROM json_each(?))",  # noqa: S608
        (json.dumps(list(ids)),),
    ).fetchall()
    return {memory.id: memory for memory in memories_of(link, rows)}


def tokenizer(link: Link) -> Callable[[str], list[str]]:
    """Return the function that cuts text into the words of `memories_fts`: folded and stemmed."""
    cut = link.fts5_tokenizer(TOKENIZER[0], list(TOKENIZER[1]))

    def tokens(text: str) -> list[str]:
        encoded = text.encode("utf-8", "ignore")
        found = cut(
            encoded,
            apsw.FTS5_TOKENIZE_DOCUMENT,
            None,
            include_offsets=False,
            include_colocated=False,
        )
        return [str(token) for token in found]

    return tokens
