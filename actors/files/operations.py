"""The `file` tool as data."""

from __future__ import annotations

from typing import Any

from mimo.actors.files import building, parameters
from mimo.actors.files.building import Build
from mimo.actors.files.parameters import Schema, take
from mimo.actors.operations import Effect, Operation, Tool

FILES = ("tools/files",)

_FILE = {"path": "notes.txt"}
_LINE = {"path": "notes.txt", "content": "a line"}


def _operation(  # noqa: PLR0913  one row of the table
    name: str,
    summary: str,
    *,
    takes: str,
    result: Schema,
    build: Build,
    example: dict[str, Any],
    required: str = "",
    effect: Effect = "read",
) -> Operation:
    """Return an operation; names of parameters are separated by blanks."""
    return Operation(
        name=name,
        summary=summary,
        parameters=take(*takes.split()),
        required=tuple(required.split()),
        result=result,
        effect=effect,
        idempotent=effect == "read" or name == "create_directory",
        worker=FILES,
        build=build,
        example=example,
    )


READING = (
    _operation(
        "read",
        "Lines of a file, page by page.",
        takes="path offset limit",
        required="path",
        result=parameters.PAGE,
        build=building.read,
        example=_FILE,
    ),
    _operation(
        "read_lines",
        "Lines from start_line to end_line.",
        takes="path start_line end_line",
        required="path",
        result=parameters.PAGE,
        build=building.read_lines,
        example={**_FILE, "start_line": 1, "end_line": 2},
    ),
    _operation(
        "read_multiple",
        "Several files.",
        takes="paths",
        required="paths",
        result=parameters.MANY,
        build=building.read_many,
        example={"paths": ["notes.txt"]},
    ),
    _operation(
        "list_symbols",
        "What a source file defines.",
        takes="path limit",
        required="path",
        result=parameters.SYMBOLS,
        build=building.list_symbols,
        example={"path": "app.py"},
    ),
    _operation(
        "read_symbol",
        "A definition's source.",
        takes="path symbol_name context_lines",
        required="path symbol_name",
        result=parameters.SYMBOL,
        build=building.read_symbol,
        example={"path": "app.py", "symbol_name": "main"},
    ),
    _operation(
        "search_symbols",
        "Definitions by name.",
        takes="path pattern limit",
        required="pattern",
        result=parameters.FOUND_SYMBOLS,
        build=building.search_symbols,
        example={"pattern": "^main$"},
    ),
    _operation(
        "search",
        "Lines that match.",
        takes="path pattern exclude respect_gitignore context_lines limit",
        required="pattern",
        result=parameters.SEARCHED,
        build=building.search,
        example={"pattern": "a line"},
    ),
    _operation(
        "batch_search",
        "Several patterns at once.",
        takes="path patterns exclude respect_gitignore context_lines limit",
        required="patterns",
        result=parameters.BATCH,
        build=building.batch,
        example={"patterns": ["a line", "main"]},
    ),
    _operation(
        "glob",
        "Files by path.",
        takes="path pattern exclude respect_gitignore limit",
        result=parameters.GLOBBED,
        build=building.glob,
        example={"pattern": "**/*.{txt,py}"},
    ),
    _operation(
        "ls",
        "Names in a folder.",
        takes="path",
        result=parameters.LISTED,
        build=building.listing(nested=False),
        example={},
    ),
    _operation(
        "list_directory",
        "A folder with types and sizes.",
        takes="path depth",
        result=parameters.LISTED,
        build=building.listing(nested=True),
        example={"depth": 2},
    ),
    _operation(
        "get_info",
        "Type, size, time, lines.",
        takes="path",
        required="path",
        result=parameters.INFO,
        build=building.info,
        example=_FILE,
    ),
    _operation(
        "diff",
        "Unified diff to a file or text.",
        takes="path other_path content context_lines",
        required="path",
        result=parameters.DIFF,
        build=building.diff,
        example=_LINE,
    ),
    _operation(
        "edits",
        "Past edits, newest first.",
        takes="path limit",
        result=parameters.EDITS,
        build=building.edits,
        example={},
    ),
)


WRITING = (
    _operation(
        "write",
        "Make or replace a file.",
        takes="path content mode",
        required="path content",
        result=parameters.WRITTEN,
        build=building.write,
        example={**_LINE, "mode": "append"},
        effect="destructive",
    ),
    _operation(
        "edit",
        "Replace text that occurs once.",
        takes="path old_str new_str global expected_count dry_run",
        required="path old_str",
        result=parameters.EDITED,
        build=building.edit,
        example={**_FILE, "old_str": "a", "new_str": "b", "global": True, "dry_run": True},
        effect="destructive",
    ),
    _operation(
        "replace_string",
        "Replace its first occurrence.",
        takes="path old_str new_str",
        required="path old_str",
        result=parameters.EDITED,
        build=building.replace_string,
        example={**_FILE, "old_str": "line", "new_str": "row"},
        effect="destructive",
    ),
    _operation(
        "multi_replace",
        "Edit many files, all or none.",
        takes="replacements global dry_run",
        required="replacements",
        result=parameters.MULTI,
        build=building.multi_replace,
        example={
            "replacements": [{"path": "notes.txt", "old": "a", "new": "b"}],
            "global": True,
            "dry_run": True,
        },
        effect="destructive",
    ),
    _operation(
        "insert_after",
        "Insert lines.",
        takes="path line_number content",
        required="path content",
        result=parameters.RELINED,
        build=building.insertion("insert_after"),
        example=_LINE,
        effect="write",
    ),
    _operation(
        "insert_before",
        "Insert lines.",
        takes="path line_number content",
        required="path content",
        result=parameters.RELINED,
        build=building.insertion("insert_before"),
        example=_LINE,
        effect="write",
    ),
    _operation(
        "replace_lines",
        "Replace lines.",
        takes="path start_line end_line content",
        required="path start_line content",
        result=parameters.RELINED,
        build=building.lines("replace_lines"),
        example={**_LINE, "start_line": 1},
        effect="destructive",
    ),
    _operation(
        "delete_lines",
        "Delete lines.",
        takes="path start_line end_line",
        required="path start_line",
        result=parameters.RELINED,
        build=building.lines("delete_lines"),
        example={**_FILE, "start_line": 1},
        effect="destructive",
    ),
    _operation(
        "move",
        "Rename; overwrites nothing.",
        takes="path destination",
        required="path destination",
        result=parameters.MOVED,
        build=building.move,
        example={**_FILE, "destination": "kept/notes.txt"},
        effect="destructive",
    ),
    _operation(
        "create_directory",
        "Make a folder.",
        takes="path",
        required="path",
        result=parameters.MADE,
        build=building.directory,
        example={"path": "drafts/new"},
        effect="write",
    ),
    _operation(
        "undo",
        "Take an edit back, byte by byte.",
        takes="edit_id",
        result=parameters.UNDONE,
        build=building.undo,
        example={},
        effect="destructive",
    ),
)

FILE = Tool(
    name="file",
    title="Files",
    description=(
        "Read, search and change files in the folders that workspace.roots names. Changes are"
        " atomic, verified by reading again, and can be undone. Hidden files, keys and secrets"
        " are left out."
    ),
    operations=READING + WRITING,
)
