"""From checked arguments to the records of storage: cleaned, dated, complete."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, cast

from mimo.actors.memory import scrubbing
from mimo.actors.memory.cleaning import content_of, metadata_of, name_of, tags_of, time_of
from mimo.config.errors import InvalidRequest
from mimo.storage.records import Filters, MemoryPatch, NewMemory, Trust

Arguments = Mapping[str, Any]


def _optional_time(text: str, parameter: str) -> float | None:
    return time_of(text, parameter) if text.strip() else None


# Parameter -> (field of the record, what makes the field's value of the parameter's).
_FIELDS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "content": ("content", content_of),
    "category": ("category", str),
    "importance": ("importance", float),
    "tags": ("tags", tags_of),
    "project": ("project", lambda text: name_of(text, "project")),
    "speaker": ("speaker", lambda text: name_of(text, "speaker")),
    "session_id": ("session_id", lambda text: name_of(text, "session_id")),
    "occurred_at": ("occurred_at_s", lambda text: _optional_time(text, "occurred_at")),
    "source": ("source", lambda text: name_of(text, "source")),
    "trust": ("trust", str),
    "valid_from": ("valid_from_s", lambda text: _optional_time(text, "valid_from")),
    "valid_until": ("valid_until_s", lambda text: _optional_time(text, "valid_until")),
    "protected": ("protected", bool),
    "metadata": ("metadata", metadata_of),
}


def fields_of(arguments: Arguments) -> dict[str, Any]:
    """Return the fields of a memory that these arguments name, by the names of `NewMemory`.

    Raises:
        InvalidRequest: A value can't be used.
    """
    found: dict[str, Any] = {}
    for parameter, value in arguments.items():
        if parameter in _FIELDS:
            name, make = _FIELDS[parameter]
            found[name] = make(value)
    _check_validity(found)
    return found


def scrubbed(fields: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, int]]:
    """Return fields of a memory without secrets, and how many of each kind there were."""
    clean = dict(fields)
    counts: Counter[str] = Counter()
    for name in ("content", "source"):
        if name in clean:
            one = scrubbing.scrub(clean[name])
            clean[name] = one.text
            counts.update(one.found)
    if "metadata" in clean:
        clean["metadata"], found = scrubbing.scrub_json(clean["metadata"])
        counts.update(found)
    return clean, dict(counts)


def reason_of(arguments: Arguments) -> str:
    """Return why a memory is changed, for its history, without secrets; "" if nobody said.

    Raises:
        InvalidRequest: It is too long.
    """
    return scrubbing.scrub(name_of(arguments.get("reason", ""), "reason")).text


def without_secrets(memory: NewMemory) -> NewMemory:
    """Return the memory without secrets; its metadata say under `redacted` which there were.

    Whoever makes memories of texts from outside calls this before they travel any further.
    """
    fields = {name: getattr(memory, name) for name in ("content", "source", "metadata")}
    clean, found = scrubbed(fields)
    if not found:
        return memory
    clean["metadata"] = {**clean["metadata"], "redacted": found}
    return dataclasses.replace(memory, **clean)


def record_without_secrets(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record of `storage.exchange` without secrets, as `without_secrets` does a memory.

    What isn't of the right type stays as it is, for whoever takes it in to refuse.
    """
    kinds = {"content": str, "source": str, "metadata": dict}
    fields = {
        name: record[name] for name, kind in kinds.items() if isinstance(record.get(name), kind)
    }
    clean, found = scrubbed(fields)
    if found:
        clean["metadata"] = {**clean.get("metadata", {}), "redacted": found}
    return {**record, **clean}


def _check_validity(fields: Mapping[str, Any]) -> None:
    start_s, end_s = fields.get("valid_from_s"), fields.get("valid_until_s")
    if start_s is not None and end_s is not None and start_s >= end_s:
        raise InvalidRequest(
            "expected 'valid_from' before 'valid_until', got it at or after; swap or correct them"
        )


def new_memory_of(arguments: Arguments, *, client: str, place: str = "") -> NewMemory:
    """Return the memory that these arguments of `store` describe.

    Args:
        arguments: Checked against the schema.
        client: Who called; the source unless one is given.
        place: Where the arguments stand, for messages.

    Raises:
        InvalidRequest: A value can't be used.
    """
    try:
        fields = fields_of(arguments)
        # Without the version: the same words from the same client are one memory after an upgrade.
        name = client.rpartition(" ")[0] or client
        fields["source"] = fields.get("source") or name_of(name[:100], "source")
    except InvalidRequest as error:
        raise InvalidRequest(place + error.message) from None
    return without_secrets(NewMemory(**fields))


def patch_of(arguments: Arguments) -> MemoryPatch:
    """Return what these arguments of `update` change.

    Raises:
        InvalidRequest: Nothing is to be changed, or a value can't be used.
    """
    fields = fields_of(arguments)
    if not fields:
        raise InvalidRequest(
            "expected at least one field to change besides 'memory_id', got none;"
            " for example 'content' or 'importance'"
        )
    if "occurred_at_s" in fields and fields["occurred_at_s"] is None:
        raise InvalidRequest(
            "expected 'occurred_at' as an ISO 8601 date or time, got ''; a memory always has one"
        )
    fields, found = scrubbed(fields)
    return MemoryPatch(fields=fields, redacted=found)


def _one(arguments: Arguments, parameter: str) -> str | None:
    given = arguments.get(parameter)
    return None if given is None else name_of(given, parameter)


def moment_of(arguments: Arguments, parameter: str) -> float | None:
    """Return the instant that a parameter names, wall seconds UTC; None if it is absent or empty.

    Raises:
        InvalidRequest: It isn't an ISO 8601 date or time.
    """
    return _optional_time(arguments.get(parameter, ""), parameter)


def filters_of(arguments: Arguments) -> Filters:
    """Return which memories these arguments let pass.

    An empty speaker, session or source restricts nothing; an empty project is the default one.

    Raises:
        InvalidRequest: A value can't be used, or `since` isn't before `until`.
    """
    since_s, until_s = moment_of(arguments, "since"), moment_of(arguments, "until")
    if since_s is not None and until_s is not None and since_s >= until_s:
        raise InvalidRequest(
            "expected 'since' before 'until', got it at or after; swap or correct them"
        )
    return Filters(
        project=_one(arguments, "project"),
        categories=tuple(arguments.get("categories", ())),
        tags=tags_of(arguments.get("tags", [])),
        speaker=_one(arguments, "speaker") or None,
        session_id=_one(arguments, "session_id") or None,
        source=_one(arguments, "source") or None,
        trust=cast("tuple[Trust, ...]", tuple(arguments.get("trust_levels", ()))),
        importance_min=arguments.get("importance_min"),
        since_s=since_s,
        until_s=until_s,
        include_deleted=arguments.get("include_deleted", False),
        include_archived=arguments.get("include_archived", False),
        include_superseded=arguments.get("include_superseded", False),
        valid_at_s=moment_of(arguments, "valid_at"),
        as_of_s=moment_of(arguments, "as_of"),
        when=_one(arguments, "time_filter") or "",
    )
