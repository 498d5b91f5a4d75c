"""Commands and sessions as the terminal's actor knows them: a row, and a connection to a keeper."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mimo.actors.terminal.keeper_child import WRITTEN
from mimo.actors.terminal.link import Link
from mimo.actors.terminal.orders import Order
from mimo.actors.terminal.starting import open_folder, start_keeper
from mimo.config import limits
from mimo.config.settings import Settings
from mimo.supervision.card import read_card

Told = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is kept of a command in the table.

    Args:
        token: Names its keeper's socket.
        command: Its line, without secrets.
        program: Its first word, for the log.
        cwd: Its folder.
        name: What the caller calls it.
        client: Who started it.
        is_shell: Whether what is typed into it is judged.
        stays: Whether it is a session.
        started_at_s: Wall seconds.
        timeout_s: Until it is ended; 0 for never.
        pid: Of its first process; 0 until its keeper has told.
        read: Where the last answer ended, in bytes.
        ended: Why it ended; "" while it runs.
        is_strange: Whether a shell may mean something else by now than what its lines say.
    """

    token: str
    command: str
    program: str
    cwd: str
    name: str
    client: str
    is_shell: bool
    stays: bool
    started_at_s: float
    timeout_s: float
    pid: int = 0
    read: int = 0
    ended: str = ""
    is_strange: bool = False

    def to_row(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


@dataclass(slots=True, eq=False)
class Session:
    """One command and who waits for it.

    Args:
        key: Of its row.
        row: What is kept of it.
        link: To its keeper; None before it is connected.
        waiting: What to do with the answer of each request.
        starter: The process that leaves once the keeper is on its own.
    """

    key: str
    row: Row
    link: Link | None = None
    waiting: dict[int, Callable[[Told | None], None]] = field(default_factory=dict)
    starter: subprocess.Popen[bytes] | None = None
    asked: int = 0

    def ask(self, request: Mapping[str, Any], then: Callable[[Told | None], None]) -> bool:
        """Send a request; `then` gets the answer, or None when the keeper is gone."""
        if self.link is None:
            return False
        self.asked += 1
        self.waiting[self.asked] = then
        if self.link.send({**request, "id": self.asked}):
            return True
        del self.waiting[self.asked]
        return False

    def reap(self) -> None:
        """Collect the starter, which has long left."""
        if self.starter is not None:
            self.starter.wait()
            self.starter = None


def token_of(key: str) -> str:
    """Return the name of the socket of a call's keeper: the same call has the same."""
    return hashlib.sha256(key.encode()).hexdigest()[:24]


class Starter:
    """Starts keepers that outlive this process and end with the node.

    Args:
        settings: Limits, and where the node is.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.folder = settings.paths.run / "terminal"

    def socket_of(self, token: str) -> Path:
        """Return where a keeper listens."""
        return self.folder / token

    def start(
        self, row: Row, argv: tuple[str, ...], env: Mapping[str, str], *, pty: bool
    ) -> tuple[Link, subprocess.Popen[bytes]]:
        """Start a keeper for a command.

        Raises:
            OSError: No process could be made, or the folder is gone.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        order = self._order(row, argv, env, pty=pty)
        order["cwd"] = open_folder(Path(row.cwd))
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                return Link(ours), start_keeper(order, theirs, (order["cwd"],))
            except OSError:
                ours.close()
                raise
            finally:
                os.close(order["cwd"])

    def _order(
        self, row: Row, argv: tuple[str, ...], env: Mapping[str, str], *, pty: bool
    ) -> Order:
        card = read_card(self._settings.paths.run)
        return Order(
            argv=list(argv),
            env=dict(env),
            cwd=-1,
            stdin=WRITTEN if row.stays else -1,
            pty=pty,
            merged=True,
            timeout_s=row.timeout_s,
            kept_bytes=limits.CHILD_OUTPUT_BYTES,
            memory_bytes=self._settings.terminal.memory_bytes,
            processes=self._settings.terminal.processes,
            cpu_s=0 if row.stays else limits.CHILD_CPU_S,
            files=limits.CHILD_FILES_MAX,
            file_bytes=limits.CHILD_FILE_BYTES,
            socket=str(self.socket_of(row.token)),
            bound=False,
            guardian=card.watchdog_pid if card is not None else 0,
            linger_s=limits.SESSION_LINGERS_S,
        )
