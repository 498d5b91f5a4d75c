"""Changing what was judged: a file is replaced whole or not at all, and nothing goes through links.

A new content stands in a temporary file of the same folder, is durable there, and takes the file's
place in one step. Every call works below the allowed folder by descriptors, as `opening` does.
"""

from __future__ import annotations

import contextlib
import os
import stat

from mimo.actors.workspace.opening import folder, folder_of, refuse_special, telling
from mimo.actors.workspace.places import Place
from mimo.config.errors import Conflict, InvalidRequest

#: Permission bits of a new file and of a new folder, before the process's mask.
FILE_MODE = 0o666
FOLDER_MODE = 0o777
#: Temporary files are called so; they are hidden from every walk.
TEMPORARY_PREFIX = ".mimo-"
_TEMPORARY = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PERMISSIONS = 0o777


def put_aside(place: Place, data: bytes, temporary: str, mode: int | None) -> None:
    """Make a file's new content durable beside it, for `take_place`.

    Args:
        place: The file that will have it.
        data: All its bytes.
        temporary: Name of the temporary file; a rest of this name is overwritten.
        mode: Permission bits; None gives those of a new file.

    Raises:
        MimoError: The folder is missing, can't be written to, or has no room.
    """
    with telling(place), folder_of(place) as above:
        _drop(temporary, above)
        try:
            handle = os.open(temporary, _TEMPORARY, 0o600, dir_fd=above)
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fchmod(handle, _new_mode() if mode is None else mode & _PERMISSIONS)
                _keep_owner(place.name, handle, above)
                os.fsync(handle)
        except OSError:
            _drop(temporary, above)
            raise


def take_place(place: Place, temporary: str) -> None:
    """Let what was put aside become the file, in one step that also a power loss leaves whole.

    Raises:
        NotFound: There is no such temporary file.
        MimoError: The folder can't be written to, or a folder stands there.
    """
    with telling(place), folder_of(place) as above:
        os.replace(temporary, place.name, src_dir_fd=above, dst_dir_fd=above)
        os.fsync(above)


def drop_aside(place: Place, temporary: str) -> None:
    """Remove what was put aside, if it is there and its folder still is."""
    with contextlib.suppress(OSError), folder_of(place) as above:
        _drop(temporary, above)


def replace(place: Place, data: bytes, temporary: str, mode: int | None = None) -> None:
    """Give a file new content, or make it: whole or not at all.

    Args:
        place: The file; its folder exists.
        data: All its bytes.
        temporary: Name for a temporary file, unique to this change, from `temporary_name`.
        mode: Permission bits; None gives those of a new file.

    Raises:
        MimoError: It can't be written.
    """
    put_aside(place, data, temporary, mode)
    try:
        take_place(place, temporary)
    finally:
        drop_aside(place, temporary)


def temporary_name(token: str) -> str:
    """Return the name of a temporary file for a token of letters and digits."""
    return f"{TEMPORARY_PREFIX}{token}.tmp"


def make_folder(place: Place) -> int:
    """Make a folder and those above it that are missing; return how many were made.

    Raises:
        MimoError: Something else stands there, or it can't be written.
    """
    with telling(place):
        made = 0
        for depth in range(1, len(place.parts) + 1):
            with folder_of(Place(place.root, place.parts[:depth])) as above:
                try:
                    os.mkdir(place.parts[depth - 1], FOLDER_MODE, dir_fd=above)
                except FileExistsError:
                    continue
                os.fsync(above)
                made += 1
        # What stood there already may be no folder, or a link.
        with folder(place):
            return made


def remove_file(place: Place) -> None:
    """Remove a regular file.

    Raises:
        NotFound: There is none.
        InvalidRequest: It is something else.
    """
    with telling(place), folder_of(place) as above:
        found = os.stat(place.name, dir_fd=above, follow_symlinks=False)
        refuse_special(place, found.st_mode)
        os.unlink(place.name, dir_fd=above)
        os.fsync(above)


def remove_folder(place: Place) -> None:
    """Remove an empty folder.

    Raises:
        NotFound: There is none.
        InvalidRequest: It isn't empty, or something else.
    """
    with telling(place), folder_of(place) as above:
        os.rmdir(place.name, dir_fd=above)
        os.fsync(above)


def move(place: Place, destination: Place) -> None:
    """Rename a file or folder; nothing is overwritten.

    Raises:
        NotFound: There is nothing to move, or no folder to move it to.
        Conflict: Something stands at the destination.
        InvalidRequest: It lies on another file system, or can't be moved.
    """
    with telling(place), folder_of(place) as above, folder_of(destination) as beyond:
        found = os.stat(place.name, dir_fd=above, follow_symlinks=False)
        if _is_there(destination.name, beyond):
            raise Conflict(f"expected nothing at {destination}, got something; choose another name")
        if stat.S_ISREG(found.st_mode):
            # Unlike a rename, a link never takes the place of what appears there meanwhile.
            _link(place.name, above, destination.name, beyond)
        else:
            if not stat.S_ISDIR(found.st_mode):
                raise InvalidRequest(f"expected a file or folder at {place}, got something else")
            os.rename(place.name, destination.name, src_dir_fd=above, dst_dir_fd=beyond)
        os.fsync(beyond)
        os.fsync(above)


def _link(name: str, above: int, new_name: str, beyond: int) -> None:
    try:
        os.link(name, new_name, src_dir_fd=above, dst_dir_fd=beyond, follow_symlinks=False)
    except FileExistsError:
        raise Conflict(f"expected nothing at {new_name}, got something; try again") from None
    except PermissionError:
        # Some file systems know no second name.
        os.rename(name, new_name, src_dir_fd=above, dst_dir_fd=beyond)
    else:
        os.unlink(name, dir_fd=above)


def _is_there(name: str, above: int) -> bool:
    try:
        os.stat(name, dir_fd=above, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _drop(name: str, above: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=above)


def _keep_owner(name: str, handle: int, above: int) -> None:
    """Give the new content the owner of the old, where this process may."""
    with contextlib.suppress(FileNotFoundError, PermissionError):
        found = os.stat(name, dir_fd=above, follow_symlinks=False)
        ours = os.fstat(handle)
        if (found.st_uid, found.st_gid) != (ours.st_uid, ours.st_gid):
            os.fchown(handle, found.st_uid, found.st_gid)


def _new_mode() -> int:
    """Return the permission bits of a new file: the process's mask can only be read by setting."""
    mask = os.umask(0o077)
    os.umask(mask)
    return FILE_MODE & ~mask
