"""What the arguments of the `file` tool mean as messages to its actor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from mimo.actors.files import messages
from mimo.actors.operations import CallContext
from mimo.config import limits
from mimo.config.errors import InvalidRequest

Arguments = Mapping[str, Any]
Build = Callable[[Arguments, CallContext], Any]

#: How many are shown unless told otherwise.
MATCHES = 50
MATCHES_BATCH = 20
PATHS = 100
EDITS = 20
#: Lines shown around a match, and around a change, unless told otherwise.
AROUND = 2
AROUND_CHANGES = 3


def _asked(context: CallContext) -> messages.Asked:
    return messages.Asked(client=context.client, key=context.key)


# -- Reading -------------------------------------------------------------------------------------
def read(arguments: Arguments, _context: CallContext) -> messages.ReadPage:
    """Return the request for a page."""
    return messages.ReadPage(
        path=arguments["path"],
        first=arguments.get("offset", 1),
        count=min(arguments.get("limit", limits.FILE_PAGE_LINES_MAX), limits.FILE_PAGE_LINES_MAX),
    )


def read_lines(arguments: Arguments, _context: CallContext) -> messages.ReadPage:
    """Return the request for some lines.

    Raises:
        InvalidRequest: They end before they begin.
    """
    first, last = arguments.get("start_line", 1), arguments.get("end_line", -1)
    if last != -1 and last < first:
        raise InvalidRequest(
            f"expected end_line of at least start_line {first}, or -1, got {last}; swap them"
        )
    most = limits.FILE_PAGE_LINES_MAX
    count = most if last == -1 else min(last - first + 1, most)
    return messages.ReadPage(path=arguments["path"], first=first, count=count)


def read_many(arguments: Arguments, _context: CallContext) -> messages.ReadMany:
    """Return the request for several files."""
    return messages.ReadMany(paths=tuple(arguments["paths"]))


def read_symbol(arguments: Arguments, _context: CallContext) -> messages.ReadSymbol:
    """Return the request for a definition's source."""
    return messages.ReadSymbol(
        path=arguments["path"],
        symbol_name=arguments["symbol_name"],
        context_lines=arguments.get("context_lines", 0),
    )


def list_symbols(arguments: Arguments, _context: CallContext) -> messages.ListSymbols:
    """Return the request for a file's definitions."""
    limit = arguments.get("limit", limits.FILES_SHOWN_MAX)
    return messages.ListSymbols(path=arguments["path"], limit=limit)


def search_symbols(arguments: Arguments, _context: CallContext) -> messages.SearchSymbols:
    """Return the request for definitions by name."""
    return messages.SearchSymbols(
        path=arguments.get("path", "."),
        pattern=arguments["pattern"],
        limit=arguments.get("limit", MATCHES),
    )


def search(arguments: Arguments, _context: CallContext) -> messages.Search:
    """Return the request for lines by one pattern."""
    return _searching(arguments, (arguments["pattern"],), is_batch=False)


def batch(arguments: Arguments, _context: CallContext) -> messages.Search:
    """Return the request for lines by several patterns.

    Raises:
        InvalidRequest: There are none.
    """
    if not arguments["patterns"]:
        raise InvalidRequest("expected at least one of 'patterns', got none; give some")
    return _searching(arguments, tuple(arguments["patterns"]), is_batch=True)


def _searching(
    arguments: Arguments, patterns: tuple[str, ...], *, is_batch: bool
) -> messages.Search:
    return messages.Search(
        path=arguments.get("path", "."),
        patterns=patterns,
        is_batch=is_batch,
        exclude=tuple(arguments.get("exclude", ())),
        respects_gitignore=arguments.get("respect_gitignore", True),
        context_lines=arguments.get("context_lines", AROUND),
        limit=arguments.get("limit", MATCHES_BATCH if is_batch else MATCHES),
    )


def glob(arguments: Arguments, _context: CallContext) -> messages.Glob:
    """Return the request for files by path."""
    return messages.Glob(
        path=arguments.get("path", "."),
        pattern=arguments.get("pattern", "**/*"),
        exclude=tuple(arguments.get("exclude", ())),
        respects_gitignore=arguments.get("respect_gitignore", True),
        limit=arguments.get("limit", PATHS),
    )


def listing(*, nested: bool) -> Build:
    """Return what makes the request for a folder's entries."""

    def build(arguments: Arguments, _context: CallContext) -> messages.ListFolder:
        return messages.ListFolder(
            path=arguments.get("path", "."), depth=arguments.get("depth", 1), nested=nested
        )

    return build


def info(arguments: Arguments, _context: CallContext) -> messages.GetInfo:
    """Return the request for what stands somewhere."""
    return messages.GetInfo(path=arguments["path"])


