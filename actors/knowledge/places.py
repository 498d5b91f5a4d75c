"""The files below a folder that the graph may read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

#: Folders of what others made, or of what is made from the sources.
SKIPPED: Final = frozenset(
    {
        "node_modules",
        "target",
        "deps",
        "_build",
        "build",
        "dist",
        "venv",
        "env",
        "vendor",
        "__pycache__",
        "site-packages",
    }
)


def files_under(place: Path, wanted: Callable[[str], bool], most: int) -> Iterator[Path]:
    """Yield the files whose names are wanted: `place` itself, or those in it, in order of path.

    Links are not followed; hidden folders and `SKIPPED` are left out.

    Args:
        place: A resolved path.
        wanted: Tells by a file's name.
        most: How many at most.
    """
    if not place.is_dir():
        if wanted(place.name):
            yield place
        return
    count = 0
    for folder, folders, names in os.walk(place):
        folders[:] = sorted(
            name for name in folders if name not in SKIPPED and not name.startswith(".")
        )
        for name in sorted(names):
            file = Path(folder) / name
            if wanted(name) and not file.is_symlink():
                yield file
                count += 1
                if count >= most:
                    return
