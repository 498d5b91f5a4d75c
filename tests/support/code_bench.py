"""An index of code over a real folder, with a real reader, without actors."""

from __future__ import annotations

import contextlib
import select
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mimo.actors.code import messages as cm
from mimo.actors.code.answers import Answers, scope_of
from mimo.actors.code.jobs import Jobs
from mimo.actors.code.refreshing import Refresh
from mimo.actors.workspace.places import Roots
from mimo.config.clock import SYSTEM_CLOCK
from mimo.config.errors import MimoError
from mimo.storage.code_index import CodeIndex

#: How long a reader may say nothing, in seconds.
SILENT_S = 60.0


@dataclass(slots=True)
class Bench:
    """A folder with its index.

    Args:
        root: The folder.
        roots: It alone.
        index: What is known.
        jobs: What brings it up to date.
        errors: What ended refreshes.
    """

    root: Path
    roots: Roots
    index: CodeIndex
    jobs: Jobs
    errors: list[MimoError] = field(default_factory=list)

    def refresh(self, path: str = "", *, force: bool = False) -> Refresh:
        """Bring a file or folder up to date, or all."""
        refresh = Refresh(scope_of(self.roots, path), self.index, self.roots, force=force)
        self.jobs.add(refresh, lambda error: self.errors.append(error) if error else None)
        self.finish()
        return refresh

    def finish(self) -> None:
        """Work until nothing is left."""
        while len(self.jobs):
            if not self.jobs.work(SYSTEM_CLOCK.monotonic_s() + 1.0) and len(self.jobs):
                reader = self.jobs.reader
                assert reader is not None
                assert select.select([reader], [], [], SILENT_S)[0], "the reader hangs"
                self.jobs.fetch()

    def ask(self, question: cm.Question) -> dict[str, Any]:
        """Bring what a question is about up to date, and answer it."""
        self.refresh(question.path)
        answers = Answers(self.index, self.roots)
        return answers.to(question, scope_of(self.roots, question.path))


@contextlib.contextmanager
def bench(folder: Path) -> Iterator[Bench]:
    """Have `folder/work` and its index beside it."""
    root = folder.resolve() / "work"
    root.mkdir(exist_ok=True)
    roots = Roots(allowed=(root,), refused=(folder / "data",))
    index = CodeIndex(folder / "data" / "cache" / "code_index.db")
    jobs = Jobs(index, SYSTEM_CLOCK, lambda _: None, lambda _: None)
    try:
        yield Bench(root, roots, index, jobs)
    finally:
        jobs.close()
        index.close()
