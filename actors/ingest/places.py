"""Which files may be read for memories: inside `ingest.roots`, no secrets, regular files only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mimo.actors.workspace import opening
from mimo.actors.workspace.places import Place, real_path
from mimo.actors.workspace.places import Roots as WorkspaceRoots
from mimo.config import limits
from mimo.config.errors import InvalidRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Roots:
    """Folders below which files may be read.

    Args:
        allowed: Absolute paths; they may be links.
        refused: Folders inside them that may not, such as Mimo's own data.
    """

    allowed: tuple[Path, ...]
    refused: tuple[Path, ...] = ()

    def place(self, given: str) -> Place:
        """Return the place that was named, inside the allowed folders.

        Raises:
            InvalidRequest: It isn't absolute, lies outside, in a hidden folder, or is a secret.
            NotAvailable: No folder is allowed.
            NotFound: There is nothing.
        """
        if not given.startswith(("/", "~")):
            raise InvalidRequest(
                f"expected an absolute path (or one from ~), got {given[:200]!r};"
                " Mimo doesn't know where you stand"
            )
        return self.workspace().resolve(given)

    def resolve(self, given: str) -> Path:
        """Return the real path of what was named; raise what `place` raises."""
        return self.place(given).path

    def root_of(self, real: Path) -> Path | None:
        """Return the allowed folder that holds a resolved path; None if it lies outside."""
        return self.workspace().root_of(real)

    def outside(self, given: str) -> InvalidRequest:
        """Return the error for a path that may not be read."""
        return self.workspace().outside(given)

    def workspace(self) -> WorkspaceRoots:
        """Return the same folders for the parts that all tools share."""
        return WorkspaceRoots(
            allowed=self.allowed, refused=self.refused, setting="ingest.roots", dot_files=True
        )


def read_file(real: Path, root: Path) -> bytes:
    """Return a file's bytes.

    Args:
        real: As `Roots.resolve` returned it.
        root: The allowed folder that holds it.

    Raises:
        InvalidRequest: It is too large, no regular file, became a link, or may not be read.
        NotFound: It has gone.
    """
    top = real_path(root)
    place = Place(top, real.relative_to(top).parts)
    return opening.read(place, limits.INGEST_FILE_BYTES_MAX).data
