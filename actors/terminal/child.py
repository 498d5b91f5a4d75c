"""Child processes in general: a list of arguments, no shell, an environment of their own, limits.

Each command runs under a keeper (`keeper.py`), a small process that bounds its output and ends it
with all its descendants: at its time limit, when it takes too much memory or has too many
processes, and when the process that asked for it is gone.

In an actor, `Children` runs commands beside its messages; elsewhere `run` waits for one.
"""

from __future__ import annotations

import base64
import os
import select
import socket
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mimo.actors.terminal import orders
from mimo.actors.terminal.keeper_child import NO_INPUT
from mimo.actors.terminal.link import Link
from mimo.actors.terminal.orders import Order
from mimo.actors.terminal.starting import open_folder, start_keeper
from mimo.config import limits
from mimo.supervision.process import Process

#: How long beyond its time limit a command may take to be reported ended, in seconds.
OVERDUE_S = 8.0
#: How long a keeper may take to leave, in seconds.
_LEAVE_S = 4.0
#: Variables that a command inherits, if they are set.
_INHERITED = ("HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")
#: What keeps programs from waiting for somebody at a terminal.
_QUIET = {
    "TERM": "dumb",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "PYTHONUNBUFFERED": "1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildLimits:
    """What one command may use, with all its descendants; 0 is no limit.

    Args:
        memory_bytes: Memory besides files, of all together and of each.
        processes: At the same time.
        cpu_s: Seconds of processor of each process.
        files: Open ones of each process.
        file_bytes: Of each file that is written.
    """

    memory_bytes: int = limits.CHILD_MEMORY_BYTES
    processes: int = limits.CHILD_PROCESSES_MAX
    cpu_s: int = limits.CHILD_CPU_S
    files: int = limits.CHILD_FILES_MAX
    file_bytes: int = limits.CHILD_FILE_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command to run.

    Args:
        argv: The program, looked up in the environment's PATH, and its arguments.
        cwd: Its folder: an absolute path without links in it.
        env: Its whole environment; see `environment`.
        stdin: What it reads.
        timeout_s: Seconds until it is ended.
        merged: Whether standard error comes within standard output, in order.
        output_bytes: Output kept of each stream; of more, the last bytes.
        limits: What it may use.
    """

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    stdin: bytes = b""
    timeout_s: float = limits.CHILD_TIMEOUT_S
    merged: bool = False
    output_bytes: int = limits.CHILD_OUTPUT_BYTES
    limits: ChildLimits = field(default_factory=ChildLimits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended.

    Args:
        reason: `exited` (see `exit_code`), `signal`, `timeout`, `stopped` (by us), `memory`,
            `processes`, `cpu`, `file_size` (a limit was met), `not_started` (see `trouble`), `lost`
            (its keeper died).
        exit_code: 0 to 255 if it exited by itself, else None.
        signal_number: What ended it; 0 if it exited.
        stdout: Its output.
        stderr: Its errors; empty if merged.
        left_out: Bytes of output that weren't kept, from the beginning of the streams.
        runtime_s: Seconds from its start to its end.
        trouble: Why it couldn't be started.
    """

    reason: str
    exit_code: int | None = None
    signal_number: int = 0
    stdout: bytes = b""
    stderr: bytes = b""
    left_out: int = 0
    runtime_s: float = 0.0
    trouble: str = ""

    @property
    def succeeded(self) -> bool:
        """Tell whether it exited by itself with 0."""
        return self.exit_code == 0


def environment(
    environ: Mapping[str, str], more: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the small environment of a command: no keys, nothing that makes it wait for a person.

    Args:
        environ: Of this process.
        more: Added to it.
    """
    found = {name: environ[name] for name in _INHERITED if name in environ}
    folders = environ.get("PATH", os.defpath).split(os.pathsep)
    found["PATH"] = os.pathsep.join(folder for folder in folders if folder.startswith("/"))
    return {**found, **_QUIET, **(more or {})}


class Child:
    """One running command.

    Args:
        command: What runs.

    Raises:
        OSError: No process could be made, or there is no such folder.
    """

    def __init__(self, command: Command) -> None:
        order = order_of(command)
        order["cwd"] = open_folder(command.cwd)
        ours, theirs = socket.socketpair()
        with theirs, tempfile.TemporaryFile() as stdin:
            try:
                if command.stdin:
                    stdin.write(command.stdin)
                    stdin.seek(0)
                    order["stdin"] = stdin.fileno()
                self._keeper = start_keeper(order, theirs, (order["cwd"], stdin.fileno()))
            except OSError:
                ours.close()
                raise
            finally:
                os.close(order["cwd"])
        self.link = Link(ours)
        self.link.send({"id": 0, "until": "end", "wait_s": 1e9, "most": command.output_bytes})

    def pull(self) -> Ended | None:
        """Read what the keeper says; return the command's end, None while it runs."""
        told = self.link.pull()
        if not told and not self.link.is_gone:
            return None
        return self.let_go(ended_of(told[0]) if told else None)

    def stop(self) -> None:
        """Have the command ended; it is reported as usual."""
        self.link.send({"id": 1, "do": "end"})

    def let_go(self, ended: Ended | None = None) -> Ended:
        """End what still runs, and the keeper; without a report the command counts as lost."""
        self.link.close()
        try:
            # It leaves as soon as the connection closes.
            self._keeper.wait(_LEAVE_S)
        except subprocess.TimeoutExpired:
            self._keeper.kill()
            self._keeper.wait()
        return ended or Ended(reason=orders.LOST)


class Overdue:
    """Timer payload: this command should have ended by now; its keeper may be frozen."""

    def __init__(self, give_up: Callable[[], None]) -> None:
        self.give_up = give_up


class Children:
    """The commands of one actor; it hands `Overdue` from `handle_info` to its `give_up`.

    Args:
        owner: The actor.
    """

    def __init__(self, owner: Process) -> None:
        self._owner = owner
        self._running: dict[int, tuple[Child, Callable[[Ended], None], int]] = {}
        self._last = 0

    def __len__(self) -> int:
        """Return how many run."""
        return len(self._running)

    def start(self, command: Command, then: Callable[[Ended], None]) -> int:
        """Start a command and return its number; `then` gets its end, exactly once, later."""
        self._last = number = self._last + 1
        try:
            child = Child(command)
        except OSError as error:
            trouble = error.strerror or str(error)
            ended = Ended(reason=orders.NOT_STARTED, trouble=trouble)
            self._owner.after(0.0, Overdue(lambda: then(ended)))
            return number
        overdue = Overdue(lambda: self._give_up(number))
        timer = self._owner.after(command.timeout_s + OVERDUE_S, overdue)
        self._running[number] = child, then, timer
        self._owner.watch_fd(child.link.fileno(), lambda: self._pull(number))
        return number

    def stop(self, number: int) -> None:
        """Have a command ended, if it still runs."""
        if number in self._running:
            self._running[number][0].stop()

    def _pull(self, number: int) -> None:
        child, then, timer = self._running[number]
        fd = child.link.fileno()
        if (ended := child.pull()) is not None:
            self._owner.unwatch_fd(fd)
            self._owner.cancel(timer)
            del self._running[number]
            then(ended)

    def _give_up(self, number: int) -> None:
        if number in self._running:
            child, then, _ = self._running.pop(number)
            self._owner.unwatch_fd(child.link.fileno())
            then(child.let_go())


def run(command: Command) -> Ended:
    """Run a command and wait for its end; not in an actor, which must not wait.

    Raises:
        OSError: No process could be made, or there is no such folder.
    """
    child = Child(command)
    while select.select([child.link], [], [], command.timeout_s + OVERDUE_S)[0]:
        if (ended := child.pull()) is not None:
            return ended
    return child.let_go()


def order_of(command: Command) -> Order:
    """Return the order for a command that ends with its connection; `cwd` is still missing."""
    most = command.limits
    return Order(
        argv=list(command.argv),
        env=dict(command.env),
        cwd=-1,
        stdin=NO_INPUT,
        pty=False,
        merged=command.merged,
        timeout_s=command.timeout_s,
        kept_bytes=command.output_bytes,
        memory_bytes=most.memory_bytes,
        processes=most.processes,
        cpu_s=most.cpu_s,
        files=most.files,
        file_bytes=most.file_bytes,
        socket="",
        bound=True,
        guardian=0,
        linger_s=0.0,
    )


def ended_of(message: Mapping[str, Any]) -> Ended | None:
    """Return the end that a keeper tells of; None while the command runs."""
    if not message["over"]:
        return None
    code = message["code"]
    parts = message["parts"]
    texts = [base64.b64decode(part["data"]) for part in parts]
    exited = message["reason"] == orders.EXITED
    return Ended(
        reason=message["reason"],
        exit_code=code if exited else None,
        signal_number=-code if not exited and code is not None and code < 0 else 0,
        stdout=texts[0] if texts else b"",
        stderr=texts[1] if len(texts) > 1 else b"",
        left_out=sum(part["begin"] for part in parts),
        runtime_s=message["runtime_s"],
        trouble=message["trouble"],
    )
