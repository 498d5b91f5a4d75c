"""What a request for a change means: which files get which bytes, and what the caller is told."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mimo.actors.files import messages, texts
from mimo.actors.files.changing import Change, Order
from mimo.actors.files.comparing import difference
from mimo.actors.workspace import opening
from mimo.actors.workspace.places import Place, Roots
from mimo.config import limits
from mimo.config.errors import Conflict, InvalidRequest, MimoError


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A change that is ready to be made.

    Args:
        order: Who wants it, and what he is told.
        changes: What is changed; nothing where only a preview was wanted.
    """

    order: Order
    changes: tuple[Change, ...]


def _order(operation: str, asked: messages.Asked, result: dict[str, Any]) -> Order:
    return Order(operation=operation, client=asked.client, key=asked.key, result=result)


# -- Whole files ---------------------------------------------------------------------------------
def written(request: messages.Write, roots: Roots) -> Plan:
    """Return the plan of writing a file.

    Raises:
        MimoError: It may not be written, is no file, or is too large.
    """
    place = roots.resolve(request.path, must_exist=False)
    content = texts.given(request.content, "content")
    found = _found(place)
    before = "" if found is None else found.data.decode("utf-8", "surrogateescape")
    texts.refuse_placeholders(before, content, roots.shown(place))
    added = texts.bytes_of(content)
    data = (found.data if found else b"") + added if request.appends else added
    if len(data) > limits.FILE_BYTES_MAX:
        raise InvalidRequest(
            f"expected a file of at most {limits.FILE_BYTES_MAX} bytes, got {len(data)}; split it"
        )
    result = {
        "path": roots.shown(place),
        "status": _status(found, data),
        "old_size": len(found.data) if found else 0,
        "new_size": len(data),
    }
    change = Change(kind="replace", place=place, data=data, read=found)
    return Plan(order=_order("write", request.asked, result), changes=(change,))


def _status(found: opening.Contents | None, data: bytes) -> str:
    if found is None:
        return "created"
    return "unchanged" if found.data == data else "changed"


def _found(place: Place) -> opening.Contents | None:
    """Return what a file holds; None if nothing is there.

    Raises:
        MimoError: It is no file, or may not be read.
    """
    if not opening.exists(place):
        return None
    return opening.read(place, limits.FILE_BYTES_MAX)


# -- Texts ---------------------------------------------------------------------------------------
@dataclass(slots=True)
class _Edited:
    """A file whose text is being edited."""

    place: Place
    found: opening.Contents
    before: str
    text: str
    count: int = 0


def edited(request: messages.EditTexts, roots: Roots) -> Plan:
    """Return the plan of replacing texts: every replacement fits, or none is made.

    Raises:
        MimoError: A file can't be read, or a text isn't there as often as it must be.
    """
    files: dict[Place, _Edited] = {}
    problems: list[str] = []
    for number, each in enumerate(request.replacements, 1):
        try:
            _replace(each, request, roots, files)
        except MimoError as error:
            if len(request.replacements) == 1:
                raise
            problems.append(f"{number}. {error.message}")
    if problems:
        raise InvalidRequest("; ".join(problems)[:4_000] + "; nothing was changed")
    told = [_told(each, roots) for each in files.values()]
    if request.operation == "multi_replace":
        result: dict[str, Any] = {
            "files": told,
            "files_changed": sum(each["status"] == "changed" for each in told),
            "replacements": sum(each.count for each in files.values()),
        }
    else:
        result = told[0]
    if request.is_dry_run:
        preview = _preview(list(files.values()), roots)
        count = sum(each.count for each in files.values())
        result |= {"dry_run": True, "would_replace": count, "diff_preview": preview}
        return Plan(order=_order(request.operation, request.asked, result), changes=())
    changes = tuple(
        Change(kind="replace", place=each.place, data=texts.bytes_of(each.text), read=each.found)
        for each in files.values()
    )
    return Plan(order=_order(request.operation, request.asked, result), changes=changes)


def _replace(
    wanted: messages.Replace,
    request: messages.EditTexts,
    roots: Roots,
    files: dict[Place, _Edited],
) -> None:
    place = roots.resolve(wanted.path)
    if place not in files:
        files[place] = _open(place)
        _refuse_much(files.values())
    file = files[place]
    replacement = texts.Replacement(
        old=wanted.old,
        new=wanted.new,
        everywhere=request.which == "all",
        first=request.which == "first",
        expected_count=request.expected_count,
    )
    file.text, count = texts.replaced(file.text, replacement, roots.shown(place))
    file.count += count
    _refuse_much(files.values())


