"""Facts out of files and memories: what a manifest needs, a file defines, a memory mentions."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from mimo.actors.knowledge.manifests import Manifest
from mimo.actors.knowledge.mentions import Mentions
from mimo.actors.knowledge.symbols import Symbols
from mimo.config import limits
from mimo.storage.knowledge_records import NewFact, Node

#: Names of the sources, so that what a file said is found again when it says something else.
MANIFEST: Final = "manifest:"
FILE: Final = "file:"
MEMORY: Final = "memory:"

#: Characters of names in one write, so that it stays small enough for a message.
_CHARS_MAX: Final = limits.MESSAGE_BYTES_MAX // 2
#: How sure it is that a memory speaks of a file, function or library by its form alone.
_BY_FORM: Final = 0.9


def manifest_facts(manifest: Manifest, file: Path) -> tuple[NewFact, ...]:
    """Return what a project depends on; one without a name is called after its folder."""
    project = manifest.project or file.parent.name or "project"
    return bounded(
        NewFact(
            subject=project,
            subject_type="library",
            predicate=each.predicate,
            object=each.name,
            object_type="library",
        )
        for each in manifest.dependencies
        if each.name != project.casefold()
    )


def file_facts(symbols: Symbols, file: Path) -> tuple[NewFact, ...]:
    """Return what a source file defines and which libraries it imports."""
    name = str(file)
    defined = (
        NewFact(
            subject=name,
            subject_type="file",
            predicate="defines",
            object=f"{name}:{symbol}",
            object_type="function",
        )
        for symbol in symbols.defines
    )
    imported = (
        NewFact(
            subject=name,
            subject_type="file",
            predicate="imports",
            object=library,
            object_type="library",
        )
        for library in dict.fromkeys(map(library_of, symbols.imports))
        if library
    )
    return bounded((*imported, *defined))


def library_of(imported: str) -> str:
    """Return the library that a module belongs to; "" for one of the project's own files."""
    if imported.startswith((".", "/")) or imported in {"crate", "self", "super"}:
        return ""
    if "." in imported.partition("/")[0] and "/" in imported:
        # A Go module's path begins with a host.
        return imported
    scoped = imported.split("/")
    if imported.startswith("@"):
        return "/".join(scoped[:2])
    return scoped[0].partition(".")[0]


def memory_facts(memory_id: int, found: Mentions, known: Iterable[Node]) -> tuple[NewFact, ...]:
    """Return what a memory mentions: entities of the graph, and files, functions, libraries.

    Args:
        memory_id: The memory.
        found: What its text mentions by form.
        known: Nodes of the graph that its text names.
    """
    subject = f"{MEMORY}{memory_id}"
    facts = [
        NewFact(
            subject=subject,
            subject_type="memory",
            predicate="mentions",
            object=f"#{node.id}",
        )
        for node in known
    ]
    named = {node.name for node in known}
    for names, kind in (
        (found.files, "file"),
        (found.functions, "function"),
        (found.libraries, "library"),
    ):
        facts += [
            NewFact(
                subject=subject,
                subject_type="memory",
                predicate="mentions",
                object=name,
                object_type=kind,
                confidence=_BY_FORM,
            )
            for name in names
            if name not in named
        ]
    return bounded(facts)


def bounded(facts: Iterable[NewFact]) -> tuple[NewFact, ...]:
    """Return the first facts that fit into one write."""
    kept: list[NewFact] = []
    room = _CHARS_MAX
    for fact in facts:
        room -= len(fact.subject) + len(fact.object) + 64
        too_long = max(len(fact.subject), len(fact.object)) > limits.NODE_NAME_CHARS_MAX
        if room < 0 or len(kept) >= limits.SOURCE_FACTS_MAX:
            break
        if not too_long:
            kept.append(fact)
    return tuple(kept)
