"""From a definition's JSON to a `Procedure`, with a sentence for each thing that is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from mimo.actors.procedures import shapes, state_parsing, versions
from mimo.actors.procedures.checking import check_graph
from mimo.actors.procedures.definition import (
    RUN_TIMEOUT_S,
    RUN_TIMEOUT_S_MAX,
    Catalogue,
    Graph,
    Procedure,
)
from mimo.actors.procedures.reading import Problems, Reader
from mimo.config import limits
from mimo.config.errors import InvalidRequest

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}", re.ASCII)
_KEYS = {
    "name",
    "version",
    "description",
    "context_schema",
    "initial_state",
    "states",
    "timeout_s",
    "result",
}


def parse(definition: Any, catalogue: Catalogue) -> tuple[Procedure | None, list[str]]:
    """Return the procedure and what is wrong with it; the procedure is None unless all is right.

    Args:
        definition: JSON values.
        catalogue: The operations that actions may call.
    """
    problems = Problems()
    reader = Reader(definition, "", problems, _KEYS)
    name = reader.name("name", _NAME)
    version = _version(reader)
    graph = _graph(reader, catalogue, depth=0)
    schema = reader.value("context_schema", {"type": "object"})
    problems.extend("", shapes.problems(schema))
    if isinstance(schema, Mapping) and schema.get("type", "object") != "object":
        problems.add("context_schema", "expected type object")
    procedure = Procedure(
        name=name,
        version=version,
        description=reader.text("description", "", 2_000),
        graph=graph,
        context_schema=schema,
        timeout_s=reader.number("timeout_s", RUN_TIMEOUT_S, 1.0, RUN_TIMEOUT_S_MAX),
        result=reader.template("result", None, state_parsing.ROOTS),
    )
    if not problems.found:
        problems.extend("", check_graph(procedure))
    return (None if problems.found else procedure), problems.found


def parsed(definition: Any, catalogue: Catalogue) -> Procedure:
    """Return the procedure.

    Raises:
        InvalidRequest: Up to five of the things that are wrong with it.
    """
    procedure, problems = parse(definition, catalogue)
    if procedure is None:
        more = f" (and {len(problems) - 5} more)" if len(problems) > 5 else ""
        raise InvalidRequest("; ".join(problems[:5]) + more)
    return procedure


def _version(reader: Reader) -> versions.Version:
    try:
        return versions.parsed(reader.text("version", "1.0.0", 24))
    except InvalidRequest as error:
        reader.problems.add("version", error.message)
        return 0, 0, 0


def _graph(reader: Reader, catalogue: Catalogue, depth: int) -> Graph:
    """Read states and branches, which hold states again."""
    given = reader.mapping("states")
    if not given:
        reader.problems.add(reader.place("states"), "expected at least one state")
    if len(given) > limits.PROCEDURE_STATES_MAX:
        reader.problems.add(
            reader.place("states"),
            f"expected at most {limits.PROCEDURE_STATES_MAX}, got {len(given)}",
        )
        given = {}
    states = {}
    for name, text in given.items():
        place = reader.place(f"states.{name}")
        inner = Reader(text, place, reader.problems, state_parsing.KEYS)
        if not _NAME.fullmatch(name):
            reader.problems.add(place, "expected a name of a-z, 0-9, _ and -")
        states[name] = state_parsing.state(
            name, inner, catalogue, _branches(inner, catalogue, depth + 1)
        )
    return Graph(initial=reader.text("initial_state", "", 64), states=states)


def _branches(reader: Reader, catalogue: Catalogue, depth: int) -> dict[str, Graph]:
    if not reader.has("parallel"):
        return {}
    given = reader.mapping("parallel")
    place = reader.place("parallel")
    if depth > limits.PROCEDURE_DEPTH_MAX:
        reader.problems.add(
            place, f"expected at most {limits.PROCEDURE_DEPTH_MAX} levels, got more"
        )
        return {}
    if not 2 <= len(given) <= limits.PROCEDURE_BRANCHES_MAX:
        reader.problems.add(
            place, f"expected 2 to {limits.PROCEDURE_BRANCHES_MAX} branches, got {len(given)}"
        )
        return {}
    found = {}
    for name, text in given.items():
        if not _NAME.fullmatch(name):
            reader.problems.add(f"{place}.{name}", "expected a name of a-z, 0-9, _ and -")
        inner = Reader(text, f"{place}.{name}", reader.problems, {"initial_state", "states"})
        found[name] = _graph(inner, catalogue, depth)
    return found


def refuse_misfit(schema: Mapping[str, Any], context: Mapping[str, Any]) -> None:
    """Refuse a context that doesn't fit.

    Raises:
        InvalidRequest: What was expected and what came.
    """
    refuse_any(shapes.misfits(schema, context))


def refuse_any(sentences: Iterable[str]) -> None:
    """Raise the first few sentences, if there are any.

    Raises:
        InvalidRequest: There are.
    """
    found = list(sentences)[:5]
    if found:
        raise InvalidRequest("; ".join(found))
