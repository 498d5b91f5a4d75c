"""The files of a directory or glob: sorted, without what is hidden, ignored, secret or a link."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from mimo.actors.ingest.formats import READ_SUFFIXES
from mimo.actors.ingest.places import Roots
from mimo.actors.workspace import walking
from mimo.actors.workspace.globs import matches, split_glob
from mimo.config import limits
from mimo.config.errors import InvalidRequest

__all__ = ["Walk", "matches", "split_glob"]


class Walk:
    """One look at a directory, in turns: take `files` bit by bit.

    Args:
        base: Resolved directory.
        pattern: Glob of the files wanted, below `base`; "" for all that can be read.
        roots: What may be read.
    """

    def __init__(self, base: Path, pattern: str, roots: Roots) -> None:
        self.base = base
        self._wanted = tuple(pattern.split("/")) if pattern else ()
        self._walk = walking.Walk(
            roots.place(str(base)), roots.workspace(), leaves_out=self._unwanted
        )

    @property
    def skipped(self) -> Counter[str]:
        """Return how many entries were left out so far, by reason."""
        return self._walk.skipped

    def files(self) -> Iterator[Path]:
        """Yield the files, folder by folder, sorted by name.

        Raises:
            InvalidRequest: There are more than `limits.INGEST_FILES_MAX`.
        """
        for count, place in enumerate(self._walk.files(), 1):
            if count > limits.INGEST_FILES_MAX:
                raise InvalidRequest(
                    f"expected at most {limits.INGEST_FILES_MAX} files, got more below"
                    f" {self.base}; ingest its folders one by one, or narrow the glob"
                )
            yield place.path

    def _unwanted(self, parts: tuple[str, ...]) -> str:
        if self._wanted:
            return "" if matches(parts, self._wanted) else "not matched"
        suffix = Path(parts[-1]).suffix
        return "" if suffix.lower() in READ_SUFFIXES else "other form"
