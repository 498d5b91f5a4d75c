"""A pipe by which a child dies with its parent, where the kernel has no parent-death signal."""

from __future__ import annotations

import fcntl
import os
import select
import signal


class Lifeline:
    """Two ends of a pipe: the parent keeps the one, its child holds on to the other.

    Made by the parent before the fork. When the parent's end closes, by its death too, the kernel
    sends the child SIGIO, whose handler kills the process; a child inside a long C call follows as
    soon as that returns.
    """

    def __init__(self) -> None:
        self._end_fd, self._parent_fd = os.pipe()

    @classmethod
    def from_end(cls, fd: int) -> Lifeline:
        """Return the child's side of a lifeline whose end came over a socket."""
        line = cls()
        line.cut()
        line._end_fd = fd
        return line

    @property
    def files(self) -> tuple[int, ...]:
        """Return the file numbers that the child must keep."""
        return (self._end_fd,) if self._end_fd >= 0 else ()

    def keep(self) -> None:
        """In the parent, after the fork: let go of the child's end."""
        self._close("_end_fd")

    def hold_on(self) -> None:
        """In the child: let go of the parent's end, and die when the parent's own closes."""
        self._close("_parent_fd")
        signal.signal(signal.SIGIO, _die)
        fcntl.fcntl(self._end_fd, fcntl.F_SETOWN, os.getpid())
        flags = fcntl.fcntl(self._end_fd, fcntl.F_GETFL)
        fcntl.fcntl(self._end_fd, fcntl.F_SETFL, flags | os.O_ASYNC)
        if select.select([self._end_fd], [], [], 0)[0]:
            _die()

    def cut(self) -> None:
        """Let go of both ends; in the parent this kills the child."""
        self._close("_parent_fd")
        self._close("_end_fd")

    def _close(self, which: str) -> None:
        fd = getattr(self, which)
        if fd >= 0:
            setattr(self, which, -1)
            os.close(fd)

    def __del__(self) -> None:
        self.cut()


def _die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)
