"""Which paths may be worked with: inside the allowed folders, nothing hidden, no secrets.

A path is resolved first and judged afterwards. What it stands for is a `Place`: an allowed folder
and the names from there down. `opening` and `writing` walk exactly these names without following a
link, so what is touched is what was judged, whoever changes the tree meanwhile.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from mimo.actors.workspace.secret_names import is_secret, is_secret_folder, is_text
from mimo.config import limits
from mimo.config.errors import InvalidRequest, NotAvailable, NotFound
from mimo.config.settings import Settings


@dataclass(frozen=True, slots=True)
class Place:
    """A place inside an allowed folder.

    Args:
        root: The allowed folder's real path.
        parts: The names from there down; none for the folder itself.
    """

    root: Path
    parts: tuple[str, ...]

    @property
    def path(self) -> Path:
        """Return the whole path."""
        return self.root.joinpath(*self.parts)

    @property
    def name(self) -> str:
        """Return the last name."""
        return self.parts[-1] if self.parts else self.root.name

    @property
    def parent(self) -> Place:
        """Return the folder around it; the allowed folder's is itself."""
        return Place(self.root, self.parts[:-1])

    def below(self, *names: str) -> Place:
        """Return a place further down."""
        return Place(self.root, (*self.parts, *names))

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roots:
    """Folders in which one may work.

    Args:
        allowed: Absolute paths; they may be links.
        refused: Folders inside them that may not be touched, such as Mimo's own data.
        setting: Which setting names them, for messages.
        dot_names: Names beginning with a dot that are open all the same.
        dot_files: Whether a file that is named may begin with a dot, unlike folders above it.
    """

    allowed: tuple[Path, ...]
    refused: tuple[Path, ...] = ()
    setting: str = "workspace.roots"
    dot_names: tuple[str, ...] = ()
    dot_files: bool = False

    def resolve(self, given: str, *, must_exist: bool = True) -> Place:
        """Return the place that was named; a relative path starts at the first allowed folder.

        Args:
            given: A path; `~` is expanded, links are followed before it is judged.
            must_exist: Refuse it where nothing is; False for what is about to be made.

        Raises:
            NotAvailable: No folder is allowed.
            InvalidRequest: It is outside, hidden, a secret, or no path.
            NotFound: There is nothing, and it must exist.
        """
        if not self.allowed:
            raise self.unset()
        if "\0" in given or len(given) > limits.PATH_CHARS_MAX or not is_text(given):
            raise InvalidRequest(
                f"expected a path of at most {limits.PATH_CHARS_MAX} characters of Unicode"
                " without NUL; correct it"
            )
        path = os.path.expanduser(given)  # noqa: PTH111  Path's raises for "~nobody"
        # Judged before anybody is told whether it exists: nobody may feel about outside.
        real = Path(os.path.realpath(self.allowed[0] / path))
        root = self.root_of(real)
        if root is None:
            raise self.outside(given)
        place = Place(root, real.relative_to(root).parts)
        self._refuse_hidden(place, given)
        if must_exist and not os.path.lexists(real):
            raise NotFound(
                f"expected a file or directory at {given[:200]}, got nothing; correct it"
            )
        return place

    def root_of(self, real: Path) -> Path | None:
        """Return the allowed folder that holds a resolved path; None if it lies outside."""
        if any(real.is_relative_to(real_path(folder)) for folder in self.refused):
            return None
        roots = [real_path(folder) for folder in self.allowed]
        inside = [root for root in roots if real.is_relative_to(root)]
        return max(inside, key=lambda root: len(root.parts), default=None)

    def is_link(self, given: str) -> bool:
        """Tell whether a path, as `resolve` takes it, is the name of a link."""
        path = os.path.expanduser(given).rstrip("/")  # noqa: PTH111  as in `resolve`
        return (self.allowed[0] / path).is_symlink()

    def shown(self, place: Place) -> str:
        """Return a place as `resolve` takes it: from the first allowed folder, or absolute."""
        first = real_path(self.allowed[0])
        if not place.path.is_relative_to(first):
            return str(place)
        return str(place.path.relative_to(first))

    def holds_refused(self, place: Place) -> bool:
        """Tell whether a refused folder lies below a place: it can't be moved as a whole."""
        return any(real_path(folder).is_relative_to(place.path) for folder in self.refused)

    def outside(self, given: str) -> InvalidRequest:
        """Return the error for a path that may not be touched."""
        shown = ", ".join(map(str, self.allowed)) or "none"
        return InvalidRequest(
            f"expected a path inside the allowed folders ({shown}), got {given[:200]};"
            f" add its folder to the setting {self.setting}"
        )

    def unset(self) -> NotAvailable:
        """Return the error for a workspace without folders."""
        return NotAvailable(
            f"expected the setting {self.setting} to name the folders to work in, got none; set"
            f' {self.setting} = ["/path/to/project"] in mimo.toml, or'
            f" MIMO_{self.setting.replace('.', '_').upper()}, and restart the node"
        )

    def is_hidden(self, name: str) -> bool:
        """Tell whether an entry of this name is left out of what is listed."""
        return name.startswith(".") and name not in self.dot_names

    def _refuse_hidden(self, place: Place, given: str) -> None:
        is_kept = is_secret(place.name) and not place.path.is_dir()
        if is_kept or any(map(is_secret_folder, place.parts)):
            raise InvalidRequest(
                f"expected a file without secrets, got {given[:200]};"
                " keys and passwords are never read or changed"
            )
        judged = place.parts[:-1] if self.dot_files else place.parts
        if any(map(self.is_hidden, judged)):
            raise InvalidRequest(
                f"expected a path without hidden folders and files, got {given[:200]};"
                f" add that folder itself to the setting {self.setting}"
                f"{', or its name to workspace.dot_names' if self.dot_names else ''}"
            )


def workspace(settings: Settings) -> Roots:
    """Return where assistants may work with files, commands and code."""
    return Roots(
        allowed=settings.workspace.roots,
        refused=(settings.data_dir,),
        dot_names=settings.workspace.dot_names,
    )


def real_path(folder: Path) -> Path:
    """Return the path with all links followed."""
    return Path(os.path.realpath(folder))
