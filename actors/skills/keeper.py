"""The actor that keeps the skills: it reads their file, replaces what changed, learns their tools.

Each skill is a child of the supervisor `tools/skills`, started at the first call to it. A reload
drains: a skill's open calls end first, calls that come meanwhile wait for its successor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from mimo.actors.operations import Result
from mimo.actors.skills import manifest
from mimo.actors.skills.configuration import SkillConfig, SkillsFile, read_file
from mimo.actors.skills.manifest import Loaded
from mimo.actors.skills.messages import (
    DrainSkill,
    ListSkillTools,
    ReloadSkills,
    SkillsChanged,
    ToldTools,
)
from mimo.config import limits, logs
from mimo.config.errors import Busy, MimoError, NotAvailable
from mimo.config.settings import Settings
from mimo.supervision import messages as m
from mimo.supervision.gen_server import NO_REPLY, GenServer, failure
from mimo.supervision.specs import ChildSpec

SUPERVISOR: Final = "tools/skills"
KEEPER: Final = "tools/skill_keeper"
BRIDGE: Final = "bridge/mcp_bridge"
#: A dotted path, since the client's library belongs to a higher layer.
CLIENT: Final = "mimo.interfaces.mcp.skill_client.SkillClient"
#: How long a supervisor may take to obey, in seconds.
COMMAND_S: Final = 10.0
#: A skill that could not be loaded by itself is tried again after this long, each time twice as
#: long: a first start may download the skill.
RETRY_S: Final = 15.0
RETRIES_MAX: Final = 5


def actor_of(skill: str) -> str:
    """Return the name of a skill's actor."""
    return f"{SUPERVISOR}/{skill}"


@dataclass(slots=True)
class _Again:
    """Timer payload: try the skills that could not be loaded again."""

    attempt: int


@dataclass(slots=True)
class _Reload:
    """A reload under way: who waits, what was read, what came of each skill so far."""

    call: m.Call | None
    request: ReloadSkills
    file: SkillsFile
    loaded: dict[str, Loaded]
    pending: set[str] = field(default_factory=set)
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    attempt: int = 0


