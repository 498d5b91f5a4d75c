"""What `tools/library` can be asked; replies are `mimo.actors.operations.Result`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Checks = Literal["check", "lint", "typecheck", "diagnose"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GetLibrary:
    """Tell about a package.

    Args:
        name: The package's.
        ecosystem: One of `packages.ECOSYSTEMS`.
        version: "" for the installed or the latest one.
        path: The project's folder; "" for the first allowed one.
        ensure: Ask the registry for what isn't installed or kept, and keep it.
    """

    name: str
    ecosystem: str
    version: str = ""
    path: str = ""
    ensure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchLibraries:
    """Find packages by words.

    Args:
        query: The words.
        ecosystem: One of `packages.ECOSYSTEMS`.
        limit: Most that are shown.
        path: The project's folder; "" for the first allowed one.
    """

    query: str
    ecosystem: str
    limit: int
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoverLibraries:
    """Tell about everything that a project's manifests name.

    Args:
        path: The project's folder; "" for the first allowed one.
    """

    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountLibraries:
    """Tell what is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnose:
    """Run a project's checkers.

    Args:
        kind: Which ones.
        path: A file or a project's folder.
        language: One of `checkers.LANGUAGES`; "" to see from the files.
        severity: Show only these; "all" for all.
        limit: Most diagnostics that are shown.
        approved: The user agreed to run them.
    """

    kind: Checks
    path: str
    language: str = ""
    severity: str = "all"
    limit: int = 50
    approved: bool = False


#: What is done in a child process.
Lookup = GetLibrary | SearchLibraries | DiscoverLibraries
