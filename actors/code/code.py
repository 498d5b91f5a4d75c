"""The actor of the `code` and `onboard` tools: owns the index, and answers from it.

Each question first looks at the files that it is about, and what has changed is read anew by a
child process. Whoever can't wait for a large folder gets what is there, and is told so; the work
goes on behind.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from mimo.actors.bridge.messages import CallProgress
from mimo.actors.code import jobs
from mimo.actors.code import messages as cm
from mimo.actors.code.answers import Answers, scope_of
from mimo.actors.code.grammars import grammar_of, language_of
from mimo.actors.code.jobs import Jobs
from mimo.actors.code.onboarding import Onboarding
from mimo.actors.code.probing import Probe, answer_of, reader_of
from mimo.actors.code.reader import Reader
from mimo.actors.code.refreshing import Refresh
from mimo.actors.operations import Result
from mimo.actors.workspace.places import workspace
from mimo.config import limits
from mimo.config.errors import Busy, InvalidRequest, MimoError
from mimo.config.settings import Settings
from mimo.storage.code_index import CodeIndex
from mimo.supervision import messages as m
from mimo.supervision.gen_server import NO_REPLY, GenServer, failure

BRIDGE = "bridge/mcp_bridge"
#: How long it works before it looks at its mailbox, in seconds.
SLICE_S = 0.05
#: How long a question waits for the index; below what the bridge's breaker calls slow, in seconds.
WAIT_S = 4.0
#: How often a reader is looked after, in seconds, and how many looks without work it is kept: to
#: start another one and load its grammars takes 0.1 s.
LOOK_S = 2.0
IDLE_LOOKS = 8


class _Go:
    """Timer payload: go on with the work."""


class _Look:
    """Timer payload: see to a reader that is overdue, or has nothing to do."""


class _Waited:
    """Timer payload: somebody has waited long enough."""

    def __init__(self, waiting: _Waiting) -> None:
        self.waiting = waiting


@dataclass(slots=True, eq=False)
class _Waiting:
    """A question that waits for its refresh."""

    call: m.Call
    question: cm.Question
    refresh: Refresh
    timer: int = 0


class Code(GenServer):
    """Answer about source code; see the module."""

    #: Reads only: a repeated question may have another answer.
    remembers_replies: ClassVar[bool] = False

    def init(self, args: dict[str, Any]) -> None:
        """Open the index; no grammar is loaded in this process at all."""
        settings: Settings = args["settings"]
        self._roots = workspace(settings)
        self._index = CodeIndex(settings.paths.code_index)
        self._answers = Answers(self._index, self._roots)
        self._jobs = Jobs(self._index, self.clock, self._watch, self._unwatch)
        self._waiting: list[_Waiting] = []
        self._probes: list[Probe] = []
        self._goes = False
        self._looks = False
        self._idle_looks = 0
        self._onboarding = Onboarding(self, self._index, self._roots, self._refresh)
        self._onboarding.resume()

    def handle_call(self, request: Any, call: m.Call) -> Any:
        """Answer what `messages.py` says."""
        match request:
            case cm.Parse():
                return self._parse(request, call)
            case cm.Onboard():
                return self._onboarding.begin(request, call)
            case cm.OnboardStatus():
                return Result(data=self._onboarding.status(request))
            case (
                cm.Symbols()
                | cm.Search()
                | cm.Definition()
                | cm.References()
                | cm.CallGraph()
                | cm.Index()
            ):
                return self._ask(request, call)
            case _:
                return super().handle_call(request, call)

    def handle_info(self, info: Any) -> None:
        """Go on, or answer who has waited long enough."""
        match info:
            case _Go():
                self._goes = False
                self._go()
            case _Look():
                self._look()
            case _Waited():
                self._answer(info.waiting)
            case _:
                if not self._onboarding.handle(info):
                    super().handle_info(info)

    def terminate(self, reason: m.ExitReason) -> None:  # noqa: ARG002
        """End the readers and close the index."""
        self._jobs.close()
        for probe in self._probes:
            probe.reader.end()
        self._index.close()

    def may_rest(self) -> bool:
        """Tell whether nothing is being read; the index is a file."""
        return not len(self._jobs) and not self._probes and not self._onboarding.is_at_work

    def statistics_extra(self) -> dict[str, Any]:
        """Add what is being done."""
        return {"refreshes": len(self._jobs), "waiting": len(self._waiting)}

    # -- Questions ---------------------------------------------------------------------------
    def _ask(self, question: cm.Question, call: m.Call) -> Any:
        if len(self._waiting) >= limits.CODE_WAITING_MAX:
            raise Busy(
                f"expected at most {limits.CODE_WAITING_MAX} calls that wait, got one more",
                retry_after_s=1.0,
            )
        scope = scope_of(self._roots, question.path)
        if question.path and not scope[0].path.is_dir() and not language_of(scope[0].name):
            raise InvalidRequest(
                f"expected a source file or a folder, got {question.path[:200]};"
                " name one whose language is understood"
            )
        force = isinstance(question, cm.Index) and question.force
        refresh = Refresh(scope, self._index, self._roots, force=force)
        waiting = _Waiting(call, question, refresh)
        self._waiting.append(waiting)
        waiting.refresh = self._refresh(refresh, lambda error: self._answer(waiting, error))
        waiting.timer = self.after(WAIT_S, _Waited(waiting))
        return NO_REPLY

    def _answer(self, waiting: _Waiting, error: MimoError | None = None) -> None:
        """Answer from what is there now, once."""
        if waiting not in self._waiting:
            return
        self._waiting.remove(waiting)
        self.cancel(waiting.timer)
        refresh, question = waiting.refresh, waiting.question
        try:
            if error is not None:
                raise error
            data = self._answers.to(question, refresh.scope)
        except MimoError as trouble:
            self.reply(waiting.call, failure(trouble))
            return
        if isinstance(question, cm.Index):
            data |= {
                "state": "completed" if refresh.is_over else "running",
                "changed_files": refresh.changed,
                "removed_files": refresh.removed,
            }
        self.reply(waiting.call, Result(data=data, degraded=refresh.missing()))

    # -- Working -----------------------------------------------------------------------------
    def _refresh(self, refresh: Refresh, then: Callable[[MimoError | None], None]) -> Refresh:
        """Have a refresh done and `then` called; return the one that is done for it."""
        job = self._jobs.add(refresh, then)
        self._go_soon()
        return job.refresh

    def _go_soon(self) -> None:
        if not self._goes:
            self._goes = True
            self.after(0.0, _Go())

    def _go(self) -> None:
        if self._jobs.work(self.clock.monotonic_s() + SLICE_S):
            self._go_soon()

    def _watch(self, reader: Reader) -> None:
        self.watch_fd(reader.fileno(), self._fetch)
        if not self._looks:
            self._looks = True
            self.after(LOOK_S, _Look())

    def _unwatch(self, reader: Reader) -> None:
        self.unwatch_fd(reader.fileno())

    def _fetch(self) -> None:
        self._jobs.fetch()
        self._tell_progress()
        self._go()

    def _look(self) -> None:
        """End a reader that hangs, and one that has had nothing to do for a while."""
        self._looks = False
        self._idle_looks = 0 if len(self._jobs) else self._idle_looks + 1
        if self._jobs.overdue_s > jobs.OVERDUE_S:
            self._jobs.give_up()
            self._go_soon()
        for probe in [each for each in self._probes if self.clock.monotonic_s() > each.ends_s]:
            self._end_probe(probe)
        if self._idle_looks >= IDLE_LOOKS:
            self._jobs.close()
        if self._jobs.reader is not None or self._probes:
            self._looks = True
            self.after(LOOK_S, _Look())

    def _tell_progress(self) -> None:
        for request_id, refresh in (*self._asking(), *self._onboarding.asking()):
            self.cast(BRIDGE, CallProgress(request_id=request_id, text=refresh.progress()))

    def _asking(self) -> Iterator[tuple[str, Refresh]]:
        for each in self._waiting:
            if isinstance(each.question, cm.Index):
                yield each.question.request_id, each.refresh

    # -- Parsing -----------------------------------------------------------------------------
    def _parse(self, request: cm.Parse, call: m.Call) -> Any:
        if bool(request.path) == bool(request.source):
            raise InvalidRequest("expected either path or source, got both or none; give one")
        if len(self._probes) >= limits.CODE_PROBES_MAX:
            raise Busy("expected fewer texts at a time to be parsed", retry_after_s=1.0)
        place = self._roots.resolve(request.path) if request.path else None
        language = request.language or (language_of(place.name) if place is not None else "")
        grammar_of(language)
        probe = Probe(
            call=call,
            request=request,
            shown=self._roots.shown(place) if place is not None else "",
            language=language,
            reader=reader_of(
                jobs.opened(place) if place is not None else _written(request.source), language
            ),
            ends_s=self.clock.monotonic_s() + jobs.OVERDUE_S,
        )
        self._probes.append(probe)
        self.watch_fd(probe.reader.fileno(), lambda: self._fetch_probe(probe))
        if not self._looks:
            self._looks = True
            self.after(LOOK_S, _Look())
        return NO_REPLY

    def _fetch_probe(self, probe: Probe) -> None:
        probe.answers += probe.reader.receive()
        if probe.answers or probe.reader.is_gone:
            self._end_probe(probe)

    def _end_probe(self, probe: Probe) -> None:
        self._probes.remove(probe)
        self.unwatch_fd(probe.reader.fileno())
        probe.reader.end()
        try:
            self.reply(probe.call, Result(data=answer_of(probe)))
        except MimoError as error:
            self.reply(probe.call, failure(error))


def _written(source: str) -> int:
    """Return the number of a nameless file that holds a text."""
    with tempfile.TemporaryFile() as file:
        file.write(source.encode("utf-8", "replace"))
        file.flush()
        return os.dup(file.fileno())
