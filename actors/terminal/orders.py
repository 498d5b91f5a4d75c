"""What a keeper is told and tells, as JSON: plain dictionaries, light to import.

A keeper gets one `Order` as its standard input; then one line a message on its sockets, each way.
"""

from __future__ import annotations

import base64
import json
from typing import Any, Final, TypedDict

#: Longest request that a keeper reads, in bytes.
LINE_BYTES_MAX: Final = 262_144

#: Why a command came to its end.
EXITED, SIGNALLED, TIMEOUT, STOPPED = "exited", "signal", "timeout", "stopped"
MEMORY, PROCESSES, CPU, FILE_SIZE = "memory", "processes", "cpu", "file_size"
NOT_STARTED, LOST = "not_started", "lost"


class Order(TypedDict):
    """What a keeper shall run.

    Args:
        argv: The program and its arguments.
        env: The whole environment of the command.
        cwd: Number of the inherited file that is its folder.
        stdin: Number of the inherited file that it reads; -1 for none, -2 for `write` requests.
        pty: Whether it gets a terminal; then there is one stream.
        merged: Whether standard output and error come as one stream.
        timeout_s: Seconds until it is ended; 0 for never.
        kept_bytes: Output kept of each stream; the oldest goes first.
        memory_bytes, processes, cpu_s, files, file_bytes: Its limits; 0 for none.
        socket: Path at which others may ask too; "" for none.
        bound: Whether all ends with the connection that the keeper was started with.
        guardian: Pid of the process with which all ends; 0 for who adopts the keeper.
        linger_s: How long a keeper that isn't bound stays after the command's end.
    """

    argv: list[str]
    env: dict[str, str]
    cwd: int
    stdin: int
    pty: bool
    merged: bool
    timeout_s: float
    kept_bytes: int
    memory_bytes: int
    processes: int
    cpu_s: int
    files: int
    file_bytes: int
    socket: str
    bound: bool
    guardian: int
    linger_s: float


def encoded(message: dict[str, Any]) -> bytes:
    """Return a message as one line."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def packed(data: bytes) -> str:
    """Return bytes as they stand in a message."""
    return base64.b64encode(data).decode()


def decoded(line: bytes) -> dict[str, Any]:
    """Return the message of a line.

    Raises:
        ValueError: It is none.
    """
    try:
        found = json.loads(line)
    except RecursionError:
        found = None
    if not isinstance(found, dict):
        raise ValueError("expected an object")  # noqa: TRY004  a wrong value, to all who call
    return found
