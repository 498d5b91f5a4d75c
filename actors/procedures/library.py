"""The procedures that can be run: registered ones and shipped ones, parsed once."""

from __future__ import annotations

from typing import Any

from mimo.actors.procedures import (
    examples,
    messages,
    parsing,
    plans,
    presentation,
    shapes,
    versions,
)
from mimo.actors.procedures.definition import Catalogue, Procedure
from mimo.config.errors import InvalidRequest, NotFound
from mimo.storage import procedure_reads
from mimo.storage.connection import Database
from mimo.storage.procedures import DeactivateProcedure, RegisterProcedure

#: Most parsed procedures that are remembered.
PARSED_MAX = 64
#: Most procedures in a list, and most characters of their descriptions there.
LISTED_MAX = 100
DESCRIPTION_CHARS_MAX = 160


class Library:
    """Look up and check definitions.

    Args:
        db: A reading connection.
        catalogue: The operations that actions may call.
    """

    def __init__(self, db: Database, catalogue: Catalogue) -> None:
        self._db = db
        self._catalogue = catalogue
        self._parsed: dict[int, Procedure] = {}

    def parsed(self, definition: Any) -> Procedure:
        """Return a definition as a procedure.

        Raises:
            InvalidRequest: What is wrong with it.
        """
        return parsing.parsed(definition, self._catalogue)

    def by_id(self, row: int) -> Procedure:
        """Return a registered procedure by its row.

        Raises:
            NotFound: There is none.
            InvalidRequest: It fits this version of the tools no more.
        """
        if row not in self._parsed:
            stored = procedure_reads.definition_by_id(self._db, row)
            if len(self._parsed) >= PARSED_MAX:
                self._parsed.clear()
            self._parsed[row] = self.parsed(stored.definition)
        return self._parsed[row]

    def to_run(self, name: str, version: str) -> tuple[Procedure, int]:
        """Return an active procedure and its row; the newest without a version.

        Raises:
            NotFound: There is none, or it isn't active.
            InvalidRequest: `version` is none, or the procedure fits the tools no more.
        """
        wanted = versions.parsed(version) if version else None
        try:
            stored = procedure_reads.definition(self._db, name, wanted)
        except NotFound as error:
            if name in examples.names():
                hint = f"it is shipped: register_procedure with example {name!r} first"
                raise NotFound(f"{error.message}; {hint}") from None
            raise
        if not stored.is_active:
            raise NotFound(
                f"expected an active procedure, got {name} {versions.spelled(stored.version)},"
                " which was deactivated; register it again, or run another version"
            )
        return self.by_id(stored.id), stored.id

    def any(self, name: str, version: str) -> Procedure:
        """Return a procedure, registered or shipped.

        Raises:
            NotFound: There is none.
            InvalidRequest: `version` is none, or the procedure fits the tools no more.
        """
        return self.parsed(self.shown(name, version)["definition"])

    def shown(self, name: str, version: str) -> dict[str, Any]:
        """Return a definition with what is known of it, registered or shipped.

        Raises:
            NotFound: There is none.
            InvalidRequest: `version` is none.
        """
        wanted = versions.parsed(version) if version else None
        try:
            stored = procedure_reads.definition(self._db, name, wanted)
        except NotFound:
            if wanted is not None or name not in examples.names():
                raise
            definition = examples.load(name)
            return _example_json(definition) | {"definition": definition}
        return presentation.procedure_json(stored) | {"definition": stored.definition}

    def listed(self, name: str) -> dict[str, Any]:
        """Return the newest version of each procedure, or all versions of one."""
        found = procedure_reads.definitions(self._db, name)
        if not name:
            newest: dict[str, procedure_reads.Stored] = {}
            for stored in found:
                kept = newest.get(stored.name)
                if kept is None or (stored.is_active and not kept.is_active):
                    newest[stored.name] = stored
            found = list(newest.values())
        shipped = [_as_row(_example_json(examples.load(each))) for each in examples.names()]
        rows = [_as_row(presentation.procedure_json(stored)) for stored in found[:LISTED_MAX]]
        return {"procedures": rows, "count": len(rows), "examples": shipped}

    def active_names(self) -> list[str]:
        """Return the names of the procedures that can be run."""
        return procedure_reads.active_names(self._db)

    def validated(self, definition: Any) -> dict[str, Any]:
        """Return all that is wrong with a definition."""
        _, problems = parsing.parse(definition, self._catalogue)
        shown: dict[str, Any] = {"valid": not problems, "problems": problems[:100]}
        if not problems:
            shown["sha256"] = presentation.sha256_of(presentation.canonical(definition))
        return shown

    def registration(self, request: messages.Register) -> tuple[RegisterProcedure, dict[str, Any]]:
        """Return the write that keeps a definition, and what to tell of it.

        Raises:
            InvalidRequest: What is wrong with the definition.
            NotFound: There is no such shipped procedure.
        """
        definition = request.definition
        if request.example:
            definition = examples.load(request.example)
        procedure = self.parsed(definition)
        if procedure.name.startswith(plans.PREFIX):
            raise InvalidRequest(
                f"expected a name that doesn't begin with {plans.PREFIX!r}, got"
                f" {procedure.name!r}; those are of plans"
            )
        text = presentation.canonical(definition)
        command = kept(procedure, text, request.client, request.key)
        version = versions.spelled(procedure.version)
        shown = {"name": procedure.name, "version": version, "sha256": command.sha256}
        return command, shown


def kept(procedure: Procedure, text: str, client: str, key: str) -> RegisterProcedure:
    """Return the write that keeps a procedure whose definition is this text."""
    return RegisterProcedure(
        name=procedure.name,
        version=procedure.version,
        definition=text,
        sha256=presentation.sha256_of(text),
        description=procedure.description,
        source=client,
        key=key,
    )


def completed(procedure: Procedure, given: dict[str, Any]) -> dict[str, Any]:
    """Return a run's context with the schema's defaults.

    Raises:
        InvalidRequest: It doesn't fit the schema.
    """
    context = shapes.completed(procedure.context_schema, given)
    parsing.refuse_misfit(procedure.context_schema, context)
    return context


def deactivation(request: messages.Deactivate) -> DeactivateProcedure:
    """Return the write that deactivates.

    Raises:
        InvalidRequest: `version` is none.
    """
    version = versions.parsed(request.version) if request.version else None
    return DeactivateProcedure(name=request.name, version=version, key=request.key)


def _as_row(shown: dict[str, Any]) -> dict[str, Any]:
    """Return a procedure as a row of a list."""
    description = shown["description"][:DESCRIPTION_CHARS_MAX]
    kept = {name: value for name, value in shown.items() if name not in ("sha256", "source")}
    return kept | {"description": description}


def _example_json(definition: Any) -> dict[str, Any]:
    return {
        "name": definition["name"],
        "version": versions.spelled(versions.parsed(definition["version"])),
        "description": definition["description"],
        "active": False,
        "states": len(definition["states"]),
        "sha256": presentation.sha256_of(presentation.canonical(definition)),
    }
