"""The tools `code` and `onboard` as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from mimo.actors.code import messages as cm
from mimo.actors.code.parameters import result, take
from mimo.actors.library.operations import LIBRARY_OPERATIONS
from mimo.actors.operations import CallContext, Operation, Tool

Arguments = Mapping[str, Any]

CODE_WORKER: Final = ("tools/code",)


def _plain(kind: Callable[..., Any]) -> Callable[[Arguments, CallContext], Any]:
    """Return what makes the message whose fields are called as the parameters."""

    def build(arguments: Arguments, _context: CallContext) -> Any:
        return kind(**arguments)

    return build


def _with_id(kind: Callable[..., Any]) -> Callable[[Arguments, CallContext], Any]:
    def build(arguments: Arguments, context: CallContext) -> Any:
        return kind(**arguments, request_id=context.request_id)

    return build


SYMBOL_OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation(
        name="symbols",
        summary="List what a file or folder defines.",
        parameters=take("path", "name", "kind", "limit"),
        required=("path",),
        result=result(("path", "symbols", "count", "total"), "notes", "redacted"),
        effect="read",
        idempotent=True,
        worker=CODE_WORKER,
        build=_plain(cm.Symbols),
        example={"path": "src/cache.py"},
    ),
    Operation(
        name="definition",
        summary="Show where a name is defined, with its source.",
        parameters=take("name", "path", "limit"),
        required=("name",),
        result=result(
            ("symbol", "found"),
            *("definition", "content", "truncated", "others", "similar", "redacted"),
        ),
        effect="read",
        idempotent=True,
        worker=CODE_WORKER,
        build=_plain(cm.Definition),
        example={"name": "Cache.get"},
    ),
    Operation(
        name="references",
        summary="Find where a name is used.",
        parameters=take("name", "path", "limit"),
        required=("name",),
        result=result(("symbol", "references", "count", "total", "basis"), "redacted"),
        effect="read",
        idempotent=True,
        worker=CODE_WORKER,
        build=_plain(cm.References),
        example={"name": "get"},
    ),
    Operation(
        name="call_graph",
        summary="Show who calls a function, and whom it calls.",
        parameters=take("name", "path", "limit"),
        required=("name",),
        result=result(
            ("symbol", "found", "definitions", "callers", "callees"),
            *("total_callers", "total_callees", "basis", "redacted"),
        ),
        effect="read",
        idempotent=True,
        worker=CODE_WORKER,
        build=_plain(cm.CallGraph),
        example={"name": "Cache.get"},
    ),
    Operation(
        name="search",
        summary="Find definitions by parts of their names.",
        parameters=take("pattern", "kind", "path", "limit"),
        required=("pattern",),
        result=result(("pattern", "symbols", "count", "total"), "redacted"),
        effect="read",
        idempotent=True,
        worker=CODE_WORKER,
        build=_plain(cm.Search),
        example={"pattern": "get*", "kind": "method"},
    ),
    Operation(
        name="index",
        summary="Read what has changed; tell what is indexed.",
        parameters=take("path", "force"),
        result=result(
            ("indexed_files", "total_symbols", "total_references", "state"),
            *("lines", "languages", "changed_files", "removed_files", "notes"),
        ),
        effect="read",
        idempotent=True,
        worker=CODE_WORKER,
        build=_with_id(cm.Index),
        example={},
    ),
    Operation(
        name="parse",
        summary="Parse a file, or source with its language.",
        parameters=take("path", "source", "language", "limit"),
        result=result(
            ("language", "lines", "is_broken", "symbols", "count", "total", "reference_count"),
            *("output", "path", "redacted"),
        ),
        effect="read",
        idempotent=True,
        worker=CODE_WORKER,
        build=_plain(cm.Parse),
        example={"source": "def f(x):\n    return x\n", "language": "python"},
    ),
)

CODE: Final = Tool(
    name="code",
    title="Code",
    description=(
        "What source code defines and uses, by its syntax trees, always as the files are now:"
        " Python, JavaScript, TypeScript, Go, Rust, Java, C, C++, Elixir. Also packages, and the"
        " project's own compiler, linter and type checker."
    ),
    operations=(*SYMBOL_OPERATIONS, *LIBRARY_OPERATIONS),
)

ONBOARD: Final = Tool(
    name="onboard",
    title="Onboard",
    description=(
        "Makes a project known in the background: indexes its code, its dependencies and what is"
        " linked with what. Call it once at the beginning; a project that has not changed costs"
        " nothing."
    ),
    operations=(
        Operation(
            name="start",
            summary="Make a project known; unchanged is cached.",
            parameters=take("path", "force"),
            result=result(("path", "status", "message"), "fingerprint", "results", "progress"),
            effect="write",
            idempotent=True,
            reach="delegates",
            worker=CODE_WORKER,
            build=_with_id(cm.Onboard),
            example={},
        ),
        Operation(
            name="status",
            summary="Tell how far a project is known.",
            parameters=take("path"),
            result=result(("path", "status", "message"), "fingerprint", "results", "progress"),
            effect="read",
            idempotent=True,
            worker=CODE_WORKER,
            build=_plain(cm.OnboardStatus),
            example={},
        ),
    ),
)
