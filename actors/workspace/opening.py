"""Opening what was judged: from the allowed folder down by descriptors, never through a link."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from mimo.actors.workspace.places import Place
from mimo.config.errors import DiskFull, InvalidRequest, MimoError, NotFound, StorageFailed

# Non-blocking: opening a pipe would wait for its writer.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_FOLDER = _READ | os.O_DIRECTORY
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a file held when it was read.

    Args:
        data: Its bytes.
        mode: Its permission bits.
        modified_s: When it was changed last, wall seconds UTC.
        identity: Device and inode.
    """

    data: bytes
    mode: int
    modified_s: float
    identity: tuple[int, int]


def read(place: Place, bytes_max: int) -> Contents:
    """Return what a regular file holds.

    Raises:
        InvalidRequest: It is too large, no regular file, became a link, or may not be read.
        NotFound: It has gone.
    """
    with telling(place), folder_of(place) as folder:
        handle = os.open(place.name, _READ, dir_fd=folder)
        with os.fdopen(handle, "rb") as stream:
            found = os.fstat(handle)
            refuse_special(place, found.st_mode)
            refuse_large(place, found.st_size, bytes_max)
            data = stream.read(bytes_max + 1)
    refuse_large(place, len(data), bytes_max)
    return Contents(
        data=data,
        mode=stat.S_IMODE(found.st_mode),
        modified_s=found.st_mtime,
        identity=(found.st_dev, found.st_ino),
    )


def look(place: Place) -> os.stat_result:
    """Return what the file system says of a place; a link is itself.

    Raises:
        InvalidRequest: A folder above became a link, or may not be searched.
        NotFound: It has gone.
    """
    with telling(place):
        if not place.parts:
            with folder(place) as handle:
                return os.fstat(handle)
        with folder_of(place) as handle:
            return os.stat(place.name, dir_fd=handle, follow_symlinks=False)


def exists(place: Place) -> bool:
    """Tell whether anything is there, be it a link that leads nowhere.

    Raises:
        InvalidRequest: A folder above became a link, or may not be searched.
    """
    try:
        look(place)
    except NotFound:
        return False
    return True


@contextlib.contextmanager
def folder(place: Place) -> Iterator[int]:
    """Hold a folder open: a descriptor for `dir_fd`.

    Raises:
        OSError: A part is missing, no folder, a link now, or may not be searched.
    """
    handle = os.open(place.root, _FOLDER)
    try:
        for part in place.parts:
            below = os.open(part, _FOLDER, dir_fd=handle)
            os.close(handle)
            handle = below
        yield handle
    finally:
        os.close(handle)


def folder_of(place: Place) -> contextlib.AbstractContextManager[int]:
    """Hold the folder around a place open, as `folder` does.

    Raises:
        InvalidRequest: It is an allowed folder itself.
    """
    if not place.parts:
        raise InvalidRequest(f"expected a file inside {place}, got that folder; name the file")
    return folder(place.parent)


@contextlib.contextmanager
def telling(place: Place) -> Iterator[None]:
    """Turn the system's errors into ones that say what to do.

    Raises:
        MimoError: As the system's error says.
    """
    try:
        yield
    except OSError as error:
        raise _told(place, error) from None


def _told(place: Place, error: OSError) -> MimoError:
    match error:
        case FileNotFoundError():
            return NotFound(f"expected something at {place}, got nothing: it has gone")
        case OSError(errno=code) if code in _FULL:
            return DiskFull(f"expected room for {place}, got: {error.strerror}", retry_after_s=30.0)
        case OSError(errno=code) if code == errno.EIO:
            return StorageFailed(f"expected {place} to be usable, got: {error.strerror}")
        case _:
            return InvalidRequest(
                f"expected a usable file at {place}, got: {error.strerror or error}"
            )


def refuse_special(place: Place, mode: int) -> None:
    """Refuse what is no regular file.

    Raises:
        InvalidRequest: It is a folder, pipe, socket, device or link.
    """
    if not stat.S_ISREG(mode):
        raise InvalidRequest(f"expected a regular file at {place}, got {kind(mode)}")


def refuse_large(place: Place, size: int, bytes_max: int) -> None:
    """Refuse a file beyond a limit.

    Raises:
        InvalidRequest: It is larger.
    """
    if size > bytes_max:
        raise InvalidRequest(
            f"expected a file of at most {bytes_max} bytes, got {size} at {place}; split it"
        )


def kind(mode: int) -> str:
    """Return what a mode says that something is, in words."""
    kinds = {
        stat.S_IFREG: "a regular file",
        stat.S_IFDIR: "a directory",
        stat.S_IFLNK: "a link",
        stat.S_IFIFO: "a pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "something else")
