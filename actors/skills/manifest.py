"""What is known of skills without starting one: a file beside the database, replaced whole."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mimo.actors.skills.definitions import SkillTool, tools_of

_NAME: Final = "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A skill as it was when the user loaded it.

    Args:
        mark: Of its configuration.
        confirm: Whether the user is asked before each call.
        known: Fingerprint of its definitions.
        told: What it said of its tools.
    """

    mark: str
    confirm: bool
    known: str
    told: tuple[Mapping[str, Any], ...]


def folder_of(data_dir: Path) -> Path:
    """Return where skills are kept."""
    return data_dir / "skills"


def read(data_dir: Path) -> dict[str, Loaded]:
    """Return what was loaded, by name; nothing from a file that can't be read."""
    try:
        table = json.loads((folder_of(data_dir) / _NAME).read_bytes())
        return {
            str(name): Loaded(
                mark=str(one["mark"]),
                confirm=bool(one["confirm"]),
                known=str(one["known"]),
                told=tuple(dict(each) for each in one["told"]),
            )
            for name, one in table.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def write(data_dir: Path, loaded: Mapping[str, Loaded]) -> None:
    """Replace the manifest; without any skill there is none.

    Raises:
        OSError: It can't be written.
    """
    folder = folder_of(data_dir)
    if not loaded:
        (folder / _NAME).unlink(missing_ok=True)
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = folder / f"{_NAME}.{os.getpid()}"
    table = {name: dataclasses.asdict(one) for name, one in loaded.items()}
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(table, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / _NAME)


def tools(
    loaded: Mapping[str, Loaded], taken: Collection[str]
) -> tuple[list[SkillTool], dict[str, list[str]]]:
    """Return all tools that are listed, and by skill why others aren't.

    Args:
        loaded: The skills.
        taken: Names of Mimo's own.
    """
    found: list[SkillTool] = []
    left_out: dict[str, list[str]] = {}
    for name, one in sorted(loaded.items()):
        used = {*taken, *(each.name for each in found)}
        more, left = tools_of(name, one.told, used, confirm=one.confirm, known=one.known)
        found += more
        left_out[name] = left
    return found, left_out
