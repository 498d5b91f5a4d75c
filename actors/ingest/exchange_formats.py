"""Memories of other makers as records of `storage.exchange`: told apart by their shape.

A record's uid is made of where it is from, so that importing the same file again changes nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any, Final

from mimo.actors.ingest.chats import conversations, moment_of
from mimo.actors.ingest.chunks import divided
from mimo.actors.memory.building import record_without_secrets
from mimo.config import limits
from mimo.config.errors import InvalidRequest
from mimo.storage.schema import CATEGORIES

Record = dict[str, Any]

#: Names of the forms that are understood.
FORMS: Final = ("mimo", "server-memory", "mcp-memory-service", "mem0", "chat")
#: What other makers call their kinds of memory.
_CATEGORIES: Final = {
    "note": "fact",
    "decision": "action",
    "task": "plan",
    "conversation": "episode",
    "event": "episode",
    "user_preference": "preference",
}


def records_of(text: str, name: str) -> tuple[str, list[Record]]:
    """Return the form of an export and its records.

    Args:
        text: The whole file.
        name: The file's name; its stem stands in the source.

    Raises:
        InvalidRequest: No known form; which ones are is said.
    """
    given = _parsed(text)
    if isinstance(given, dict) and given.get("type") == "memory":
        # JSON Lines of one line.
        given = [given]
    source = PurePath(name).stem[:64]
    if _is_mimo(given):
        return "mimo", [record_without_secrets(record) for record in given]
    readers = (
        ("server-memory", _server_memory),
        ("mcp-memory-service", _memory_service),
        ("mem0", _mem0),
        ("chat", _chat),
    )
    for form, read in readers:
        found = [record_without_secrets(record) for record in read(given, source)]
        if found:
            return form, found
    raise InvalidRequest(
        f"expected an export of {', '.join(FORMS)} (ChatGPT's or Claude's conversations.json), "
        f"got another form in {PurePath(name).name!r}"
    )


def _parsed(text: str) -> Any:
    text = text.removeprefix("\ufeff")
    try:
        return json.loads(text)
    except ValueError:
        pass
    lines = [line for line in text.splitlines() if line.strip()]
    try:
        return [json.loads(line) for line in lines]
    except ValueError as error:
        raise InvalidRequest(f"expected JSON or JSON Lines, got neither ({error})") from None


def _is_mimo(given: Any) -> bool:
    return (
        isinstance(given, list)
        and bool(given)
        and isinstance(given[0], dict)
        and given[0].get("type") == "memory"
        and "uid" in given[0]
        and "content" in given[0]
    )


def uid_of(*parts: str) -> str:
    """Return 32 hex characters that are the same for the same parts."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]


def _record(source: str, key: str, content: str, **fields: Any) -> Record:
    return {
        "type": "memory",
        "uid": uid_of(source, key, content),
        "content": content,
        "source": source[: limits.NAME_CHARS_MAX],
        "trust": "file",
        **{name: value for name, value in fields.items() if value not in (None, "", (), {})},
    }


def _dicts(given: Any) -> list[dict[str, Any]]:
    return [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []


def _server_memory(given: Any, _name: str) -> Iterator[Record]:
    """Yield a memory an observation and one a relation of the reference memory server."""
    entries = _dicts([given] if isinstance(given, dict) else given)
    if len(entries) == 1 and ("entities" in entries[0] or "relations" in entries[0]):
        whole = entries[0]
        entries = [{**one, "type": "entity"} for one in _dicts(whole.get("entities", []))]
        entries += [{**one, "type": "relation"} for one in _dicts(whole.get("relations", []))]
    for one in entries:
        if one.get("type") == "entity" and isinstance(one.get("name"), str):
            kind = _tag(one.get("entityType"))
            for said in one.get("observations", ()):
                text = f"{one['name']}: {said}"
                yield _record("server-memory", one["name"], text, tags=_tags([kind]))
        elif one.get("type") == "relation" and "relationType" in one:
            words = str(one["relationType"]).replace("_", " ")
            yield _record("server-memory", "relation", f"{one['from']} {words} {one['to']}")


def _memory_service(given: Any, _name: str) -> Iterator[Record]:
    """Yield the memories of an export of mcp-memory-service."""
    entries = given.get("memories") if isinstance(given, dict) else given
    for one in _dicts(entries):
        if not isinstance(one.get("content"), str) or "content_hash" not in one:
            continue
        metadata = one.get("metadata")
        yield _record(
            "mcp-memory-service",
            str(one["content_hash"]),
            one["content"],
            category=_category(one.get("memory_type")),
            tags=_tags(_listed(one.get("tags"))),
            created_at=_moment(one, "created_at", "created_at_iso"),
            occurred_at=_moment(one, "created_at", "created_at_iso"),
            updated_at=_moment(one, "updated_at", "updated_at_iso"),
            metadata=metadata if isinstance(metadata, dict) else {},
        )


def _mem0(given: Any, _name: str) -> Iterator[Record]:
    """Yield the memories of mem0's `get_all` or its export."""
    entries = given.get("results", given.get("memories")) if isinstance(given, dict) else given
    for one in _dicts(entries):
        if not isinstance(one.get("memory"), str) or not one["memory"].strip():
            continue
        metadata = one.get("metadata")
        yield _record(
            "mem0",
            str(one.get("id", "")),
            one["memory"],
            tags=_tags(_listed(one.get("categories"))),
            speaker=str(one.get("user_id") or "")[: limits.NAME_CHARS_MAX],
            session_id=str(one.get("run_id") or "")[: limits.NAME_CHARS_MAX],
            created_at=_moment(one, "created_at"),
            occurred_at=_moment(one, "created_at"),
            updated_at=_moment(one, "updated_at"),
            metadata=metadata if isinstance(metadata, dict) else {},
        )


def _chat(given: Any, name: str) -> Iterator[Record]:
    """Yield a memory a turn of an export of conversations."""
    for talk in conversations(given):
        for number, turn in enumerate(talk.turns):
            for part, text in enumerate(divided(turn.text, limits.CHUNK_CODE_CHARS_MAX)):
                yield _record(
                    name,
                    f"{talk.id} {talk.title} {number} {part}",
                    text,
                    category="episode",
                    speaker=turn.speaker[: limits.NAME_CHARS_MAX],
                    session_id=(talk.id or talk.title)[: limits.NAME_CHARS_MAX],
                    occurred_at=turn.at_s,
                    metadata={"conversation": talk.title[:300]} if talk.title else {},
                )


def _category(kind: Any) -> str:
    known = str(kind or "").lower()
    return known if known in CATEGORIES else _CATEGORIES.get(known, "fact")


def _listed(value: Any) -> list[Any]:
    return value.split(",") if isinstance(value, str) else list(value or ())


def _tag(value: Any) -> str:
    """Return a tag as Mimo writes it: lower-case, dashes for spaces."""
    words = str(value or "").strip().lower().split()
    return "-".join(words)[: limits.TAG_CHARS_MAX]


def _tags(values: Sequence[Any]) -> tuple[str, ...]:
    return tuple(sorted({tag for tag in map(_tag, values) if tag}))[: limits.TAGS_MAX]


def _moment(one: Mapping[str, Any], *names: str) -> float | None:
    for name in names:
        value = one.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        if isinstance(value, str) and (found := moment_of(value)) is not None:
            return found
    return None
