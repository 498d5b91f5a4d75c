"""The actor of one skill: it starts the external MCP server at the first call and speaks to it.

Whatever the server does, hang, crash, print or lie, only its own callers hear of it. It is started
again at the next call, not sooner than a pause that grows while it fails. A call is never made
twice: what the server did before it died nobody knows.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import mcp_types as types

from mimo.actors.operations import Result
from mimo.actors.skills.configuration import SkillConfig, filled
from mimo.actors.skills.definitions import fingerprint
from mimo.actors.skills.messages import CallSkill, DrainSkill, ListSkillTools, ToldTools
from mimo.actors.terminal.child import environment
from mimo.config import limits, logs
from mimo.config.errors import (
    Conflict,
    DeadlineExceeded,
    InvalidRequest,
    MimoError,
    NotAvailable,
    Unavailable,
)
from mimo.config.settings import Settings
from mimo.interfaces.mcp.skill_link import Answered, Over, Ready, SkillLink
from mimo.supervision import messages as m
from mimo.supervision.gen_server import NO_REPLY, GenServer, failure

#: Pause before a skill that failed is started again: at first, and at most, in seconds.
PAUSE_S_MIN: Final = 1.0
PAUSE_S_MAX: Final = 60.0

Then = Callable[[MimoError | None], None]


@dataclass(slots=True)
class _Patience:
    """Timer payload: the drain waits no longer."""

    call: m.Call


class SkillClient(GenServer):
    """Serve the calls of one skill; see the module."""

    #: What was answered once is answered again for the same key.
    remembers_replies: ClassVar[bool] = True

    def init(self, args: dict[str, Any]) -> None:
        """Remember how the skill is started; it is started when it is needed."""
        self._settings: Settings = args["settings"]
        self._config: SkillConfig = args["config"]
        self._log = logs.get_logger(self.name)
        self._link: SkillLink | None = None
        self._tools: tuple[dict[str, Any], ...] | None = None
        self._waiting: list[Then] = []
        self._open: dict[int, m.Call] = {}
        self._last_job = 0
        self._silent = 0
        self._failures = 0
        self._not_before_s = 0.0
        self._draining: list[m.Call] = []
        self._is_draining = False

    def handle_call(self, request: Any, call: m.Call) -> Any:
        """Call a tool, tell of all, or drain."""
        match request:
            case CallSkill():
                if self._is_draining:
                    raise Unavailable(f"expected {self.name}, got its reload", retry_after_s=1.0)
                self._when_ready(lambda trouble: self._make(request, call, trouble))
            case ListSkillTools():
                self._when_ready(lambda trouble: self._tell_tools(call, trouble))
            case DrainSkill():
                self._is_draining = True
                self._draining.append(call)
                self.after(request.within_s, _Patience(call))
                self._note_drained()
            case _:
                return super().handle_call(request, call)
        return NO_REPLY

    def handle_info(self, info: Any) -> None:
        """Give up a drain."""
        if isinstance(info, _Patience) and info.call in self._draining:
            self._draining.remove(info.call)
            self.reply(info.call, len(self._open))

    def may_rest(self) -> bool:
        """Tell whether nobody waits."""
        return not self._open and not self._waiting

    def terminate(self, reason: m.ExitReason) -> None:  # noqa: ARG002
        """End the server with everything it started."""
        if self._link is not None:
            self._link.close()

    # -- Its life ----------------------------------------------------------------------------
    def _when_ready(self, then: Then) -> None:
        """Run `then` when the server has greeted, or can't; it gets the trouble, if any."""
        if self._link is not None and self._tools is not None:
            then(None)
            return
        now_s = self.clock.monotonic_s()
        if self._link is None and now_s < self._not_before_s:
            pause_s = self._not_before_s - now_s
            skill = self._config.name
            told = f"expected the skill {skill} to run, but it failed a moment ago"
            then(Unavailable(told, retry_after_s=pause_s))
            return
        self._waiting.append(then)
        if self._link is None:
            self._start()

    def _start(self) -> None:
        folder = self._settings.data_dir / "skills" / self._config.name
        env = environment(os.environ, filled(self._config, os.environ))
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._link = SkillLink(self._config.argv, env, folder)
        except OSError as error:
            self._failed(f"{self._config.argv[0]}: {error.strerror}")
            return
        self.watch_fd(self._link.fileno(), self._drain_events)

    def _drain_events(self) -> None:
        link = self._link
        for event in link.events() if link is not None else ():
            match event:
                case Ready(tools=tools):
                    self._tools, self._failures = tools, 0
                    self._log.info("skills.started", skill=self._config.name, tools=len(tools))
                    self._release(None)
                case Answered():
                    self._answered(event)
                case Over(reason=reason):
                    self._end(reason)

    def _end(self, reason: str) -> None:
        """Let go of a server that is gone, or must go."""
        if self._link is not None:
            self.unwatch_fd(self._link.fileno())
            self._link.close()
        was_ready = self._tools is not None
        self._link, self._tools, self._silent = None, None, 0
        self._log.warning("skills.ended", skill=self._config.name, reason=reason)
        lost = Unavailable(
            f"expected an answer of the skill {self._config.name}, but {reason}; whether it did"
            " what was asked is unknown"
        )
        for call in list(self._open.values()):
            self.reply(call, failure(lost))
        self._open.clear()
        self._note_drained()
        if was_ready:
            self._back_off()
            self._release(lost)
        else:
            self._failed(reason)

    def _failed(self, reason: str) -> None:
        self._back_off()
        skill = self._config.name
        place = self._settings.data_dir / "skills" / skill / "stderr.log"
        self._release(
            NotAvailable(f"expected the skill {skill} to start, but {reason}; see {place}")
        )

    def _back_off(self) -> None:
        pause_s = min(PAUSE_S_MIN * 2.0**self._failures, PAUSE_S_MAX)
        self._failures = min(self._failures + 1, 10)
        self._not_before_s = self.clock.monotonic_s() + pause_s

    def _release(self, trouble: MimoError | None) -> None:
        waiting, self._waiting = self._waiting, []
        for then in waiting:
            then(trouble)

    # -- Calls -------------------------------------------------------------------------------
    def _make(self, request: CallSkill, call: m.Call, trouble: MimoError | None) -> None:
        link = self._link
        if trouble is None and fingerprint(self._tools or ()) != request.known:
            trouble = Conflict(
                f"expected the tools of {self._config.name} as they were when it was loaded, got"
                " others; if you trust them, use meta reload_skills"
            )
        if trouble is not None or link is None:
            self.reply(call, failure(trouble or Unavailable("expected a skill, got its end")))
            return
        self._last_job += 1
        self._open[self._last_job] = call
        link.call(self._last_job, request.tool, request.arguments, request.timeout_s)

    def _tell_tools(self, call: m.Call, trouble: MimoError | None) -> None:
        told = tuple(self._tools or ())
        # More would be too long for one message.
        kept = [each for each in told if len(json.dumps(each)) <= limits.SKILL_SCHEMA_BYTES_MAX]
        size = 0
        fitting = []
        for each in kept:
            size += len(json.dumps(each))
            if size <= limits.MESSAGE_BYTES_MAX // 2:
                fitting.append(each)
        value = ToldTools(tools=tuple(fitting), fingerprint=fingerprint(told))
        self.reply(call, failure(trouble) if trouble is not None else value)

    def _answered(self, event: Answered) -> None:
        call = self._open.pop(event.job, None)
        self._silent = self._silent + 1 if event.timed_out else 0
        if call is not None:
            self.reply(call, self._value(event))
        self._note_drained()
        if self._silent >= limits.SKILL_SILENT_MAX:
            self._end("it answers no more")

    def _value(self, event: Answered) -> Any:
        skill = self._config.name
        if event.timed_out:
            return failure(DeadlineExceeded(f"expected an answer of {skill}, got {event.trouble}"))
        if event.result is None:
            return failure(InvalidRequest(f"expected {skill} to do it, got: {event.trouble}"))
        text, data = shown(event.result)
        if event.result.is_error:
            return failure(InvalidRequest(f"the skill {skill} says: {text[:2_000]}"))
        return Result(data={"output": text, **data}, untrusted=f"the skill {skill}")

    def _note_drained(self) -> None:
        if self._is_draining and not self._open:
            waiting, self._draining = self._draining, []
            for call in waiting:
                self.reply(call, 0)


def shown(result: types.CallToolResult) -> tuple[str, dict[str, Any]]:
    """Return a result's text, and its structured content if there is any; both bounded."""
    parts = [
        each.text if isinstance(each, types.TextContent) else f"({each.type} left out)"
        for each in result.content
    ]
    most = limits.SKILL_ANSWER_BYTES_MAX
    text = "\n".join(parts)
    if len(text) > most:
        text = f"{text[:most]}\n({len(text) - most} more characters left out)"
    structured = result.structured_content
    if structured and len(json.dumps(structured, default=str)) <= most:
        return text, {"structured": structured}
    return text, {}
