"""Making a project known: its code is indexed, its dependencies and links go to the graph.

How far each project is stands in the index's file, so that a worker that was killed goes on in its
successor. A project whose files hold what they held is known already.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Final

from mimo.actors.bridge.messages import CallTool
from mimo.actors.code import messages as cm
from mimo.actors.code.answers import scope_of
from mimo.actors.code.operations import CODE
from mimo.actors.code.refreshing import Refresh
from mimo.actors.knowledge.manifests import is_manifest
from mimo.actors.knowledge.places import files_under
from mimo.actors.knowledge.symbols import is_source
from mimo.actors.operations import Result
from mimo.actors.workspace import opening
from mimo.actors.workspace.places import Place, Roots
from mimo.actors.workspace.walking import Walk
from mimo.config import limits
from mimo.config.errors import Busy, InvalidRequest, MimoError
from mimo.storage.code_index import CodeIndex
from mimo.storage.code_records import Project
from mimo.supervision import messages as m
from mimo.supervision.gen_server import NO_REPLY, GenServer, failure

BRIDGE: Final = "bridge/mcp_bridge"
#: How long a call waits for its project, in seconds.
WAIT_S: Final = 4.0
_CALL_S: Final = 60.0
#: What is done after the code is indexed: name, tool, operation.
_CALLS: Final = (
    ("dependencies", "knowledge", "sync_dependencies"),
    ("knowledge_graph", "knowledge", "link"),
    ("library", "code", "library_discover"),
)
#: What a step's answer is told of, where it has it.
_TOLD: Final = (
    *("indexed_files", "total_symbols", "files", "facts_count", "ecosystems"),
    *("total_dependencies", "cached_successfully", "failed"),
)
_DEPTH_OF_MANIFESTS: Final = 3


class _Waited:
    """Timer payload: somebody has waited long enough for this project."""

    def __init__(self, work: Work, call: m.Call) -> None:
        self.work = work
        self.call = call


@dataclass(slots=True, eq=False)
class Work:
    """A project that is being made known.

    Args:
        place: Its folder.
        force: Whether to do all of it, though nothing has changed.
        project: How far it is.
        before: How it was known before, if it was.
        refresh: The look at its code.
        steps: What each step came to.
        waiting: Calls to be answered.
        request_ids: Whom to tell how far it is.
    """

    place: Place
    force: bool
    project: Project
    before: Project | None
    refresh: Refresh
    steps: dict[str, Any] = field(default_factory=dict)
    waiting: list[m.Call] = field(default_factory=list)
    request_ids: set[str] = field(default_factory=set)


class Onboarding:
    """The projects that are being made known.

    Args:
        owner: The actor whose calls these are.
        index: What is known.
        roots: What may be seen.
        refresh: Has a refresh done and a continuation called with its error or None.
    """

    def __init__(
        self,
        owner: GenServer,
        index: CodeIndex,
        roots: Roots,
        refresh: Callable[[Refresh, Callable[[MimoError | None], None]], Refresh],
    ) -> None:
        self._owner = owner
        self._index = index
        self._roots = roots
        self._refresh = refresh
        self._works: dict[str, Work] = {}

    @property
    def is_at_work(self) -> bool:
        """Tell whether a project is open."""
        return bool(self._works)

    def resume(self) -> None:
        """Go on with what an earlier process began."""
        for project in self._index.running():
            try:
                place = self._roots.resolve(project.path)
            except MimoError as error:
                steps = json.dumps({"code_symbols": _failed(error.code, error.message)})
                now_s = self._owner.clock.wall_s()
                ended = project._replace(state="failed", ended_s=now_s, steps=steps)
                self._index.put_project(ended)
                continue
            self._start(place, project, None, force=True)

    def begin(self, request: cm.Onboard, call: m.Call) -> Any:
        """Begin with a project, or wait for what has begun.

        Raises:
            MimoError: Its folder isn't allowed or isn't there, or too many are open.
        """
        place = self._folder(request.path)
        path = str(place)
        work = self._works.get(path)
        if work is None:
            if len(self._works) >= limits.ONBOARDED_AT_A_TIME_MAX:
                raise Busy(
                    f"expected at most {limits.ONBOARDED_AT_A_TIME_MAX} projects at a time, got one"
                    " more",
                    retry_after_s=10.0,
                )
            before = self._index.project(path)
            project = Project(path, "", "running", self._owner.clock.wall_s(), None, "{}")
            self._index.put_project(project)
            work = self._start(place, project, before, force=request.force)
        work.waiting.append(call)
        work.request_ids.add(request.request_id)
        self._owner.after(WAIT_S, _Waited(work, call))
        return NO_REPLY

    def status(self, request: cm.OnboardStatus) -> dict[str, Any]:
        """Return how far a project is known.

        Raises:
            MimoError: Its folder isn't allowed or isn't there.
        """
        place = self._folder(request.path)
        work = self._works.get(str(place))
        if work is not None:
            return self._told(work.project, work.steps, work.refresh.progress())
        project = self._index.project(str(place))
        if project is None:
            return {
                "path": self._roots.shown(place),
                "status": "idle",
                "message": "nobody has made this folder known; call onboard with start",
            }
        return self._told(project, json.loads(project.steps))

    def handle(self, info: Any) -> bool:
        """Answer who has waited long enough; tell whether that was it."""
        if not isinstance(info, _Waited):
            return False
        if info.call in info.work.waiting:
            info.work.waiting.remove(info.call)
            progress = info.work.refresh.progress()
            told = self._told(info.work.project, info.work.steps, progress)
            self._owner.reply(info.call, Result(data=told))
        return True

    def asking(self) -> Iterator[tuple[str, Refresh]]:
        """Yield what each call waits for."""
        for work in self._works.values():
            for request_id in work.request_ids if work.waiting else ():
                yield request_id, work.refresh

    def _folder(self, path: str) -> Place:
        place = scope_of(self._roots, path)[0]
        if not place.path.is_dir():
            raise InvalidRequest(f"expected a folder, got {path[:200]}; name the project's folder")
        return place

    # -- The steps ---------------------------------------------------------------------------
    def _start(
        self, place: Place, project: Project, before: Project | None, *, force: bool
    ) -> Work:
        refresh = Refresh((place,), self._index, self._roots, force=force and before is not None)
        work = Work(place, force, project, before, refresh)
        self._works[project.path] = work
        work.refresh = self._refresh(refresh, lambda error: self._indexed(work, error))
        return work

    def _indexed(self, work: Work, error: MimoError | None) -> None:
        """Compare with what was known, and go on if anything is new."""
        paths = (work.project.path,)
        if error is not None:
            work.steps["code_symbols"] = _failed(error.code, error.message)
            self._end(work, "failed")
            return
        totals = self._index.totals(paths)
        found = {"indexed_files": totals.files, "total_symbols": totals.symbols}
        work.steps["code_symbols"] = {"state": "completed", **found}
        mark = self._fingerprint(work)
        work.project = work.project._replace(fingerprint=mark)
        before = work.before
        is_known = before is not None and (before.state, before.fingerprint) == ("completed", mark)
        if before is not None and is_known and not work.force:
            work.steps = json.loads(before.steps)
            self._end(work, "completed", shown="cached")
            return
        self._call_next(work, [call for call in _CALLS if _is_offered(*call)])

    def _call_next(self, work: Work, calls: list[tuple[str, str, str]]) -> None:
        if not calls:
            failed = any(step["state"] == "failed" for step in work.steps.values())
            self._end(work, "partial" if failed else "completed")
            return
        (step, tool, operation), *rest = calls
        if not _has_files_for(step, work.place):
            work.steps[step] = {"state": "skipped", "message": "it has no files for that"}
            self._call_next(work, rest)
            return
        key = f"onboard:{work.project.path}:{work.project.began_s}:{step}"
        request = CallTool(
            tool=tool,
            operation=operation,
            arguments={"path": work.project.path},
            key=hashlib.sha256(key.encode()).hexdigest()[:32],
            client="onboard",
            connection=self._owner.name,
            request_id=key[:64],
            timeout_s=_CALL_S,
        )

        def got(value: Any) -> None:
            work.steps[step] = _outcome(value)
            self._call_next(work, rest)

        try:
            self._owner.call(BRIDGE, request, got, timeout_s=_CALL_S + 1.0, key=request.key)
        except MimoError as error:
            got(failure(error))

    def _end(self, work: Work, state: str, *, shown: str = "") -> None:
        ended_s = self._owner.clock.wall_s()
        work.project = work.project._replace(
            state=state, ended_s=ended_s, steps=json.dumps(work.steps)
        )
        del self._works[work.project.path]
        self._index.put_project(work.project)
        told = self._told(work.project, work.steps)
        for call in work.waiting:
            self._owner.reply(call, Result(data=told | ({"status": shown} if shown else {})))
        work.waiting.clear()

    def _fingerprint(self, work: Work) -> str:
        """Return a hash over the contents of a project's source files and manifests.

        The same contents in another folder have the same one.
        """
        found = hashlib.sha256()
        base = work.project.path
        for path, content in self._index.hashes((base,)):
            found.update(f"{PurePath(path).relative_to(base)}\0{content}\0".encode())
        walk = Walk(work.place, self._roots, leaves_out=_no_manifest, depth=_DEPTH_OF_MANIFESTS)
        for place in walk.files():
            try:
                data = opening.read(place, limits.CODE_FILE_BYTES_MAX).data
            except MimoError:
                continue
            found.update(f"{place.name}\0{hashlib.sha256(data).hexdigest()}\0".encode())
        return found.hexdigest()[:16]

    def _told(self, project: Project, steps: dict[str, Any], progress: str = "") -> dict[str, Any]:
        told = {
            "path": self._roots.shown(self._roots.resolve(project.path)),
            "status": project.state,
            "fingerprint": project.fingerprint,
            "results": steps,
            "message": _MESSAGES[project.state],
        }
        return told | ({"progress": progress} if progress else {})


_MESSAGES: Final = {
    "running": "it is being read in the background; ask with status how far it is",
    "completed": "everything is known; code.search, code.definition and knowledge.query answer",
    "partial": "the code is known; results say which step failed and why",
    "failed": "it could not be read; results say why",
}


def _is_offered(_step: str, tool: str, operation: str) -> bool:
    return tool != CODE.name or CODE.operation(operation) is not None


def _has_files_for(step: str, place: Place) -> bool:
    wanted = is_source if step == "knowledge_graph" else is_manifest
    return next(files_under(place.path, wanted, 1), None) is not None


def _outcome(value: Any) -> dict[str, Any]:
    if isinstance(value, Result):
        told: dict[str, Any] = {name: value.data[name] for name in _TOLD if name in value.data}
        return {"state": "completed", **told}
    if isinstance(value, m.Failure):
        return _failed(value.code, value.message)
    return _failed("internal", "it gave no answer")


def _failed(code: str, message: str) -> dict[str, Any]:
    return {"state": "failed", "code": code, "message": message[:300]}


def _no_manifest(parts: tuple[str, ...]) -> str:
    return "" if is_manifest(parts[-1]) else "no manifest"
