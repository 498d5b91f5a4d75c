"""The process that parses: a fork with limits, which reads files that its parent opened for it.

A grammar is C code over anybody's text. What hangs, crashes or eats memory is only this child; the
file it was at is known by then, and isn't tried again until it changes.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import socket
from collections import deque
from collections.abc import Sequence

from mimo.actors.code.reading import Answer, Task, read
from mimo.actors.web.children import limit_memory
from mimo.config import limits
from mimo.config.clock import SYSTEM_CLOCK
from mimo.config.errors import MimoError
from mimo.supervision import platform
from mimo.supervision.lifeline import Lifeline

_BLOCK_BYTES = 262_144
_KILLED = "the process that read it died: it needs too much memory or time; it was not read"


class Reader:
    """The child, as its parent sees it; it works on one batch at a time."""

    def __init__(self) -> None:
        inner, outer = socket.socketpair()
        self._lifeline = platform.new_lifeline()
        parent_pid = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            _be_child(outer, self._lifeline, parent_pid)
        outer.close()
        if self._lifeline is not None:
            self._lifeline.keep()
        self._link = inner
        self._unread = bytearray()
        self._tasks: deque[Task] = deque()
        self.is_gone = False

    def fileno(self) -> int:
        """Return the number to be watched."""
        return self._link.fileno()

    @property
    def open_tasks(self) -> int:
        """Return how many of the batch aren't answered."""
        return len(self._tasks)

    def send(self, tasks: Sequence[Task], handles: Sequence[int]) -> None:
        """Have these files read; their handles are copied, the caller closes its own.

        Args:
            tasks: At most `limits.CODE_BATCH_MAX`, when the last batch is answered.
            handles: One a task, open for reading.
        """
        self._tasks.extend(tasks)
        line = json.dumps(tasks).encode() + b"\n"
        try:
            self._link.setblocking(True)
            sent = socket.send_fds(self._link, [line], list(handles))
            self._link.sendall(line[sent:])
        except OSError:
            self.is_gone = True
        finally:
            self._link.setblocking(False)

    def receive(self) -> list[tuple[Task, Answer]]:
        """Return what has been read by now; `is_gone` tells that no more will come."""
        try:
            while block := self._link.recv(_BLOCK_BYTES):
                self._unread += block
                if len(self._unread) > limits.CODE_ANSWER_BYTES_MAX:
                    break
            self.is_gone = True
        except BlockingIOError:
            pass
        except OSError:
            self.is_gone = True
        *lines, rest = self._unread.split(b"\n")
        self._unread = bytearray(rest)
        return [(self._tasks.popleft(), json.loads(line)) for line in lines if self._tasks]

    def give_up(self) -> tuple[Task, list[Task]] | None:
        """End it; return the task it was at and those it didn't come to, None if it was idle."""
        self.end()
        if not self._tasks:
            return None
        culprit, *rest = self._tasks
        self._tasks.clear()
        return culprit, rest

    def end(self) -> None:
        """Kill it and collect what is left of it."""
        self.is_gone = True
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        if self._lifeline is not None:
            self._lifeline.cut()
        self._link.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def killed(task: Task, stamps: Sequence[int]) -> Answer:
    """Return the answer to a task whose reader died: it is skipped until the file changes."""
    return Answer(path=task["path"], stamps=list(stamps), hash="", lines=0, note=_KILLED)


# -- In the child ----------------------------------------------------------------------------------
def _be_child(outer: socket.socket, lifeline: Lifeline | None, parent_pid: int) -> None:
    """Read what comes until the parent is gone. Never returns."""
    try:
        os.setsid()
        platform.die_with_parent(parent_pid, lifeline)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGALRM):
            signal.signal(number, signal.SIG_DFL)
        held = lifeline.files if lifeline is not None else ()
        platform.drop_inherited_files(keep=(outer.fileno(), *held))
        _limit()
        _serve(outer)
    finally:
        # The parent's handlers, buffers and exit hooks aren't this process's.
        os._exit(1)


def _limit() -> None:
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limit_memory(limits.CODE_READER_BYTES_MAX)


def _serve(outer: socket.socket) -> None:
    while True:
        line, handles, _, _ = socket.recv_fds(outer, _BLOCK_BYTES, limits.CODE_BATCH_MAX)
        while line and not line.endswith(b"\n"):
            line += outer.recv(_BLOCK_BYTES)
        if not line:
            return
        for task, handle in zip(json.loads(line), handles, strict=True):
            # Its default action ends the process, also in the midst of C code.
            signal.setitimer(signal.ITIMER_REAL, task["seconds"])
            answer = _answer(task, handle)
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            os.close(handle)
            outer.sendall(json.dumps(answer).encode() + b"\n")


def _answer(task: Task, handle: int) -> Answer:
    try:
        return read(task, handle, round(SYSTEM_CLOCK.wall_s() * 1e9))
    except (OSError, MimoError) as error:
        note = f"it could not be read: {error}"
    except (MemoryError, RecursionError):
        note = "it needs too much memory; it was not read"
    found = os.fstat(handle)
    stamps = [found.st_size, found.st_mtime_ns, found.st_ino]
    return Answer(path=task["path"], stamps=stamps, hash="", lines=0, note=note)
