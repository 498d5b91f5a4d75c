"""A memory as a Markdown note that people and basic-memory can read, and back.

The front matter is YAML whose values are written as JSON; the body is the memory's text, letter by
letter. Relations to other notes stand after it as basic-memory writes them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import yaml

from mimo.actors.ingest.exchange_formats import uid_of
from mimo.config import limits
from mimo.config.errors import InvalidRequest

Record = dict[str, Any]

#: What stands between the text and its relations.
RELATIONS: Final = "\n\n## Relations\n"
_FRONT: Final = re.compile(r"---\n(?P<front>.*?)\n---\n(?P<body>.*)", re.DOTALL)
_TITLE_CHARS: Final = 60


def title_of(record: Mapping[str, Any]) -> str:
    """Return the first words of a memory, as a note's title."""
    line = next(iter(str(record["content"]).strip().splitlines()), "")
    line = re.sub(r"[^\w\s.,'-]", "", line).strip()
    return line[:_TITLE_CHARS].rsplit(" ", 1)[0] if len(line) > _TITLE_CHARS else line or "memory"


def name_of(record: Mapping[str, Any]) -> str:
    """Return the file name of a note without its folder: when, what, and which."""
    at = datetime.fromtimestamp(record["occurred_at"], UTC).date()
    words = re.sub(r"[^a-z0-9]+", "-", title_of(record).lower()).strip("-")[:40].strip("-")
    return f"{at}-{words or 'memory'}-{record['uid'][-8:]}.md"


def note_of(record: Mapping[str, Any], relations: Iterable[tuple[str, str]] = ()) -> str:
    """Return the note of a memory's record.

    Args:
        record: As `storage.exchange.page` gives it.
        relations: (kind, title of the other note) each.
    """
    tail = "".join(f"- {kind} [[{title}]]\n" for kind, title in relations)
    front = {
        "title": title_of(record),
        "type": record["category"],
        "permalink": f"{record['project'] or 'default'}/{name_of(record)[:-3]}",
        **{name: value for name, value in record.items() if name not in ("content", "type")},
        "has_relations": bool(tail),
    }
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in front.items()]
    head = "\n".join(["---", *lines, "---", ""])
    return f"{head}{record['content']}{RELATIONS + tail if tail else ''}\n"


def record_of(text: str, path: str, modified_s: float) -> Record:
    """Return the record of a note; of one that isn't ours, what it says of itself.

    Args:
        text: The whole note.
        path: Where it is from, relative to the folder that is imported.
        modified_s: When the file was last changed, wall seconds UTC.

    Raises:
        InvalidRequest: Its front matter can't be read, or it has no text.
    """
    found = _FRONT.fullmatch(text)
    front, body = (_front(found["front"], path), found["body"]) if found else ({}, text)
    body = body.removesuffix("\n")
    if "uid" in front and "occurred_at" in front:
        content = body.rpartition(RELATIONS)[0] if front.get("has_relations") else body
        own = {"title", "permalink", "type", "has_relations"}
        fields = {name: value for name, value in front.items() if name not in own}
        return {"type": "memory", **fields, "content": content}
    if not body.strip():
        raise InvalidRequest(f"expected text in {path}, got none")
    tags = front.get("tags") or []
    tags = tags if isinstance(tags, list) else str(tags).split(",")
    return {
        "type": "memory",
        "uid": uid_of("note", path),
        "content": body.strip(),
        "source": path[-limits.NAME_CHARS_MAX :],
        "trust": "file",
        "tags": sorted({"-".join(str(tag).lower().split()) for tag in tags} - {""}),
        "occurred_at": modified_s,
        "metadata": {"title": str(front["title"])[:300]} if front.get("title") else {},
    }


def _front(text: str, path: str) -> dict[str, Any]:
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        line = str(error).splitlines()[0]
        raise InvalidRequest(f"expected YAML front matter in {path}, got: {line}") from None
    return found if isinstance(found, dict) else {}
