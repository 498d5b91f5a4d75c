"""A place for the browser's processes without network, without the user's files, with limits.

It runs between fork and exec. On Linux the kernel gives a network of its own, in which nothing but
our proxy listens, and empty folders in place of the home, Mimo's data and the temporary files; what
the browser writes is gone with it. A node of root's gives its rights up first.

Source: namespaces(7), user_namespaces(7), mount_namespaces(7), netdevice(7).
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import resource
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mimo.config import limits
from mimo.supervision import platform

_NEWUSER, _NEWNET, _NEWNS = 0x1000_0000, 0x4000_0000, 0x0002_0000
_MS_NOSUID, _MS_NODEV, _MS_REC, _MS_PRIVATE = 2, 4, 0x4000, 0x40000
_PR_SET_DUMPABLE = 4
_SIOCSIFFLAGS, _IFF_UP, _IFF_LOOPBACK = 0x8914, 1, 8
_NOBODY = 65_534
#: Where the proxy listens in the browser's own network.
PORT = 3_128
#: Where the browser writes: empty, in memory, its own.
SCRATCH = "/tmp"  # noqa: S108  an empty file system is mounted there first
_FILES_MAX = 4_096
_PROCESSES_MAX = 1_500


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """What is done to a browser's process before it is one.

    Args:
        parent_pid: It dies with this process.
        hidden: Folders in whose place it sees empty ones.
        sender: Takes the proxy's socket to the parent; None leaves the network as it is.
    """

    parent_pid: int
    hidden: Sequence[Path]
    sender: socket.socket | None

    def enter(self) -> None:
        """Confine this process.

        Raises:
            OSError: The system refuses.
        """
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(_NOBODY)
            os.setuid(_NOBODY)
        if self.sender is not None:
            self._leave_the_world(self.sender)
        _limit()
        platform.die_with_parent(self.parent_pid)

    def _leave_the_world(self, sender: socket.socket) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        uid, gid = os.getuid(), os.getgid()
        # After a change of user this process's own files in /proc belong to root.
        libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)
        _checked(libc.unshare(_NEWUSER | _NEWNET | _NEWNS))
        for name, text in (
            ("setgroups", b"deny"),
            ("uid_map", b"%d %d 1" % (uid, uid)),
            ("gid_map", b"%d %d 1" % (gid, gid)),
        ):
            # In bytes: a codec would be loaded from a folder that may be out of reach by now.
            Path(f"/proc/self/{name}").write_bytes(text)
        _checked(libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None))
        for folder in self.hidden:
            # A folder that can't even be reached needs no cover.
            with contextlib.suppress(PermissionError):
                _cover(libc, folder)
        _cover(libc, Path(SCRATCH))
        with socket.socket() as any_socket:
            up = struct.pack("16sH22x", b"lo", _IFF_UP | _IFF_LOOPBACK)
            fcntl.ioctl(any_socket, _SIOCSIFFLAGS, up)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", PORT))
            listener.listen(limits.WEB_CONNECTIONS_MAX)
            socket.send_fds(sender, [b"p"], [listener.fileno()])


def _cover(libc: ctypes.CDLL, folder: Path) -> None:
    """Put an empty file system in memory over a folder."""
    options = b"size=%d,mode=0700" % limits.WEB_BROWSER_FILE_BYTES_MAX
    flags = _MS_NOSUID | _MS_NODEV
    _checked(libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", flags, options))


def _checked(result: int) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _limit() -> None:
    """Bound each of the browser's processes; all together are watched by the parent."""
    size = limits.WEB_BROWSER_FILE_BYTES_MAX
    wanted = (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, limits.WEB_BROWSER_CPU_S_MAX),
        (resource.RLIMIT_FSIZE, size),
        (resource.RLIMIT_NOFILE, _FILES_MAX),
        (resource.RLIMIT_NPROC, _PROCESSES_MAX),
    )
    for which, value in wanted:
        _, hard = resource.getrlimit(which)
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (most, most))