def _refuse_much(files: Iterable[_Edited]) -> None:
    """Refuse an edit that would need too much memory.

    Raises:
        InvalidRequest: It would.
    """
    size = sum(len(file.found.data) + len(file.text) for file in files)
    if size > limits.FILES_AT_ONCE_BYTES_MAX:
        raise InvalidRequest(
            f"expected at most {limits.FILES_AT_ONCE_BYTES_MAX} bytes of files in one edit, old and"
            f" new, got {size}; edit fewer at once"
        )


def _open(place: Place) -> _Edited:
    found = opening.read(place, limits.FILE_BYTES_MAX)
    text = texts.text_of(found.data, str(place))
    return _Edited(place, found, text, text)


def _told(file: _Edited, roots: Roots) -> dict[str, Any]:
    size = len(texts.bytes_of(file.text))
    if size > limits.FILE_BYTES_MAX:
        raise InvalidRequest(
            f"expected a file of at most {limits.FILE_BYTES_MAX} bytes, got {size}; split it"
        )
    return {
        "path": roots.shown(file.place),
        "status": "unchanged" if file.text == file.before else "changed",
        "replacements": file.count,
        "old_size": len(file.found.data),
        "new_size": size,
    }


def _preview(files: list[_Edited], roots: Roots) -> str:
    shown: list[str] = []
    for file in files:
        name = roots.shown(file.place)
        shown.append(difference(file.before, file.text, (name, name))["diff"])
    return "".join(shown)[: limits.FILE_PAGE_CHARS_MAX]


# -- Lines ---------------------------------------------------------------------------------------
def relined(request: messages.EditLines, roots: Roots) -> Plan:
    """Return the plan of inserting, replacing or deleting lines.

    Raises:
        MimoError: The file can't be read, or has no such lines.
    """
    place = roots.resolve(request.path)
    file = _open(place)
    name = roots.shown(place)
    if request.operation != "delete_lines":
        texts.refuse_placeholders(file.text, request.content, name)
    if request.operation in {"insert_after", "insert_before"}:
        file.text = texts.with_insertion(file.text, request.first, request.content, name)
    else:
        content = None if request.operation == "delete_lines" else request.content
        file.text = texts.with_lines(file.text, request.first, request.last, content, name)
    result = _told(file, roots)
    del result["replacements"]
    before, after = (len(texts.lines_of(text)) for text in (file.before, file.text))
    result |= {"lines_before": before, "lines_after": after}
    data = texts.bytes_of(file.text)
    change = Change(kind="replace", place=place, data=data, read=file.found)
    return Plan(order=_order(request.operation, request.asked, result), changes=(change,))


# -- Names ---------------------------------------------------------------------------------------
def moved(request: messages.Move, roots: Roots) -> Plan:
    """Return the plan of renaming a file or folder.

    Raises:
        Conflict: Something stands at the destination.
        MimoError: It may not be moved, or not there.
    """
    place = roots.resolve(request.path)
    destination = roots.resolve(request.destination, must_exist=False)
    if roots.is_link(request.path):
        raise InvalidRequest(f"expected a file or directory, got the link {request.path[:200]}")
    found = opening.look(place)
    if not place.parts or roots.holds_refused(place):
        raise InvalidRequest(f"expected a place that can be moved, got {place}; move what is in it")
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise InvalidRequest(
            f"expected a file or directory at {place}, got {opening.kind(found.st_mode)}"
        )
    if opening.exists(destination):
        if not stat.S_ISDIR(opening.look(destination).st_mode):
            raise Conflict(f"expected nothing at {destination}, got a file; choose another name")
        destination = roots.resolve(str(destination.below(place.name).path), must_exist=False)
        if opening.exists(destination):
            raise Conflict(f"expected nothing at {destination}, got something; move it away first")
    if destination.path.is_relative_to(place.path):
        raise InvalidRequest(f"expected a destination outside of {place}, got one within it")
    result = {
        "path": roots.shown(place),
        "destination": roots.shown(destination),
        "status": "moved",
    }
    change = Change(kind="move", place=place, destination=destination)
    return Plan(order=_order("move", request.asked, result), changes=(change,))


def directory(request: messages.CreateDirectory, roots: Roots) -> Plan:
    """Return the plan of making a folder.

    Raises:
        Conflict: A file stands there.
        MimoError: It may not be made.
    """
    place = roots.resolve(request.path, must_exist=False)
    is_there = opening.exists(place)
    if is_there and not stat.S_ISDIR(opening.look(place).st_mode):
        raise Conflict(f"expected nothing at {place}, got a file; choose another name")
    result = {"path": roots.shown(place), "status": "unchanged" if is_there else "created"}
    changes = () if is_there else (Change(kind="make_folder", place=place),)
    return Plan(order=_order("create_directory", request.asked, result), changes=changes)
