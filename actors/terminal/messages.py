"""What the terminal's actor can be asked; replies are `mimo.actors.operations.Result`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Run a command, and wait for its end or leave it running as a session.

    Args:
        command: The command line.
        cwd: Its folder; "" for the first allowed one.
        env: Variables of its own.
        shell: What runs a line that takes a shell: `sh` or `bash`.
        timeout_s: Until it is ended; of a session, how long to wait for its first output.
        stays: Whether it is a session.
        pty: Whether it gets a terminal.
        name: What a session is called.
        key: Idempotency key: the same one runs the command once.
        client: Who asks.
        approved: Whether the user was asked, and agreed.
    """

    command: str
    cwd: str
    env: dict[str, str]
    shell: str
    timeout_s: float
    stays: bool
    pty: bool
    name: str
    key: str
    client: str
    approved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOutput:
    """Read what a session wrote.

    Args:
        pid: Of the session.
        offset: From this byte of all output; -1 goes on where the last answer ended.
        timeout_s: How long to wait for more.
    """

    pid: int
    offset: int
    timeout_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Interact:
    """Write to a session's input, and read what comes.

    Args:
        pid: Of the session.
        input: The text, with the end of its line.
        timeout_s: How long to wait for output.
        approved: Whether the user was asked, and agreed.
    """

    pid: int
    input: str
    timeout_s: float
    approved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """End a session.

    Args:
        pid: Of the session.
        by_force: Whether it can't refuse.
    """

    pid: int
    by_force: bool


@dataclass(frozen=True, slots=True)
class ListSessions:
    """List the sessions, the newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListProcesses:
    """List processes of this user.

    Args:
        limit: How many; those that use most of the processor come first.
    """

    limit: int