class SkillKeeper(GenServer):
    """Load, reload and drop skills; see the module."""

    #: A reload that is asked for again is made again.
    remembers_replies: ClassVar[bool] = False

    def init(self, args: dict[str, Any]) -> None:
        """Wait to be asked."""
        self._settings: Settings = args["settings"]
        self._log = logs.get_logger(self.name)
        self._reload: _Reload | None = None
        self._retries = 0
        self.follow(BRIDGE, SUPERVISOR)

    def handle_call(self, request: Any, call: m.Call) -> Any:
        """Reload."""
        if not isinstance(request, ReloadSkills):
            return super().handle_call(request, call)
        if not self._settings.skills.enabled or self._settings.tools.read_only:
            raise NotAvailable("expected skills, got skills.enabled = false or tools.read_only")
        if self._reload is not None:
            raise Busy("expected one reload at a time, got another; wait", retry_after_s=1.0)
        self._begin(call, request)
        return NO_REPLY

    def handle_info(self, info: Any) -> None:
        """Try again what could not be loaded."""
        if isinstance(info, _Again):
            self._retries -= 1
            if self._reload is None:
                self._begin(None, ReloadSkills(force=False, as_result=False), info.attempt)

    def may_rest(self) -> bool:
        """Tell whether no reload is under way or planned."""
        return self._reload is None and not self._retries

    # -- Steps -------------------------------------------------------------------------------
    def _begin(self, call: m.Call | None, request: ReloadSkills, attempt: int = 0) -> None:
        """Read the file and ask which skills there are."""
        settings = self._settings.skills
        file = read_file(
            settings.file or self._settings.data_dir / "skills.json",
            commands=settings.commands,
            variables=settings.variables,
        )
        known = manifest.read(self._settings.data_dir)
        self._reload = _Reload(call, request, file, known, attempt=attempt)
        self._command(m.WhichChildren(), self._compared)

    def _compared(self, answer: Any) -> None:
        """Decide what to do about each skill, once it is known which there are."""
        reload = self._reload
        if reload is None or isinstance(answer, m.Failure):
            self._finish(answer)
            return
        there = {row.name.removeprefix(f"{SUPERVISOR}/") for row in answer}
        wanted = reload.file.skills
        reload.pending = {*there, *wanted}
        if not reload.pending:
            self._finish(None)
        for name in sorted(reload.pending):
            reload.rows[name] = {"skill": name, "state": "ready"}
            config = wanted.get(name)
            is_same = (
                config is not None
                and name in reload.loaded
                and reload.loaded[name].mark == config.mark
                and not reload.request.force
            )
            if name in there and is_same:
                self._done(name)
            elif name in there:
                self._drain(name, config)
            elif config is not None:
                self._start(name, config, is_known=is_same)

    def _drain(self, name: str, config: SkillConfig | None) -> None:
        def drained(answer: Any) -> None:
            left = answer if isinstance(answer, int) else 0
            self._row(name)["left_open"] = left
            self._command(m.TerminateChild(name=actor_of(name)), stopped)

        def stopped(_answer: Any) -> None:
            self._command(m.DeleteChild(name=actor_of(name)), deleted)

        def deleted(_answer: Any) -> None:
            if config is None:
                self._drop(name)
            else:
                self._start(name, config, is_known=False)

        within_s = limits.SKILL_DRAIN_S
        self._ask(actor_of(name), DrainSkill(within_s=within_s), drained, within_s + 2.0)

    def _drop(self, name: str) -> None:
        if self._reload is not None:
            self._reload.loaded.pop(name, None)
        self._row(name)["state"] = "removed"
        self._done(name)

    def _start(self, name: str, config: SkillConfig, *, is_known: bool) -> None:
        spec = ChildSpec(
            id=actor_of(name),
            start=CLIENT,
            args={"settings": self._settings, "config": config},
            on_demand=True,
            rest_after_s=limits.SKILL_IDLE_S,
        )

        def started(answer: Any) -> None:
            if isinstance(answer, m.Failure):
                self._fail(name, answer.message)
            elif is_known:
                self._done(name)
            else:
                timeout_s = limits.SKILL_START_S + 5.0
                self._ask(actor_of(name), ListSkillTools(), learnt, timeout_s)

        def learnt(answer: Any) -> None:
            if not isinstance(answer, ToldTools):
                self._fail(name, answer.message if isinstance(answer, m.Failure) else "no answer")
                return
            if self._reload is not None:
                self._reload.loaded[name] = Loaded(
                    mark=config.mark,
                    confirm=config.confirm,
                    known=answer.fingerprint,
                    told=answer.tools,
                )
            self._done(name)

        self._command(m.StartChild(spec=spec), started)

    def _fail(self, name: str, problem: str) -> None:
        if self._reload is not None:
            self._reload.loaded.pop(name, None)
        self._row(name).update(state="failed", problem=problem)
        self._done(name)

    def _done(self, name: str) -> None:
        reload = self._reload
        if reload is not None:
            reload.pending.discard(name)
            if not reload.pending:
                self._finish(None)

    def _finish(self, trouble: Any) -> None:
        """Write the manifest, tell the bridge, answer."""
        reload, self._reload = self._reload, None
        if reload is None:
            return
        if isinstance(trouble, m.Failure):
            self._answer(reload, trouble)
            return
        kept = {name: one for name, one in reload.loaded.items() if name in reload.file.skills}
        try:
            manifest.write(self._settings.data_dir, kept)
        except OSError as error:
            problem = f"expected to write the manifest of skills, got {error.strerror}"
            self._answer(reload, failure(NotAvailable(problem)))
            return
        self.cast(BRIDGE, SkillsChanged())
        self._log.info("skills.loaded", skills=len(kept), problems=len(reload.file.problems))
        data = _report(reload, kept)
        self._answer(reload, Result(data=data) if reload.request.as_result else data)
        has_failed = any(row["state"] == "failed" for row in reload.rows.values())
        if has_failed and not reload.request.as_result and reload.attempt < RETRIES_MAX:
            self._retries += 1
            self.after(RETRY_S * 2.0**reload.attempt, _Again(reload.attempt + 1))

    def _answer(self, reload: _Reload, value: Any) -> None:
        if reload.call is not None:
            self.reply(reload.call, value)

    def _row(self, name: str) -> dict[str, Any]:
        return self._reload.rows[name] if self._reload is not None else {}

    def _command(self, request: Any, then: Callable[[Any], None]) -> None:
        self._ask(SUPERVISOR, request, then, COMMAND_S)

    def _ask(
        self, target: str, request: Any, then: Callable[[Any], None], timeout_s: float
    ) -> None:
        try:
            self.call(target, request, then, timeout_s=timeout_s, retry=False)
        except MimoError as error:
            then(failure(error))


def _report(reload: _Reload, kept: Mapping[str, Loaded]) -> dict[str, Any]:
    tools, left_out = manifest.tools(kept, ())
    for name, row in reload.rows.items():
        row["tools"] = [each.name for each in tools if each.skill == name]
        if left_out.get(name):
            row["left_out"] = left_out[name]
    problems = [
        {"skill": name, "state": "refused", "problem": text}
        for name, text in reload.file.problems.items()
    ]
    rows = [*reload.rows.values(), *problems]
    return {"status": "reloaded", "skills": rows, "count": len(kept)}
