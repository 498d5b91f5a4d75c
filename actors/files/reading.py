"""What files and folders hold, as answers."""

from __future__ import annotations

import datetime as dt
import stat
from collections.abc import Generator
from typing import Any

from mimo.actors.files import messages, texts
from mimo.actors.workspace import opening
from mimo.actors.workspace.places import Place, Roots
from mimo.actors.workspace.walking import Walk
from mimo.config import limits
from mimo.config.errors import InvalidRequest, MimoError

#: An answer in the making: each `yield` lets other calls have their turn.
Answer = Generator[None, None, dict[str, Any]]


def read_text(place: Place) -> str:
    """Return a file's text.

    Raises:
        MimoError: It can't be read, is too large, or no text.
    """
    return texts.text_of(opening.read(place, limits.FILE_BYTES_MAX).data, str(place))


def page(request: messages.ReadPage, roots: Roots) -> dict[str, Any]:
    """Return lines of a file.

    Raises:
        MimoError: It can't be read, or has no such line.
    """
    place = roots.resolve(request.path)
    text = read_text(place)
    shown = dict(texts.page(text, request.first, request.count, limits.FILE_PAGE_CHARS_MAX))
    if request.first > max(shown["total_lines"], 1):
        raise InvalidRequest(
            f"expected a line within 1-{shown['total_lines']} of {request.path[:200]},"
            f" got {request.first}; read from an earlier one"
        )
    return {"path": roots.shown(place), **shown}


def many(request: messages.ReadMany, roots: Roots) -> dict[str, Any]:
    """Return several files; each that can't be read says why.

    Raises:
        NotAvailable: No folder is allowed.
    """
    if not roots.allowed:
        raise roots.unset()
    files: list[dict[str, Any]] = []
    left = limits.FILE_PAGE_CHARS_MAX
    for number, path in enumerate(request.paths):
        share = left // (len(request.paths) - number)
        try:
            place = roots.resolve(path)
            shown = texts.page(read_text(place), 1, limits.FILE_PAGE_LINES_MAX, max(share, 1))
        except MimoError as error:
            files.append({"path": path, "error": f"{error.code}: {error.message}"})
            continue
        left -= len(shown["content"])
        files.append(
            {
                "path": roots.shown(place),
                "content": shown["content"],
                "total_lines": shown["total_lines"],
                "truncated": shown["has_more"] or "truncated" in shown,
            }
        )
    return {"files": files, "count": len(files)}


def info(request: messages.GetInfo, roots: Roots) -> dict[str, Any]:
    """Tell what stands at a path.

    Raises:
        MimoError: Nothing does, or it may not be looked at.
    """
    place = roots.resolve(request.path)
    found = opening.look(place)
    told: dict[str, Any] = {
        "path": roots.shown(place),
        "absolute_path": str(place),
        "type": _kind_of(found.st_mode),
        "size": found.st_size,
        "modified_at": time_text(found.st_mtime),
        "mode": f"{stat.S_IMODE(found.st_mode):04o}",
    }
    if stat.S_ISREG(found.st_mode) and found.st_size <= limits.FILE_BYTES_MAX:
        told |= _form(opening.read(place, limits.FILE_BYTES_MAX).data)
    return told


def _form(data: bytes) -> dict[str, Any]:
    if b"\0" in data:
        return {"is_text": False}
    text = texts.text_of(data, "")
    return {
        "is_text": True,
        "line_count": len(texts.lines_of(text)),
        "line_ends": "crlf" if texts.line_end(text) == "\r\n" else "lf",
    }


def listed(request: messages.ListFolder, roots: Roots) -> Answer:
    """List a folder.

    Raises:
        MimoError: It is none, or may not be read.
    """
    place = roots.resolve(request.path)
    refuse_file(place)
    walk = Walk(place, roots, ignores=False, depth=request.depth)
    entries: list[Any] = []
    is_cut = False
    for count, entry in enumerate(walk.entries(), 1):
        if count > limits.FILES_SHOWN_MAX:
            is_cut = True
            break
        name = "/".join(entry.place.parts[len(place.parts) :])
        if request.nested:
            entries.append(_entry(name, entry.place, is_folder=entry.is_folder))
        else:
            entries.append(f"{name}/" if entry.is_folder else name)
        yield
    return {
        "path": roots.shown(place),
        "entries": entries,
        "count": len(entries),
        "skipped": dict(walk.skipped),
        "truncated": is_cut,
    }


def _entry(name: str, place: Place, *, is_folder: bool) -> dict[str, Any]:
    if is_folder:
        return {"name": name, "type": "directory"}
    try:
        return {"name": name, "type": "file", "size": opening.look(place).st_size}
    except MimoError:
        return {"name": name, "type": "gone"}


def refuse_file(place: Place) -> None:
    """Refuse what is no folder.

    Raises:
        InvalidRequest: It is something else.
        NotFound: There is nothing.
    """
    found = opening.look(place)
    if not stat.S_ISDIR(found.st_mode):
        raise InvalidRequest(f"expected a directory at {place}, got {opening.kind(found.st_mode)}")


def time_text(seconds: float) -> str:
    """Return wall seconds as ISO 8601 in UTC."""
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _kind_of(mode: int) -> str:
    if stat.S_ISREG(mode):
        return "file"
    return "directory" if stat.S_ISDIR(mode) else "other"
