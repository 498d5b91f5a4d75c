"""The terminal: commands and sessions of assistants, each under a keeper of its own.

This process decides and remembers; the keepers hold what runs. When it dies, its successor finds
the rows in the table and the keepers at their sockets, and goes on as if nothing had been: a
command that was called runs once.
"""

from __future__ import annotations

import os
from functools import partial
from typing import Any, ClassVar

from mimo.actors.memory.presentation import iso_time
from mimo.actors.operations import Result
from mimo.actors.terminal import messages, orders, presentation
from mimo.actors.terminal.child import Children, Command, Ended, Overdue, environment
from mimo.actors.terminal.deciding import Decision, decide, decide_input
from mimo.actors.terminal.holding import CONNECTS_MAX, SessionsOwner
from mimo.actors.terminal.listing import processes_of
from mimo.actors.terminal.paging import page, page_of_end
from mimo.actors.terminal.sessions import Row, Session, Told, token_of
from mimo.actors.workspace.places import workspace
from mimo.config import limits
from mimo.config.errors import Busy, InvalidRequest, MimoError, NotAvailable, NotFound
from mimo.config.settings import Settings
from mimo.supervision import messages as m
from mimo.supervision.gen_server import NO_REPLY

#: How long `kill` waits for the end, in seconds.
KILL_S = 2.0
_PS_S = 10.0
_PS = ("ps", "-u", str(os.getuid()), "-o", "pid=,ppid=,pcpu=,rss=,etime=,args=")


