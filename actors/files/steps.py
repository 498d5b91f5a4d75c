"""One step of an edit on the disk: can it go forward, go forward, go back."""

from __future__ import annotations

import contextlib
import stat
from pathlib import Path

from mimo.actors.workspace import opening, writing
from mimo.actors.workspace.places import Place
from mimo.config import limits
from mimo.config.errors import Conflict, InvalidRequest, MimoError, NotFound
from mimo.storage.edit_journal import Step, sha256

#: What stands at a place that is no file.
FOLDER, OTHER = "folder", "other"


def place_of(step: Step) -> Place:
    """Return where a step happens."""
    return Place(Path(step.root), tuple(Path(step.path).parts))


def destination_of(step: Step) -> Place:
    """Return where a move goes to."""
    root, _, path = step.destination.partition("\0")
    return Place(Path(root), tuple(Path(path).parts))


def destination_text(place: Place) -> str:
    """Return a move's destination as a step holds it."""
    return f"{place.root}\0{'/'.join(place.parts)}"


def state_of(place: Place) -> str:
    """Return what stands at a place: a file's hash, `FOLDER`, `OTHER`, or "" for nothing.

    Raises:
        MimoError: It can't be read.
    """
    try:
        found = opening.look(place)
        if stat.S_ISREG(found.st_mode):
            return sha256(opening.read(place, limits.FILE_BYTES_MAX).data)
    except NotFound:
        return ""
    return FOLDER if stat.S_ISDIR(found.st_mode) else OTHER


def identity_of(place: Place) -> str:
    """Return which file or folder stands at a place, whatever its name; "" for nothing.

    A file that was changed is another one, a folder in which something was isn't.

    Raises:
        MimoError: It can't be looked at.
    """
    try:
        found = opening.look(place)
    except NotFound:
        return ""
    if stat.S_ISDIR(found.st_mode):
        return f"{FOLDER} {found.st_dev}:{found.st_ino}"
    if not stat.S_ISREG(found.st_mode):
        return OTHER
    return f"file {found.st_dev}:{found.st_ino}:{found.st_size}:{found.st_mtime_ns}"


def is_done(step: Step) -> bool:
    """Tell whether the disk shows a step as done; False also where it can't be read."""
    place = place_of(step)
    with contextlib.suppress(MimoError):
        match step.kind:
            case "replace":
                return state_of(place) == step.after_sha256
            case "remove":
                return not state_of(place)
            case "make_folder":
                return state_of(place) == FOLDER
            case "remove_folder":
                return state_of(place) != FOLDER
            case "move":
                is_gone = not identity_of(place)
                return is_gone and identity_of(destination_of(step)) == step.before_sha256
    return False


def can_go_forward(step: Step) -> bool:
    """Tell whether a step is done, or can be done from what is on the disk."""
    if is_done(step) or step.kind == "remove_folder":
        return True
    place = place_of(step)
    with contextlib.suppress(MimoError):
        match step.kind:
            case "make_folder":
                return not state_of(place)
            case "move":
                # Bearing both names, it was cut in the middle.
                is_there = identity_of(place) == step.before_sha256
                return is_there and identity_of(destination_of(step)) in ("", step.before_sha256)
            case "remove":
                return state_of(place) == step.before_sha256
            case "replace":
                aside = place.parent.below(step.temporary)
                is_ready = state_of(aside) == step.after_sha256
                return is_ready and state_of(place) == step.before_sha256
    return False


def go_forward(step: Step) -> None:
    """Do a step; one that is done stays so.

    Raises:
        Conflict: Something else stands there than when it was planned.
        MimoError: It can't be done.
    """
    if is_done(step):
        return
    place = place_of(step)
    if not can_go_forward(step):
        raise Conflict(f"expected {place} as it was read, but it has changed; read it again")
    match step.kind:
        case "replace":
            writing.take_place(place, step.temporary)
        case "remove":
            writing.remove_file(place)
        case "make_folder":
            writing.make_folder(place)
        case "remove_folder":
            # What others put into it since stays.
            with contextlib.suppress(InvalidRequest):
                writing.remove_folder(place)
        case "move" if identity_of(destination_of(step)):
            writing.remove_file(place)
        case "move":
            writing.move(place, destination_of(step))


def go_back(step: Step, temporary: str) -> bool:
    """Take a step back if the disk shows it as done; tell whether all is as it was before.

    Args:
        step: The step.
        temporary: Name for a temporary file.

    Raises:
        MimoError: It can't be done.
    """
    place = place_of(step)
    if not is_done(step):
        return _is_untouched(step)
    match step.kind:
        case "replace" | "remove" if step.before is not None:
            writing.replace(place, step.before, temporary, step.mode)
        case "replace":
            writing.remove_file(place)
        case "make_folder":
            with contextlib.suppress(InvalidRequest):
                writing.remove_folder(place)
        case "remove_folder":
            writing.make_folder(place)
        case "move":
            writing.move(destination_of(step), place)
    return True


def _is_untouched(step: Step) -> bool:
    place = place_of(step)
    match step.kind:
        case "replace" | "remove":
            return state_of(place) == step.before_sha256
        case "move" if identity_of(place) == step.before_sha256:
            if identity_of(destination_of(step)) == step.before_sha256:
                writing.remove_file(destination_of(step))
            return True
        case "move":
            return False
        case _:
            return True
