"""Which node a name means: found by key and alias, made when it is new, never guessed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

import apsw

from mimo.config import limits
from mimo.config.errors import InvalidRequest, NotFound
from mimo.storage.commands import Transaction
from mimo.storage.knowledge_names import key_of, keys_of
from mimo.storage.knowledge_records import Node

_COLUMNS: Final = "n.id, n.project, n.type, n.name, n.state <> 'active'"

_BY_NAME: Final = f"""
    SELECT {_COLUMNS} FROM nodes n
    WHERE n.project = :project AND n.state = 'active'
        AND n.key IN (SELECT value FROM json_each(:keys))
    UNION
    SELECT {_COLUMNS} FROM node_aliases a JOIN nodes n ON n.id = a.node_id
    WHERE a.project = :project AND n.state = 'active'
        AND a.key IN (SELECT value FROM json_each(:keys))
    ORDER BY 1
"""  # noqa: S608

_BY_IDS: Final = f"SELECT {_COLUMNS} FROM nodes n WHERE n.id IN (SELECT value FROM json_each(?))"  # noqa: S608


def node_of(row: Sequence[Any]) -> Node:
    """Return a row of the node columns as a record."""
    number, project, kind, name, deleted = row
    return Node(
        id=int(number), project=str(project), type=str(kind), name=str(name), deleted=bool(deleted)
    )


def by_ids(link: apsw.Connection, ids: Iterable[int]) -> dict[int, Node]:
    """Return these nodes by id, deleted or not."""
    rows = link.execute(_BY_IDS, (json.dumps(sorted(set(ids))),))
    return {node.id: node for node in map(node_of, rows)}


def number_in(name: str) -> int | None:
    """Return the id in a name like `#12`, or None."""
    digits = name[1:]
    is_id = name.startswith("#") and digits.isascii() and digits.isdigit() and len(digits) < 16
    return int(digits) if is_id else None


def candidates(link: apsw.Connection, project: str, name: str, kind: str = "") -> list[Node]:
    """Return every node that this name may mean, oldest first.

    Args:
        link: Any connection.
        project: Whose graph.
        name: A name, an alias, or `#12`.
        kind: Only nodes of this type; "" for any.
    """
    number = number_in(name)
    if number is not None:
        found = [
            node
            for node in by_ids(link, (number,)).values()
            if node.project == project and not node.deleted
        ]
    else:
        keys = json.dumps(keys_of(name))
        found = [node_of(row) for row in link.execute(_BY_NAME, {"project": project, "keys": keys})]
    return [node for node in found if kind in ("", node.type)]


def find(link: apsw.Connection, project: str, name: str, kind: str = "") -> Node:
    """Return the one node that this name means.

    Raises:
        NotFound: None does.
        InvalidRequest: Several do; the message names them.
    """
    found = candidates(link, project, name, kind)
    if len(found) > 1:
        raise ambiguous(name, found)
    if found:
        return found[0]
    where = f"project {project!r}" if project else "the default project"
    what = f"a {kind}" if kind else "an entity"
    raise NotFound(
        f"expected {what} named {name[:80]!r} in {where}, got none; look for it with explore,"
        " or teach a fact about it"
    )


def ambiguous(name: str, found: Sequence[Node]) -> InvalidRequest:
    """Return the error for a name that means several nodes."""
    shown = ", ".join(f"#{node.id} {node.name[:60]!r} ({node.type})" for node in found[:5])
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    return InvalidRequest(
        f"expected a name that means one entity, got {name[:80]!r}, which may be {shown}{more};"
        f" give its number, such as '#{found[0].id}'"
    )


def resolve(transaction: Transaction, project: str, name: str, kind: str = "") -> int:
    """Return the node that this name means, making it when there is none.

    A type that is given says more about a `concept` of that name, and else means another entity.

    Raises:
        InvalidRequest: The name means several nodes, or is too long.
        NotFound: There is no node of the number given.
    """
    link = transaction.link
    found = candidates(link, project, name)
    exact = [node for node in found if kind in ("", node.type)]
    if len(exact) > 1:
        raise ambiguous(name, exact)
    if exact:
        return exact[0].id
    untyped = [node for node in found if node.type == "concept"]
    if kind and len(untyped) == 1:
        _give_type(transaction, untyped[0], kind)
        return untyped[0].id
    if number_in(name) is not None:
        return find(link, project, name).id
    return _make(transaction, project, name, kind or "concept")


def _give_type(transaction: Transaction, node: Node, kind: str) -> None:
    transaction.link.execute(
        "UPDATE nodes SET type = ?, key = ?, updated_at = ? WHERE id = ?",
        (kind, key_of(node.name, kind), transaction.now_s, node.id),
    )


def _make(transaction: Transaction, project: str, name: str, kind: str) -> int:
    if not 0 < len(name) <= limits.NODE_NAME_CHARS_MAX:
        raise InvalidRequest(
            f"expected the name of an entity with 1 to {limits.NODE_NAME_CHARS_MAX} characters,"
            f" got {len(name)}; shorten it, and store longer text as a memory"
        )
    link, now_s = transaction.link, transaction.now_s
    key = key_of(name, kind)
    # One that was deleted on purpose stays so, with its facts, until it is restored.
    unused = link.execute(
        "SELECT max(id) FROM nodes WHERE project = ? AND key = ? AND type = ? AND state = 'unused'",
        (project, key, kind),
    ).fetchall()[0][0]
    if unused is not None:
        link.execute("UPDATE nodes SET state = 'active' WHERE id = ?", (unused,))
        return int(str(unused))
    link.execute(
        "INSERT INTO nodes (project, type, key, name, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (project, kind, key, name, now_s, now_s),
    )
    number = link.last_insert_rowid()
    link.execute("INSERT INTO nodes_fts (rowid, name) VALUES (?, ?)", (number, name))
    return number


def add_alias(transaction: Transaction, node: Node, alias: str) -> bool:
    """Let a node be found by one more name, and tell whether that is new.

    Raises:
        InvalidRequest: The name means another entity already.
    """
    link = transaction.link
    others = [found for found in candidates(link, node.project, alias) if found.id != node.id]
    if others:
        raise InvalidRequest(
            f"expected a name for #{node.id} that no other entity has, got {alias[:80]!r}, which"
            f" is #{others[0].id} ({others[0].type}); delete that one first if they are the same"
        )
    if any(found.id == node.id for found in candidates(link, node.project, alias)):
        return False
    link.execute(
        "INSERT INTO node_aliases (project, key, node_id, name) VALUES (?, ?, ?, ?)",
        (node.project, keys_of(alias)[-1], node.id, alias),
    )
    _index(link, node.id)
    return True


def remove_alias(transaction: Transaction, node: Node, alias: str) -> bool:
    """Take a name away from a node, and tell whether it had it."""
    link = transaction.link
    link.execute(
        "DELETE FROM node_aliases WHERE node_id = ? AND key IN (SELECT value FROM json_each(?))",
        (node.id, json.dumps(keys_of(alias))),
    )
    is_gone = link.changes() > 0
    if is_gone:
        _index(link, node.id)
    return is_gone


def aliases_of(link: apsw.Connection, node_id: int) -> list[str]:
    """Return the other names of a node."""
    rows = link.execute("SELECT name FROM node_aliases WHERE node_id = ? ORDER BY key", (node_id,))
    return [str(name) for (name,) in rows]


def _index(link: apsw.Connection, node_id: int) -> None:
    """Let the full-text index know all names of the node."""
    name = by_ids(link, (node_id,))[node_id].name
    names = " ".join((name, *aliases_of(link, node_id)))
    link.execute("UPDATE nodes_fts SET name = ? WHERE rowid = ?", (names, node_id))