class Terminal(SessionsOwner):
    """Answer what `messages.py` says."""

    #: The rows remember the keys of commands, also over a restart.
    remembers_replies: ClassVar[bool] = False

    def init(self, args: dict[str, Any]) -> None:
        """Read the rules; nothing is started."""
        self._settings: Settings = args["settings"]
        self._roots = workspace(self._settings)
        self._children = Children(self)
        super().init(args)

    def may_rest(self) -> bool:
        """Tell whether nothing runs; what has ended is kept by its keeper."""
        return not self._running() and not len(self._children)

    def handle_call(self, request: Any, call: m.Call) -> Any:  # noqa: PLR0911  a table
        """Answer now, or when the command has."""
        match request:
            case messages.Run():
                return self._run(request, call)
            case messages.ReadOutput():
                return self._read(request, call)
            case messages.Interact():
                return self._interact(request, call)
            case messages.End():
                return self._end(request, call)
            case messages.ListSessions():
                return self._list()
            case messages.ListProcesses():
                return self._list_processes(request, call)
        return super().handle_call(request, call)

    def handle_info(self, info: Any) -> None:
        """Give up what is late."""
        if isinstance(info, Overdue):
            info.give_up()
        else:
            super().handle_info(info)

    def statistics_extra(self) -> dict[str, Any]:
        """Return how many commands run, and how many ended ones are kept."""
        running = len(self._running())
        return {"running": running, "ended": len(self._sessions) - running}

    # -- Running -----------------------------------------------------------------------------
    def _run(self, request: messages.Run, call: m.Call) -> Any:
        known = self._sessions.get(request.key)
        if known is not None:
            self._connect(known, 0, partial(self._resume, known, request, call))
            return NO_REPLY
        decision = self._decide(request)
        self._make_room()
        row = self._row_of(request, decision)
        session = Session(request.key, row)
        # First the row: a successor must know of what may have been started.
        self._keep(session, row)
        self._start(session, decision)
        self._await(session, request, call)
        return NO_REPLY

    def _decide(self, request: messages.Run) -> Decision:
        try:
            return decide(request, self._settings, self._roots)
        except MimoError as error:
            self._log.info("terminal.refused", verdict=error.code)
            raise

    def _row_of(self, request: messages.Run, decision: Decision) -> Row:
        return Row(
            token=token_of(request.key),
            command=presentation.line_of(request.command),
            program=decision.program,
            cwd=str(decision.folder),
            name=request.name,
            client=request.client,
            is_shell=decision.is_shell,
            stays=request.stays,
            started_at_s=self.clock.wall_s(),
            timeout_s=0.0 if request.stays else request.timeout_s,
        )

    def _start(self, session: Session, decision: Decision) -> None:
        try:
            link, starter = self._starter.start(
                session.row, decision.argv, decision.env, pty=decision.pty
            )
        except OSError as error:
            self._forget(session)
            raise NotAvailable(
                f"expected to start a process, got {error.strerror or error}; free resources"
            ) from error
        session.starter = starter
        self._take_link(session, link)
        self._log.info("terminal.started", program=decision.program)

    def _resume(
        self, session: Session, request: messages.Run, call: m.Call, *, is_there: bool
    ) -> None:
        """Go on with a call that a former process began."""
        if not is_there and not session.row.pid:
            # Nothing was started, or it never told: its keeper's lock lets only one run.
            decision = self._decide(request)
            self._start(session, decision)
        elif not is_there:
            self._lost(session)
            self.reply(call, Result(data={"status": orders.LOST, "output": ""}))
            return
        self._await(session, request, call)

    def _await(self, session: Session, request: messages.Run, call: m.Call) -> None:
        until, wait_s = ("output", request.timeout_s) if request.stays else ("end", 1e6)
        asked = {"until": until, "wait_s": wait_s, "most": limits.CHILD_OUTPUT_BYTES}
        if request.stays:
            asked |= {"after": 0, "most": limits.TERMINAL_PAGE_BYTES}
        done = partial(self._ran, session, call)
        if not session.ask(asked, done):
            done(None)

    def _ran(self, session: Session, call: m.Call, told: Told | None) -> None:
        """Answer with the end of a command, or with how a session began."""
        if told is None:
            self._lost(session)
            self.reply(call, Result(data={"status": orders.LOST, "output": ""}))
            return
        self._note(session, told)
        if session.row.stays:
            self._answer_page(session, call, told)
            return
        data, is_whole = page_of_end(told)
        self.reply(call, Result(data=data, untrusted=_source(session)))
        if is_whole:
            self._forget(session)

    def _make_room(self) -> None:
        """Have a place for one more command.

        Raises:
            Busy: Too many run.
        """
        running = self._running()
        if len(running) >= limits.SESSIONS_MAX:
            raise Busy(
                f"expected at most {limits.SESSIONS_MAX} commands at once, got one more;"
                " end a session with kill",
                retry_after_s=5.0,
            )
        ended = [session for session in self._sessions.values() if session not in running]
        for session in ended[: max(0, len(ended) - limits.SESSIONS_ENDED_MAX + 1)]:
            self._forget(session)

    # -- Sessions ----------------------------------------------------------------------------
    def _read(self, request: messages.ReadOutput, call: m.Call) -> Any:
        session = self._session(request.pid)
        offset = session.row.read if request.offset < 0 else request.offset
        asked = {"until": "output", "wait_s": request.timeout_s, "offset": offset, "after": offset}
        self._ask(session, call, asked)
        return NO_REPLY

    def _interact(self, request: messages.Interact, call: m.Call) -> Any:
        session = self._session(request.pid)
        if session.row.ended:
            raise InvalidRequest(
                f"expected a session that runs, got {request.pid}, which has {session.row.ended}"
            )
        if session.row.is_shell:
            strange = decide_input(request, session.row, self._settings, self._roots)
            self._keep(session, session.row, is_strange=strange)
        offset = session.row.read
        text = orders.packed(request.input.encode("utf-8", "replace"))
        asked = {"do": "write", "data": text, "until": "output", "wait_s": request.timeout_s}
        self._ask(session, call, {**asked, "offset": offset})
        return NO_REPLY

    def _end(self, request: messages.End, call: m.Call) -> Any:
        session = self._session(request.pid)
        deed = {"do": "kill"} if request.by_force else {"do": "signal", "number": 15}
        wait = {"until": "end", "wait_s": KILL_S, "offset": session.row.read}
        self._ask(session, call, {**deed, **wait})
        return NO_REPLY

    def _ask(self, session: Session, call: m.Call, asked: dict[str, Any]) -> None:
        request = {"most": limits.TERMINAL_PAGE_BYTES, **asked}

        def go_on(*, is_there: bool) -> None:
            done = partial(self._served, session, call)
            if not is_there or not session.ask(request, done):
                done(None)

        self._connect(session, CONNECTS_MAX - 1, go_on)

    def _served(self, session: Session, call: m.Call, told: Told | None) -> None:
        if told is None:
            self._lost(session)
            self.reply(call, Result(data={"status": orders.LOST, "pid": session.row.pid}))
            return
        self._note(session, told)
        self._answer_page(session, call, told)

    def _answer_page(self, session: Session, call: m.Call, told: Told) -> None:
        data = page(told)
        self._keep(session, session.row, read=data["next_offset"])
        self.reply(call, Result(data=data, untrusted=_source(session)))

    def _session(self, pid: int) -> Session:
        """Return the session of a pid, the newest first.

        Raises:
            NotFound: No session of ours has it.
        """
        for session in reversed(self._sessions.values()):
            if session.row.pid == pid:
                return session
        known = ", ".join(str(each.row.pid) for each in self._sessions.values()) or "none"
        raise NotFound(f"expected the pid of a session ({known}), got {pid}; see list_sessions")

    def _list(self) -> Result:
        rows = [
            {
                "pid": session.row.pid,
                "command": session.row.command,
                "name": session.row.name,
                "cwd": session.row.cwd,
                "status": session.row.ended or "running",
                "started_at": iso_time(session.row.started_at_s),
                "runtime_s": round(self.clock.wall_s() - session.row.started_at_s, 1),
            }
            for session in reversed(self._sessions.values())
        ]
        return Result(data={"sessions": rows, "count": len(rows)})

    # -- Processes ---------------------------------------------------------------------------
    def _list_processes(self, request: messages.ListProcesses, call: m.Call) -> Any:
        def done(ended: Ended) -> None:
            self.reply(call, processes_of(ended, request.limit))

        env = environment(os.environ)
        self._children.start(
            Command(argv=_PS, cwd=self._settings.data_dir, env=env, timeout_s=_PS_S), done
        )
        return NO_REPLY


def _source(session: Session) -> str:
    return f"output of {session.row.program}"
