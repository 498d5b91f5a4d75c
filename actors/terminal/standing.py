"""Where paths of a command lead: the file system's side of the policy."""

from __future__ import annotations

import glob
import itertools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mimo.actors.terminal.policy import Standing
from mimo.actors.workspace.places import Roots, real_path
from mimo.actors.workspace.secret_names import is_secret, is_secret_folder

#: Files of one pattern that are judged; of more, nobody knows.
_MATCHES_MAX: Final = 500
_GRAVITY: Final[tuple[Standing, ...]] = ("new", "present", "folder", "hidden", "outside", "secret")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The workspace as the policy asks about it; implements `policy.Places`.

    Args:
        roots: Where assistants may work.
    """

    roots: Roots

    def below(self, folder: str, path: str) -> str:
        """Return the folder where `cd` leads."""
        return os.path.join(folder, path)  # noqa: PTH118  texts, as commands have them

    def standing(self, folder: str, path: str) -> Standing:
        """Return where a path leads, from a folder; of a pattern, the gravest of its files."""
        whole = self.below(folder, path)
        if not glob.has_magic(path):
            return self._standing(whole)
        found = list(itertools.islice(glob.iglob(whole), _MATCHES_MAX + 1))  # noqa: PTH207  as a shell does
        if len(found) > _MATCHES_MAX:
            return "outside"
        fixed = whole[: min(whole.find(mark) for mark in "*?[" if mark in whole)]
        standings = [self._standing(os.path.dirname(fixed)), *map(self._standing, found)]  # noqa: PTH120
        return max(standings, key=_GRAVITY.index)

    def _standing(self, whole: str) -> Standing:  # noqa: PLR0911  a table
        try:
            real = Path(os.path.realpath(whole))
            is_folder, is_there = real.is_dir(), os.path.lexists(real)
        except (OSError, ValueError):
            # No path at all, such as a text longer than any name.
            return "new"
        if any(real.is_relative_to(real_path(folder)) for folder in self.roots.refused):
            return "secret"
        if (is_secret(real.name) and not is_folder) or any(map(is_secret_folder, real.parts)):
            return "secret"
        root = self.roots.root_of(real)
        if root is None:
            return "outside"
        if any(map(self.roots.is_hidden, real.relative_to(root).parts)):
            return "hidden"
        if is_folder:
            return "folder"
        return "present" if is_there else "new"
