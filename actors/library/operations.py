"""Operations of the `code` tool on packages and diagnostics, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from mimo.actors.library import messages as lm
from mimo.actors.library import parameters as p
from mimo.actors.operations import CallContext, Operation

Arguments = Mapping[str, Any]

LIBRARY: Final = ("tools/library",)
#: Grammars of one language.
_LANGUAGES: Final = {"tsx": "typescript"}
#: Longer than the worker takes at most.
_DEADLINE_S: Final = 58.0


def _get(arguments: Arguments, _context: CallContext) -> lm.GetLibrary:
    return lm.GetLibrary(
        name=arguments["name"],
        ecosystem=arguments.get("ecosystem", "pypi"),
        version=arguments.get("version", ""),
        path=arguments.get("path", ""),
    )


def _ensure(arguments: Arguments, _context: CallContext) -> lm.GetLibrary:
    return lm.GetLibrary(
        name=arguments["name"],
        ecosystem=arguments.get("ecosystem", "pypi"),
        version=arguments.get("version", ""),
        ensure=True,
    )


def _search(arguments: Arguments, _context: CallContext) -> lm.SearchLibraries:
    return lm.SearchLibraries(
        query=arguments["query"],
        ecosystem=arguments.get("ecosystem", "pypi"),
        limit=min(arguments.get("limit", 10), 100),
        path=arguments.get("path", ""),
    )


def _discover(arguments: Arguments, _context: CallContext) -> lm.DiscoverLibraries:
    return lm.DiscoverLibraries(path=arguments.get("path", ""))


def _stats(_arguments: Arguments, _context: CallContext) -> lm.CountLibraries:
    return lm.CountLibraries()


def _diagnose(kind: lm.Checks) -> Callable[[Arguments, CallContext], lm.Diagnose]:
    def build(arguments: Arguments, context: CallContext) -> lm.Diagnose:
        language = str(arguments.get("language", ""))
        return lm.Diagnose(
            kind=kind,
            path=arguments.get("path", "."),
            language=_LANGUAGES.get(language, language),
            severity=arguments.get("severity", "all"),
            limit=arguments.get("limit", 50),
            approved=context.approved,
        )

    return build


def _checking(kind: lm.Checks, summary: str) -> Operation:
    return Operation(
        name=kind,
        summary=summary,
        parameters=p.take("path", "language", "severity", "limit"),
        result=p.DIAGNOSED,
        # A checker may run code of the project.
        effect="open-world",
        reach="executes",
        worker=LIBRARY,
        build=_diagnose(kind),
        deadline_s=_DEADLINE_S,
        example={"path": ".", "language": "python"},
    )


#: A registry is asked where `web.allow` lets it, for what isn't installed or kept.
LIBRARY_OPERATIONS: Final = (
    Operation(
        name="library_get",
        summary="Tell about a package.",
        parameters=p.take("name", "ecosystem", "version", "path"),
        required=("name",),
        result=p.PACKAGE,
        effect="open-world",
        idempotent=True,
        worker=LIBRARY,
        build=_get,
        deadline_s=_DEADLINE_S,
        example={"name": "peewee"},
    ),
    Operation(
        name="library_search",
        summary="Find packages by words.",
        parameters=p.take("query", "ecosystem", "limit", "path"),
        required=("query",),
        result=p.SEARCHED,
        effect="open-world",
        idempotent=True,
        worker=LIBRARY,
        build=_search,
        deadline_s=_DEADLINE_S,
        example={"query": "http client", "ecosystem": "npm"},
    ),
    Operation(
        name="library_ensure",
        summary="Keep a registry's answer.",
        parameters=p.take("name", "ecosystem", "version"),
        required=("name",),
        result=p.ENSURED,
        effect="open-world",
        idempotent=True,
        worker=LIBRARY,
        build=_ensure,
        deadline_s=_DEADLINE_S,
        example={"name": "peewee"},
    ),
    Operation(
        name="library_discover",
        summary="All packages a project names.",
        parameters=p.take("path"),
        result=p.DISCOVERED,
        effect="open-world",
        idempotent=True,
        worker=LIBRARY,
        build=_discover,
        deadline_s=_DEADLINE_S,
        example={"path": "."},
    ),
    Operation(
        name="library_stats",
        summary="Count what is kept of packages.",
        parameters={},
        result=p.COUNTED,
        effect="read",
        idempotent=True,
        worker=LIBRARY,
        build=_stats,
        example={},
    ),
    _checking("check", "Compile."),
    _checking("lint", "Run a project's linter."),
    _checking("typecheck", "Run a project's type checker."),
    _checking("diagnose", "Run all three."),
)
