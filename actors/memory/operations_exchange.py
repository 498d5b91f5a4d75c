"""Memories out of Mimo and into it, page by page; the command line makes files of them."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Final

from mimo.actors.memory import messages
from mimo.actors.memory.building import record_without_secrets
from mimo.actors.memory.cleaning import name_of
from mimo.actors.memory.parameters import take
from mimo.actors.operations import CallContext, Operation
from mimo.actors.storage.messages import Commit
from mimo.config import limits
from mimo.config.errors import InvalidRequest
from mimo.storage.exchange import PHASES, TakeIn

_COUNT: Final = {"type": "integer"}
_EXPORTED: Final = {
    "type": "object",
    "properties": {
        "records": {"type": "array", "items": {"type": "object"}},
        "count": _COUNT,
        "next_cursor": {"type": "string"},
    },
    "required": ["records", "count", "next_cursor"],
}
_IMPORTED: Final = {
    "type": "object",
    "properties": {"new": _COUNT, "known": _COUNT, "left_out": _COUNT},
    "required": ["new", "known", "left_out"],
}
_RECORDS: Final = {
    "type": "array",
    "description": "Records as export gives them, in its order.",
    "items": {"type": "object"},
    "minItems": 1,
    "maxItems": limits.STORE_MANY_MAX,
}


def cursor_of(place: tuple[int, int] | None) -> str:
    """Return a place of an export as a cursor; "" after the last."""
    return "" if place is None else base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def place_of(cursor: str) -> tuple[int, int]:
    """Return where an export goes on.

    Raises:
        InvalidRequest: No export gave this cursor.
    """
    if not cursor:
        return 0, 0
    try:
        phase, row = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
        if 0 <= int(phase) < len(PHASES) and 0 <= int(row) < 2**63:
            return int(phase), int(row)
    except (UnicodeError, binascii.Error, ValueError, TypeError):
        pass
    raise InvalidRequest(
        f"expected a cursor as the page before gave it, got {cursor[:40]!r}; leave it out to start"
    )


def _export(arguments: Mapping[str, Any], _context: CallContext) -> messages.ExportPage:
    project = arguments.get("project")
    return messages.ExportPage(
        after=place_of(arguments.get("cursor", "")),
        limit=arguments.get("limit", limits.PAGE_MAX),
        project=None if project is None else name_of(project, "project"),
    )


def _import(arguments: Mapping[str, Any], context: CallContext) -> Commit:
    records = tuple(
        json.dumps(record_without_secrets(record), ensure_ascii=False, sort_keys=True)
        for record in arguments["records"]
    )
    size = sum(len(record.encode("utf-8", "replace")) for record in records)
    if size > limits.STORE_MANY_BYTES_MAX:
        raise InvalidRequest(
            f"expected records of at most {limits.STORE_MANY_BYTES_MAX} bytes together,"
            f" got {size}; send them in several calls"
        )
    return Commit(command=TakeIn(records=records, key=context.key), as_result=True)


EXCHANGE: tuple[Operation, ...] = (
    Operation(
        name="export",
        summary="All, with versions and links; page by page, for import elsewhere.",
        parameters=take("project", "limit", "cursor"),
        result=_EXPORTED,
        effect="read",
        idempotent=True,
        worker=("memory/recall",),
        build=_export,
        example={"limit": 50},
    ),
    Operation(
        name="import",
        summary="Take exported records in; what is known stays as it is.",
        parameters={"records": _RECORDS},
        required=("records",),
        result=_IMPORTED,
        effect="write",
        idempotent=True,
        worker=("storage/writer",),
        build=_import,
        example={
            "records": [{"type": "memory", "uid": "note-1", "content": "Ada prefers metric units"}]
        },
    ),
)
