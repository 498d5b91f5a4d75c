"""Reads files one by one and keeps what each says; the graph's process goes on meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from mimo.actors.ingest.places import Roots, read_file
from mimo.actors.knowledge import messages as km
from mimo.actors.knowledge.manifests import is_manifest, parse
from mimo.actors.knowledge.places import files_under
from mimo.actors.knowledge.sources import FILE, MANIFEST, file_facts, manifest_facts
from mimo.actors.knowledge.symbols import is_source, symbols_of
from mimo.actors.knowledge.view import View
from mimo.config import limits
from mimo.config.errors import InvalidRequest, MimoError
from mimo.config.settings import Settings
from mimo.storage import knowledge
from mimo.storage.commands import Edit
from mimo.storage.knowledge_records import NewFact
from mimo.storage.knowledge_upkeep import SyncSource
from mimo.supervision import messages as m
from mimo.supervision.gen_server import failure


class Keeper(Protocol):
    """What a gathering needs of the graph's process."""

    def view(self, read: Callable[[View], Any]) -> Any:
        """Return what `read` makes of one snapshot."""

    def commit(self, edit: Edit, then: Callable[[Any], None]) -> None:
        """Have an edit written once."""

    def finish(self, call: m.Call, project: str, reply: dict[str, Any]) -> None:
        """Bring what follows up to date, then answer."""

    def later(self, step: Callable[[], None]) -> None:
        """Let other calls have their turn, then run `step`."""

    def reply(self, call: m.Call, value: Any) -> None:
        """Answer a call."""


class Gathering:
    """One `link` or `sync_dependencies`: a write for each file.

    Args:
        keeper: The graph's process.
        call: What is answered at the end.
        request: What was asked for.
        settings: Say which folders may be read.
    """

    def __init__(
        self,
        keeper: Keeper,
        call: m.Call,
        request: km.LinkPath | km.SyncDependencies,
        settings: Settings,
    ) -> None:
        self._keeper = keeper
        self._call = call
        self._request = request
        # What is onboarded lies in the workspace.
        allowed = (*settings.ingest.roots, *settings.workspace.roots)
        self._roots = Roots(allowed=allowed, refused=(settings.data_dir,))
        self._is_manifests = isinstance(request, km.SyncDependencies)
        self._prefix = MANIFEST if self._is_manifests else FILE
        self._details: list[dict[str, Any]] = []
        self._counts: Counter[str] = Counter()
        self._withdrawn: list[list[Any]] = []
        self._ecosystems: set[str] = set()

    def start(self) -> None:
        """Look which files there are, and begin with the first."""
        try:
            place = self._roots.resolve(self._request.path)
            wanted = is_manifest if self._is_manifests else is_source
            files = list(files_under(place, wanted, limits.LINKED_FILES_MAX))
            before = self._keeper.view(
                lambda view: knowledge.sources_under(
                    view.link, self._request.project, f"{self._prefix}{place}"
                )
            )
        except MimoError as error:
            self._keeper.reply(self._call, failure(error))
            return
        now = {f"{self._prefix}{file}" for file in files}
        inside = (f"{self._prefix}{place}", f"{self._prefix}{place}/")
        lost = [
            Path(source.removeprefix(self._prefix))
            for source in before
            if source not in now and (source == inside[0] or source.startswith(inside[1]))
        ]
        if not files and not lost:
            what = "a manifest such as pyproject.toml" if self._is_manifests else "source code"
            nothing = InvalidRequest(
                f"expected {what} at {self._request.path[:200]!r}, got none; give its folder"
            )
            self._keeper.reply(self._call, failure(nothing))
            return
        # A file beyond the limit isn't gone.
        self._next([*files, *(lost if len(files) < limits.LINKED_FILES_MAX else ())])

    def _next(self, files: list[Path]) -> None:
        if not files:
            self._end()
            return
        file, rest = files[0], files[1:]
        detail: dict[str, Any] = {"path": str(file)}
        try:
            facts = self._facts(file, detail)
        except MimoError as error:
            # What can't be read isn't gone: what it said before stays.
            self._details.append(detail | {"problem": error.message})
            self._counts["unread"] += 1
            self._keeper.later(lambda: self._next(rest))
            return
        edit = SyncSource(
            key=f"{self._request.key}:{file}" if self._request.key else "",
            project=self._request.project,
            source=f"{self._prefix}{file}",
            facts=facts,
        )

        def written(value: Any) -> None:
            if isinstance(value, m.Failure):
                self._keeper.reply(self._call, value)
                return
            self._count(value, detail)
            self._keeper.later(lambda: self._next(rest))

        self._keeper.commit(edit, written)

    def _facts(self, file: Path, detail: dict[str, Any]) -> tuple[NewFact, ...]:
        if not file.exists():
            detail["gone"] = True
            return ()
        root = self._roots.root_of(file)
        if root is None:
            raise self._roots.outside(str(file))
        text = read_file(file, root).decode("utf-8", "replace")
        if not self._is_manifests:
            return file_facts(symbols_of(file.name, text), file)
        manifest = parse(file.name, text)
        self._ecosystems.add(manifest.ecosystem)
        detail |= {"ecosystem": manifest.ecosystem, "project": manifest.project}
        return manifest_facts(manifest, file)

    def _count(self, reply: dict[str, Any], detail: dict[str, Any]) -> None:
        for name in ("added", "kept", "removed"):
            self._counts[name] += reply[name]
            detail[name] = reply[name]
        self._withdrawn += reply["withdrawn"]
        self._details.append(detail)

    def _end(self) -> None:
        reply: dict[str, Any] = {
            "files": sum(1 for each in self._details if "gone" not in each),
            "facts_count": self._counts["added"] + self._counts["kept"],
            "added": self._counts["added"],
            "removed": self._counts["removed"],
            "unread_files": self._counts["unread"],
            "details": self._details[: limits.PAGE_MAX],
            "withdrawn": self._withdrawn,
        }
        if self._is_manifests:
            reply["ecosystems"] = sorted(self._ecosystems)
        self._keeper.finish(self._call, self._request.project, reply)
