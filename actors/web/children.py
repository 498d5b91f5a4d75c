"""A child process for one job: limited, in a group of its own, gone with its job or its parent.

What reads pages of strangers may hang, eat memory or die; then only this child does. It is a fork,
so that it starts in milliseconds, and answers with JSON, so that nothing of it is run here.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mimo.config import limits
from mimo.config.errors import Crashed, InvalidRequest, MimoError, all_error_types
from mimo.supervision import platform
from mimo.supervision.lifeline import Lifeline

Answer = Mapping[str, Any]


@dataclass(slots=True, eq=False)
class Child:
    """A job's process, as its parent sees it.

    Args:
        pid: Also the id of its group.
        link: Where its answer comes; not blocking.
        lifeline: Cut when the child shall die, where the kernel doesn't see to that.
        received: What has come so far.
    """

    pid: int
    link: socket.socket
    lifeline: Lifeline | None
    received: bytearray

    def receive(self) -> bool:
        """Take what has come; return whether that is all."""
        with contextlib.suppress(BlockingIOError):
            while part := self.link.recv(65_536):
                self.received += part
                if len(self.received) > limits.WEB_ANSWER_BYTES_MAX:
                    return True
            return True
        return False

    def end(self) -> None:
        """Kill what is left of it, its group too, and collect it."""
        for number in (self.pid, -self.pid):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(number, signal.SIGKILL)
        if self.lifeline is not None:
            self.lifeline.cut()
        self.link.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)

    def answer(self) -> Answer:
        """Return what it answered.

        Raises:
            MimoError: It refused, or died over its job.
        """
        if len(self.received) > limits.WEB_ANSWER_BYTES_MAX:
            raise InvalidRequest(
                f"expected an answer of at most {limits.WEB_ANSWER_BYTES_MAX} bytes, got more;"
                " ask for less with 'limit'"
            )
        try:
            found = json.loads(self.received)
        except ValueError:
            raise Crashed(
                "expected an answer, got the death of the process that worked on it: the page"
                " needs too much memory or time, or is damaged"
            ) from None
        if "error" in found:
            code, message, retry_after_s = found["error"]
            raise all_error_types().get(code, MimoError)(message, retry_after_s=retry_after_s)
        answer: Answer = found
        return answer


def start(work: Callable[[], Answer]) -> Child:
    """Fork a child that does this work.

    Args:
        work: Returns what to answer, plain JSON values; a `MimoError` is answered as such.
    """
    inner, outer = socket.socketpair()
    lifeline = platform.new_lifeline()
    parent_pid = os.getpid()
    pid = os.fork()
    if pid == 0:
        _be_child(work, outer, lifeline, parent_pid)
    outer.close()
    if lifeline is not None:
        lifeline.keep()
    inner.setblocking(False)
    return Child(pid=pid, link=inner, lifeline=lifeline, received=bytearray())


def _be_child(
    work: Callable[[], Answer], outer: socket.socket, lifeline: Lifeline | None, parent_pid: int
) -> None:
    """Do the work and answer. Never returns."""
    code = 1
    try:
        os.setsid()
        platform.die_with_parent(parent_pid, lifeline)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        held = lifeline.files if lifeline is not None else ()
        platform.drop_inherited_files(keep=(outer.fileno(), *held))
        _limit()
        outer.sendall(json.dumps(_done(work), ensure_ascii=False).encode("utf-8", "replace"))
        code = 0
    finally:
        # The parent's handlers, buffers and exit hooks aren't this process's.
        os._exit(code)


def _done(work: Callable[[], Answer]) -> Answer:
    try:
        return work()
    except MimoError as error:
        return {"error": [error.code, error.message, error.retry_after_s]}
    except MemoryError:
        return {"error": ["invalid_request", _TOO_MUCH, None]}


_TOO_MUCH = (
    f"expected a page that can be read in {limits.WEB_JOB_BYTES_MAX // 2**20} MiB of memory,"
    " got one that needs more"
)


def _limit() -> None:
    """Bound what this process may use; its children inherit that."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    cpu_s = limits.WEB_JOB_CPU_S_MAX
    with contextlib.suppress(OSError, ValueError):
        # The hard limit leaves room for a browser, which has a limit of its own.
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, max(cpu_s, limits.WEB_BROWSER_CPU_S_MAX)))


def limit_memory(more_bytes: int) -> None:
    """Let this process map at most so many bytes more than it has mapped."""
    with contextlib.suppress(OSError, ValueError):
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123  this process's own
            mapped = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (mapped + more_bytes, mapped + more_bytes))