def diff(arguments: Arguments, _context: CallContext) -> messages.Compare:
    """Return the request for a difference.

    Raises:
        InvalidRequest: There is nothing to compare with, or too much.
    """
    given = [name for name in ("other_path", "content") if name in arguments]
    if len(given) != 1:
        raise InvalidRequest(
            f"expected either 'other_path' or 'content', got {' and '.join(given) or 'neither'}"
        )
    return messages.Compare(
        path=arguments["path"],
        other_path=arguments.get("other_path", ""),
        content=arguments.get("content", ""),
        context_lines=arguments.get("context_lines", AROUND_CHANGES),
    )


def edits(arguments: Arguments, _context: CallContext) -> messages.ListEdits:
    """Return the request for past edits."""
    limit = min(arguments.get("limit", EDITS), limits.PAGE_MAX)
    return messages.ListEdits(path=arguments.get("path", ""), limit=limit)


# -- Changing ------------------------------------------------------------------------------------
def write(arguments: Arguments, context: CallContext) -> messages.Write:
    """Return the request for a new content."""
    return messages.Write(
        path=arguments["path"],
        content=_sized(arguments["content"]),
        appends=arguments.get("mode") == "append",
        asked=_asked(context),
    )


def edit(arguments: Arguments, context: CallContext) -> messages.EditTexts:
    """Return the request for a replacement."""
    return messages.EditTexts(
        operation="edit",
        replacements=(_replacement(arguments),),
        which="all" if arguments.get("global") else "only",
        expected_count=arguments.get("expected_count"),
        is_dry_run=arguments.get("dry_run", False),
        asked=_asked(context),
    )


def replace_string(arguments: Arguments, context: CallContext) -> messages.EditTexts:
    """Return the request for the replacement of a first occurrence."""
    return messages.EditTexts(
        operation="replace_string",
        replacements=(_replacement(arguments),),
        which="first",
        expected_count=None,
        is_dry_run=False,
        asked=_asked(context),
    )


def _replacement(arguments: Arguments) -> messages.Replace:
    new = arguments.get("new_str", "")
    _sized(arguments["old_str"] + new)
    return messages.Replace(path=arguments["path"], old=arguments["old_str"], new=new)


def multi_replace(arguments: Arguments, context: CallContext) -> messages.EditTexts:
    """Return the request for replacements in many files.

    Raises:
        InvalidRequest: There are none.
    """
    given = [messages.Replace(**each) for each in arguments["replacements"]]
    if not given:
        raise InvalidRequest("expected at least one of 'replacements', got none; give some")
    _sized("".join(each.old + each.new for each in given))
    return messages.EditTexts(
        operation="multi_replace",
        replacements=tuple(given),
        which="all" if arguments.get("global") else "only",
        expected_count=None,
        is_dry_run=arguments.get("dry_run", False),
        asked=_asked(context),
    )


def _sized(text: str) -> str:
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > limits.FILE_TEXT_BYTES_MAX:
        raise InvalidRequest(
            f"expected at most {limits.FILE_TEXT_BYTES_MAX} bytes of text in one call, got {size};"
            " write the first part and append the others"
        )
    return text


def insertion(operation: Literal["insert_after", "insert_before"]) -> Build:
    """Return what makes the request for new lines."""

    def build(arguments: Arguments, context: CallContext) -> messages.EditLines:
        is_after = operation == "insert_after"
        line = arguments.get("line_number", 0 if is_after else 1)
        if not is_after and line == 0:
            raise InvalidRequest("expected line_number of at least 1, got 0; insert before line 1")
        return messages.EditLines(
            operation=operation,
            path=arguments["path"],
            first=line if is_after else line - 1,
            last=0,
            content=_sized(arguments["content"]),
            asked=_asked(context),
        )

    return build


def lines(operation: Literal["replace_lines", "delete_lines"]) -> Build:
    """Return what makes the request for other lines, or none."""

    def build(arguments: Arguments, context: CallContext) -> messages.EditLines:
        first = arguments["start_line"]
        return messages.EditLines(
            operation=operation,
            path=arguments["path"],
            first=first,
            last=arguments.get("end_line", first),
            content=_sized(arguments.get("content", "")),
            asked=_asked(context),
        )

    return build


def move(arguments: Arguments, context: CallContext) -> messages.Move:
    """Return the request for another name."""
    return messages.Move(
        path=arguments["path"], destination=arguments["destination"], asked=_asked(context)
    )


def directory(arguments: Arguments, context: CallContext) -> messages.CreateDirectory:
    """Return the request for a folder."""
    return messages.CreateDirectory(path=arguments["path"], asked=_asked(context))


def undo(arguments: Arguments, context: CallContext) -> messages.Undo:
    """Return the request for taking an edit back."""
    return messages.Undo(edit_id=arguments.get("edit_id", 0), asked=_asked(context))
