"""Operations as data: the one table from which schemas, validation, CLI.

Docs and tests are derived.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mimo.config.errors import NotAvailable

Effect = Literal["read", "write", "destructive", "open-world"]
Reach = Literal["", "executes", "delegates"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallContext:
    """What the bridge knows about a call besides its arguments.

    Args:
        client: The client's name and version, as it gave them.
        connection: Id of the client's connection (one relay, one HTTP session); stable over
            reconnects.
        request_id: The id that all log lines of this request carry.
        key: Idempotency key of the call, unique to the connection and the call.
        approved: Whether the user was asked about this very call, and agreed.
    """

    client: str
    connection: str
    request_id: str
    key: str
    approved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of a tool.

    Args:
        name: Its name, unique in its tool.
        summary: One sentence for the model and the README.
        parameters: JSON Schema (2020-12) properties by parameter name; each with a description.
        required: Names of the parameters that must be given.
        result: JSON Schema of the result, root type object.
        effect: What it does to the world.
        idempotent: Whether repeating it changes nothing more.
        worker: Ids of the actors that can do it (any one of them, least loaded first).
        build: Makes the message for the worker from validated arguments.
        deadline_s: How long the whole call may take.
        example: Arguments that work, shown with errors.
        reach: `executes` if it runs programs; `delegates` if it makes calls of other tools by
            itself, so that who may not call those may not call it either.
        resent: Whether a call whose worker died is made again by its successor; not so where the
            worker can't know whether it was done.
        unavailable: Why it can't act at all, in this version; "" if it can.
    """

    name: str
    summary: str
    parameters: Mapping[str, Mapping[str, Any]]
    required: tuple[str, ...] = ()
    result: Mapping[str, Any]
    effect: Effect
    idempotent: bool = False
    worker: tuple[str, ...]
    build: Callable[[Mapping[str, Any], CallContext], Any]
    deadline_s: float = 30.0
    example: Mapping[str, Any]
    reach: Reach = ""
    resent: bool = True
    unavailable: str = ""


def unavailable(
    name: str, summary: str, reason: str, parameters: Mapping[str, Mapping[str, Any]] | None = None
) -> Operation:
    """Return an operation that is named, and answers `not_available` with the reason.

    Args:
        name: Its name.
        summary: One sentence.
        reason: Why it can't act, and what to use instead.
        parameters: What it would take; nothing is required.
    """

    def build(_arguments: Mapping[str, Any], _context: CallContext) -> Any:
        raise NotAvailable(reason)

    return Operation(
        name=name,
        summary=summary,
        parameters=parameters or {},
        result={"type": "object", "properties": {}},
        effect="read",
        idempotent=True,
        worker=("bridge/mcp_bridge",),
        build=build,
        example={},
        unavailable=reason,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool and its operations.

    Args:
        name: Its name on the wire.
        title: Its name for people.
        description: What it is for; key facts first, under 2 kB.
        operations: In the order in which they are listed.
    """

    name: str
    title: str
    description: str
    operations: tuple[Operation, ...]

    def operation(self, name: str) -> Operation | None:
        """Return the operation of this name, or None."""
        return next((found for found in self.operations if found.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a worker answers to a tool call that succeeded.

    Args:
        data: Plain JSON values that fit the operation's result schema.
        degraded: What was missing while it was made, such as `embedding: loading`.
        untrusted: Where text in it came from that nobody vouches for, such as
            `https://example.org/page`; readers are told that it is data, not instructions.
        attachments: Pictures and documents: (content type, base64).
        experience: What this operation did before, where that is worth telling; the bridge adds it.
        briefing: What a client that has just come should know; the bridge adds it.
    """

    data: dict[str, Any]
    degraded: tuple[str, ...] = ()
    untrusted: str = ""
    attachments: tuple[tuple[str, str], ...] = ()
    experience: str = ""
    briefing: str = ""
