"""Keyset pagination: each page starts after the last row of the page before.

A row that is there when the first page is read and doesn't change its place meanwhile appears
exactly once, whatever is stored or deleted in between. In the orders `importance` and `accessed` a
row moves when it changes.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final, Literal

from mimo.config import limits
from mimo.config.errors import InvalidRequest
from mimo.storage.connection import Database
from mimo.storage.filters import where
from mimo.storage.records import Filters, Memory
from mimo.storage.rows import ID_MAX, SELECT, memories_of

Order = Literal["newest", "oldest", "importance", "accessed"]

# Sort key and direction; the id breaks ties in the same direction. Never accessed counts as before
# 1970.
_NEVER: Final = -1e18
_ORDERS: Final = {
    "newest": ("m.occurred_at", "DESC", "<"),
    "oldest": ("m.occurred_at", "ASC", ">"),
    "importance": ("m.importance", "DESC", "<"),
    "accessed": (f"coalesce(m.accessed_at, {_NEVER})", "DESC", "<"),
}

#: The orders of a list.
ORDERS: Final = tuple(_ORDERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The last row of a page."""

    key: float
    id: int


def list_page(
    db: Database,
    filters: Filters,
    order: str = "newest",
    limit: int = 20,
    cursor: str = "",
) -> tuple[tuple[Memory, ...], str]:
    """Return one page and the cursor of the next; "" after the last.

    Args:
        db: Where to read.
        filters: What is considered.
        order: One of `ORDERS`; newest and oldest by when it occurred.
        limit: 1 to `limits.PAGE_MAX`.
        cursor: From the page before, with the same filters and order; "" for the first page.

    Raises:
        InvalidRequest: The order, the limit or the cursor isn't right.
        MimoError: See `storage.faults`.
    """
    if order not in _ORDERS:
        raise InvalidRequest(f"expected order to be one of {', '.join(ORDERS)}, got {order!r}")
    if not 1 <= limit <= limits.PAGE_MAX:
        raise InvalidRequest(f"expected a limit from 1 to {limits.PAGE_MAX}, got {limit}")
    mark = stamp(filters, order)
    key, direction, beyond = _ORDERS[order]
    condition, params = where(filters)
    if cursor:
        place = decoded(cursor, mark)
        condition += f" AND ({key}, m.id) {beyond} (?, ?)"
        params += [place.key, place.id]
    # The ids are sorted alone: with whole rows the sort is several times slower.
    sorting = f"ORDER BY {key} {direction}, m.id {direction}"
    page = f"SELECT m.id FROM memories m WHERE {condition} {sorting} LIMIT ?"  # noqa: S608
    with db.snapshot() as link:
        rows = link.execute(
            f"{SELECT} WHERE m.id IN ({page}) {sorting}", [*params, limit + 1]
        ).fetchall()
        found = memories_of(link, rows[:limit])
    more = len(rows) > limit
    return tuple(found), encoded(_place_of(found[-1], order), mark) if more else ""


def _place_of(memory: Memory, order: str) -> Place:
    if order == "importance":
        key = memory.importance
    elif order == "accessed":
        key = _NEVER if memory.accessed_at_s is None else memory.accessed_at_s
    else:
        key = memory.occurred_at_s
    return Place(key=key, id=memory.id)


def stamp(filters: Filters, order: str) -> str:
    """Return a short mark of what is listed, so that a cursor isn't used for another list."""
    if filters.when:
        # "The last hour" is another one at each page.
        filters = dataclasses.replace(filters, since_s=None, until_s=None)
    return hashlib.sha256(f"{order} {filters!r}".encode("utf-8", "replace")).hexdigest()[:12]


def encoded(place: Place, mark: str) -> str:
    """Return the cursor of the page after this place."""
    text = json.dumps([mark, place.key, place.id])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decoded(cursor: str, mark: str) -> Place:
    """Return where the page before ended.

    Raises:
        InvalidRequest: It is no cursor, or that of another list.
    """
    fields = _fields(cursor)
    if fields is None:
        raise InvalidRequest(
            f"expected a cursor as the page before gave it, got {cursor[:40]!r}; "
            "leave it out to start at the first page"
        )
    if fields[0] != mark:
        raise InvalidRequest(
            "expected a cursor of this list, got one of a list with other filters or another "
            "order; repeat them, or leave the cursor out to start at the first page"
        )
    return Place(key=float(fields[1]), id=fields[2])


def _fields(cursor: str) -> list[Any] | None:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        found = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (UnicodeError, binascii.Error, ValueError, RecursionError):
        return None
    is_right = (
        isinstance(found, list)
        and [type(field) for field in found] in ([str, float, int], [str, int, int])
        and abs(found[1]) < float("inf")
        and 0 < found[2] <= ID_MAX
    )
    return found if is_right else None
