"""What registries said, kept in files of its own that may be deleted at any time."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mimo.config import limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An entry.

    Args:
        value: What was kept: JSON values.
        at_s: When, wall seconds UTC.
    """

    value: Any
    at_s: float


class Cache:
    """A folder of entries, one file each; one process writes, others may read.

    Args:
        folder: Is made when something is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str) -> Kept | None:
        """Return what was kept under a key; None if nothing, or if the file is damaged."""
        try:
            found = json.loads(self._path(key).read_bytes())
            if found["key"] == key:
                return Kept(value=found["value"], at_s=float(found["at_s"]))
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return None

    def keep(self, key: str, value: Any, now_s: float) -> None:
        """Keep a value; the oldest ones go beyond `limits.LIBRARY_ENTRIES_MAX`.

        Args:
            key: Any text.
            value: JSON values.
            now_s: Wall seconds UTC.

        Raises:
            OSError: There is no room, or no right.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(key)
        aside = path.with_suffix(".new")
        aside.write_text(json.dumps({"key": key, "value": value, "at_s": now_s}))
        # Readers see the old or the new one; after a power loss it may be damaged, and is ignored.
        aside.replace(path)
        self._thin()

    def counts(self) -> dict[str, int]:
        """Return how many entries there are, and their bytes."""
        sizes = [entry.stat().st_size for entry in self._entries()]
        return {"entries": len(sizes), "bytes": sum(sizes)}

    def _thin(self) -> None:
        entries = self._entries()
        if len(entries) > limits.LIBRARY_ENTRIES_MAX:
            entries.sort(key=lambda entry: entry.stat().st_mtime)
            # A tenth at once, so that this is rare.
            for entry in entries[: limits.LIBRARY_ENTRIES_MAX // 10]:
                with contextlib.suppress(OSError):
                    os.unlink(entry)  # noqa: PTH108  an entry of scandir

    def _entries(self) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self._folder) as found:
                return [entry for entry in found if entry.name.endswith(".json")]
        except OSError:
            return []

    def _path(self, key: str) -> Path:
        # No name of a package ever is a name of a file.
        return self._folder / (hashlib.sha256(key.encode()).hexdigest()[:40] + ".json")
