"""The parameters and results of the operations on packages and diagnostics, each written once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mimo.actors.code.parameters import PARAMETERS as CODE
from mimo.actors.library.packages import ECOSYSTEMS
from mimo.actors.library.reports import SEVERITIES
from mimo.actors.parameter_schemas import text
from mimo.config import limits

Schema = Mapping[str, Any]


PARAMETERS: Final[Mapping[str, Schema]] = {
    # Those of the tool's other operations: a name means the same everywhere in a tool.
    **{name: CODE[name] for name in ("path", "name", "language", "limit")},
    "ecosystem": {
        "type": "string",
        "description": "Its registry; default pypi.",
        "enum": [*ECOSYSTEMS],
    },
    "version": text("Its version; default installed or latest.", 64),
    "query": text("Words to search for.", limits.NAME_CHARS_MAX),
    "severity": {
        "type": "string",
        "description": "Only these; default all.",
        "enum": ["all", *SEVERITIES],
    },
}


def take(*names: str) -> dict[str, Schema]:
    """Return these parameters."""
    return {name: PARAMETERS[name] for name in names}


def _result(*required: str, **properties: tuple[str, str]) -> Schema:
    described: dict[str, Any] = {
        name: {"type": kind, "description": told} for name, (kind, told) in properties.items()
    }
    for each in described.values():
        if each["type"] == "array":
            each["items"] = {}
    return {"type": "object", "properties": described, "required": list(required)}


PACKAGE: Final = _result(
    "name",
    "ecosystem",
    "found",
    name=("string", "Its name."),
    ecosystem=("string", "Its registry."),
    found=("boolean", "Whether anybody knows it."),
    version=("string", "The version that this is about."),
    description=("string", "What it is, by its author."),
    license=("string", "As stated."),
    docs_url=("string", "Its documentation, else its home page."),
    dependencies=("array", "What it needs to run, as written."),
    modules=("array", "Names to import, where known."),
    modules_count=("integer", "How many of those."),
    source=("string", "installed, cache or registry."),
    place=("string", "Where that was read."),
)
ENSURED: Final = _result(
    "name",
    "ecosystem",
    "cached",
    name=("string", "Its name."),
    ecosystem=("string", "Its registry."),
    version=("string", "The version that is known."),
    cached=("boolean", "Whether it is kept; what is installed needn't be."),
    source=("string", "installed, cache or registry."),
    found=("boolean", "Always true here."),
)
SEARCHED: Final = _result(
    "results",
    "count",
    query=("string", "The words."),
    ecosystem=("string", "The registry."),
    results=("array", "Packages: name, type installed or registry, description, version, url."),
    count=("integer", "How many are shown."),
    source=("string", "registry, or installed where only those were looked at."),
)
DISCOVERED: Final = _result(
    "path",
    "total_dependencies",
    "known",
    path=("string", "The project's folder."),
    ecosystems=("array", "Those its manifests name."),
    dependencies=("array", "Name, ecosystem, wanted; version and source where known."),
    total_dependencies=("integer", "How many the manifests name."),
    known=("integer", "Of how many a version is known."),
    unknown=("integer", "Of how many none is."),
    unreadable=("array", "Manifests that aren't well formed."),
)
COUNTED: Final = _result(
    "entries",
    "bytes",
    entries=("integer", "Packages kept."),
    bytes=("integer", "Their size."),
    since_start=("object", "What was done since the worker began."),
)
DIAGNOSED: Final = _result(
    "path",
    "language",
    "diagnostics",
    "error_count",
    "warning_count",
    "info_count",
    "tools",
    "complete",
    "clean",
    path=("string", "The project's folder."),
    language=("string", "Its language."),
    diagnostics=("array", "file, line, column, severity, message, code, source; errors first."),
    error_count=("integer", "Errors in all."),
    warning_count=("integer", "Warnings in all."),
    info_count=("integer", "Notes in all."),
    tools=("array", "Each checker: ran, failed or unavailable, and why."),
    complete=("boolean", "Whether every checker ran."),
    clean=("boolean", "Whether every checker ran and none found anything."),
)
