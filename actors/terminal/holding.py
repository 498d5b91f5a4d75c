"""An actor that has commands kept: their rows in its table, its connections to their keepers."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
from functools import partial
from typing import Any

from mimo.actors.terminal import orders
from mimo.actors.terminal.link import Link
from mimo.actors.terminal.sessions import Row, Session, Starter, Told
from mimo.config import limits, logs
from mimo.supervision import messages as m
from mimo.supervision import platform
from mimo.supervision.heir_protocol import TableSpec
from mimo.supervision.table import TableOwner

TABLE = TableSpec(
    name="terminal",
    rows_max=limits.SESSIONS_MAX + limits.SESSIONS_ENDED_MAX + 8,
    bytes_max=1_048_576,
    on_full="evict",
)
#: How often a keeper that begins is looked for, and how many times.
CONNECT_AGAIN_S = 0.05
CONNECTS_MAX = 40


class _Connect:
    """Timer payload: look again for the keeper of a session."""

    def __init__(self, session: Session, looks: int, resume: Any) -> None:
        self.session = session
        self.looks = looks
        self.resume = resume


class SessionsOwner(TableOwner):
    """The part of the terminal that remembers what runs, and finds it again."""

    def init(self, args: dict[str, Any]) -> None:
        """Start without sessions until the table is there."""
        self._log = logs.get_logger(self.name)
        self._starter = Starter(args["settings"])
        self._sessions: dict[str, Session] = {}
        super().init(args)

    def tables(self) -> tuple[TableSpec, ...]:
        """Return the one table: a row a command."""
        return (TABLE,)

    def table_ready(self) -> None:
        """Find the keepers of what an earlier process started."""
        for key, row, _ in self.table(TABLE.name).items():
            self._sessions[key] = session = Session(key, Row(**row))
            if not session.row.ended:
                self._connect(session, 0, partial(self._found, session))

    def handle_info(self, info: Any) -> None:
        """Look again for a keeper."""
        if isinstance(info, _Connect):
            self._connect(info.session, info.looks, info.resume)
        else:
            super().handle_info(info)

    def terminate(self, reason: m.ExitReason) -> None:
        """Let go of the keepers, not of what they keep."""
        for session in self._sessions.values():
            session.reap()
        super().terminate(reason)

    # -- Keepers -----------------------------------------------------------------------------
    def _running(self) -> list[Session]:
        return [session for session in self._sessions.values() if not session.row.ended]

    def _connect(self, session: Session, looks: int, resume: Any) -> None:
        """Call `resume` once the keeper is connected, or when there is none."""
        if session.link is not None and not session.link.is_gone:
            resume(is_there=True)
            return
        try:
            link = Link.to(self._starter.socket_of(session.row.token))
        except OSError:
            if looks + 1 < CONNECTS_MAX:
                self.after(CONNECT_AGAIN_S, _Connect(session, looks + 1, resume))
            else:
                resume(is_there=False)
            return
        self._take_link(session, link)
        resume(is_there=True)

    def _take_link(self, session: Session, link: Link) -> None:
        session.link = link
        self.watch_fd(link.fileno(), partial(self._hear, session, link))
        session.ask({"until": "", "most": 0}, partial(self._noted, session))
        session.ask({"until": "end", "wait_s": 1e6, "most": 0}, partial(self._noted, session))

    def _hear(self, session: Session, link: Link) -> None:
        fd = link.fileno()
        for told in link.pull():
            then = session.waiting.pop(told["id"], None)
            if then is not None:
                then(told)
        if link.is_gone and session.link is link:
            self.unwatch_fd(fd)
            link.close()
            session.link = None
            waiting, session.waiting = session.waiting, {}
            for then in waiting.values():
                then(None)

    def _found(self, session: Session, *, is_there: bool) -> None:
        if not is_there:
            self._lost(session)

    def _noted(self, session: Session, told: Told | None) -> None:
        if told is not None:
            self._note(session, told)
            return
        # Its keeper was killed this moment: so is what it kept.
        if not session.row.ended and session.row.pid:
            for pid in platform.session_members(frozenset({session.row.pid})):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self._lost(session)

    def _note(self, session: Session, told: Told) -> None:
        """Keep what a keeper told: its command's pid, and its end."""
        session.reap()
        ended = told["reason"] if told["over"] else ""
        if session.row.ended != ended and ended:
            self._log.info(
                "terminal.ended",
                program=session.row.program,
                reason=ended,
                exit_code=told["code"],
            )
        self._keep(session, session.row, pid=told["pid"], ended=ended)

    def _lost(self, session: Session) -> None:
        self._keep(session, session.row, ended=session.row.ended or orders.LOST)

    def _keep(self, session: Session, row: Row, **changes: Any) -> None:
        wanted = dataclasses.replace(row, **changes)
        is_new = session.key not in self._sessions
        if wanted == session.row and not is_new:
            return
        session.row = wanted
        if is_new or changes:
            self._sessions[session.key] = session
            for gone in self.table(TABLE.name).put(session.key, wanted.to_row()):
                self._sessions.pop(gone, None)

    def _forget(self, session: Session) -> None:
        """Have its keeper leave, and drop its row."""
        if session.link is not None:
            session.link.send({"id": 0, "do": "leave"})
            self.unwatch_fd(session.link.fileno())
            session.link.close()
            session.link = None
        session.reap()
        self._sessions.pop(session.key, None)
        self.table(TABLE.name).delete(session.key)
