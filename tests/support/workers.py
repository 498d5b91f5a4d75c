"""Workers that do on request what real ones do by accident; for tests of supervision."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Any

from mimo.supervision import messages as m
from mimo.supervision.gen_server import NO_REPLY, GenServer, Ignore
from mimo.supervision.specs import ChildSpec
from mimo.supervision.supervisor import Supervisor

WORKER = "tests.support.workers.Worker"


def worker(name: str, *, args: dict[str, Any] | None = None, **fields: Any) -> ChildSpec:
    """Return the spec of a `Worker`; see there for `args`."""
    return ChildSpec(id=name, start=WORKER, args=args or {}, **fields)


class Worker(GenServer):
    """Answers words, and misbehaves as `Start.args` say.

    Args (of the spec):
        journal: File to which it appends a line at each start and stop.
        fails_while: It fails to start while this file exists.
        ignores_while: It ignores its start while this file exists.
        mute: It never answers `Start`.
        deaf: It ignores `Stop`.
        free: It doesn't die with its parent.
        busy_while: It may not rest while this file exists.
    """

    def init(self, args: dict[str, Any]) -> None:
        self.args = args
        self._note("init")
        if _exists(args.get("fails_while")):
            raise ValueError("told to fail")
        if _exists(args.get("ignores_while")):
            raise Ignore
        if args.get("mute"):
            self.defer_start()
        if args.get("free"):
            ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
        self._note("start")

    def handle_call(self, request: Any, call: m.Call) -> Any:
        match request:
            case "pid":
                return os.getpid()
            case "raise":
                raise RuntimeError("told to raise")
            case "segfault":
                ctypes.string_at(0)
            case "loop":
                while True:
                    pass
            case "silence":
                return NO_REPLY
            case ("ask", name, what):
                self.call(name, what, lambda value: self.reply(call, value), timeout_s=20.0)
                return NO_REPLY
            case m.ExitReason():
                self.reply(call, True)
                self.stop(request)
            case _:
                return super().handle_call(request, call)
        return None

    def may_rest(self) -> bool:
        return not _exists(self.args.get("busy_while"))

    def stop(self, reason: m.ExitReason = m.NORMAL) -> None:
        if self.args.get("deaf") and reason.kind == "shutdown":
            return
        super().stop(reason)

    def terminate(self, reason: m.ExitReason) -> None:
        self._note("stop")

    def _note(self, what: str) -> None:
        if journal := self.args.get("journal"):
            with Path(journal).open("a", encoding="utf-8") as file:
                file.write(f"{what} {self.name}\n")


class Forkless(Supervisor):
    """A supervisor that can't fork while the file `forkless_while` of its arguments exists."""

    def init(self, args: dict[str, Any]) -> None:
        fork = os.fork

        def refuse() -> int:
            if _exists(args.get("forkless_while")):
                raise BlockingIOError(11, "Resource temporarily unavailable")
            return fork()

        os.fork = refuse
        super().init(args)


def _exists(path: str | None) -> bool:
    return path is not None and Path(path).exists()
