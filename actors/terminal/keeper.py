"""The process that keeps one command: its output, its limits, its end.

It is small, imports little and lives apart from the worker that asked for it, so that a command
outlives that worker, and nothing of a command outlives its keeper. Run as
`python -m mimo.actors.terminal.keeper NUMBER` with an `Order` as its standard input; NUMBER is the
inherited socket of the first who asks.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import sys
from typing import Any, Final, NoReturn

from mimo.actors.terminal import keeper_child, orders
from mimo.actors.terminal.keeper_kin import Kin
from mimo.actors.terminal.keeper_peer import Peer
from mimo.actors.terminal.keeper_streams import Stream
from mimo.actors.terminal.orders import Order
from mimo.config.clock import SYSTEM_CLOCK
from mimo.supervision import platform

#: How often a running command is looked at, in seconds.
_LOOK_S: Final = 0.1
#: How long a command may take to leave after SIGTERM, in seconds.
_GRACE_S: Final = 0.5
#: How often what doesn't die is killed again, and for how long, in seconds.
_AGAIN_S: Final = 0.01
_KILL_S_MAX: Final = 3.0
#: Beside a socket's file: whose it is.
LOCK_SUFFIX: Final = ".lock"
#: Milliseconds that an adoption may take.
_ADOPTION_LOOKS_MAX: Final = 5_000
#: Output that is still read once a command has ended, in bytes.
_DRAIN_BYTES: Final = 4_194_304


class Keeper:
    """One command from its start until nobody wants to know of it any more.

    Args:
        order: What to run.
        control: The connection of who started the keeper.
    """

    def __init__(self, order: Order, control: socket.socket) -> None:
        self._order = order
        self._clock = SYSTEM_CLOCK
        self._kin = Kin()
        self._control = Peer(control)
        self._peers = [self._control]
        self._listener: socket.socket | None = None
        self._wake = _wakeful()
        self._guardian = order["guardian"]
        self._guard_fd: int | None = None
        self._began_s = self._ended_s = self._clock.monotonic_s()
        self._reason = ""
        self._trouble = ""
        self._status: int | None = None
        self._is_over = False
        self._kill_at_s = self._give_up_at_s = 0.0
        self._streams: list[Stream] = []
        self._input = -1
        self._unwritten = bytearray()
        self._close_input = False
        self.pid = 0

    def run(self) -> None:
        """Serve until the end."""
        self._settle()
        self._start()
        while self._is_wanted():
            self._wait()
            self._reap()
            self._look()
            self._answer_waiting()
        self.leave()

    def leave(self) -> NoReturn:
        """End all that is left, and this process."""
        self._give_up_at_s = self._clock.monotonic_s() + _KILL_S_MAX
        while not self._kin.kill() and self._clock.monotonic_s() < self._give_up_at_s:
            self._reap()
            select.select([], [], [], _AGAIN_S)
        if self._listener is not None:
            for path in (self._order["socket"], self._order["socket"] + LOCK_SUFFIX):
                with contextlib.suppress(OSError):
                    os.unlink(path)  # noqa: PTH108  importing pathlib takes as long as all the rest
        os._exit(0)

    # -- Beginning ---------------------------------------------------------------------------
    def _settle(self) -> None:
        """Take a place in the family of processes, and bind the socket."""
        platform.become_subreaper()
        if self._order["socket"]:
            self._listener = _listening(self._order["socket"])
        if self._order["bound"]:
            return
        with contextlib.suppress(ProcessLookupError):
            self._guard_fd = platform.watch_process(self._guardian)

    def _start(self) -> None:
        try:
            started = keeper_child.start(self._order)
        except OSError as error:
            self._over(orders.NOT_STARTED, error.strerror or str(error))
            return
        self.pid, self._input = started.pid, started.input
        self._kin.belongs(self.pid)
        self._streams = [Stream(fd, self._order["kept_bytes"]) for fd in started.outputs]
        if self._input >= 0:
            os.set_blocking(self._input, False)
        if started.trouble:
            os.waitpid(self.pid, 0)
            self._over(orders.NOT_STARTED, started.trouble)

    # -- The loop ----------------------------------------------------------------------------
    def _wait(self) -> None:
        """Sleep until something happens or is due."""
        self._peers = [peer for peer in self._peers if not peer.is_gone]
        reads: list[Any] = [self._wake, *self._peers]
        reads += [stream.fd for stream in self._streams if stream.is_open]
        reads += [self._listener] if self._listener is not None else []
        reads += [self._guard_fd] if self._guard_fd is not None else []
        writes: list[Any] = [peer for peer in self._peers if peer.has_more]
        if self._unwritten and self._input >= 0:
            writes.append(self._input)
        ready, writable, _ = select.select(reads, writes, [], self._pause_s())
        with contextlib.suppress(BlockingIOError):
            while self._wake in ready and os.read(self._wake, 64):
                continue
        for stream in self._streams:
            if stream.is_open and stream.fd in ready:
                stream.pull()
        if self._listener is not None and self._listener in ready:
            with contextlib.suppress(OSError):
                self._peers.append(Peer(self._listener.accept()[0]))
        if self._guard_fd is not None and self._guard_fd in ready:
            self.leave()
        for peer in [peer for peer in self._peers if peer in ready]:
            self._hear(peer)
        for peer in [peer for peer in self._peers if peer in writable]:
            peer.push()
        if self._input in writable:
            self._write_input()

    def _pause_s(self) -> float | None:
        now_s = self._clock.monotonic_s()
        dues = [peer.due_s for peer in self._peers if peer.due_s is not None]
        if self._kill_at_s:
            return min(max(self._kill_at_s - now_s, 0.0), _LOOK_S)
        if not self._is_over:
            return _LOOK_S
        if not self._order["bound"]:
            dues.append(self._ended_s + self._order["linger_s"])
            dues.append(now_s + 1.0)
        return max(min(dues) - now_s, 0.0) if dues else None

    def _is_wanted(self) -> bool:
        """Tell whether anybody may still ask."""
        if self._order["bound"]:
            return not self._control.is_gone
        if self._guard_fd is None and not platform.is_alive(self._guardian):
            return False
        now_s = self._clock.monotonic_s()
        return not self._is_over or now_s < self._ended_s + self._order["linger_s"]

    # -- The command -------------------------------------------------------------------------
    def _reap(self) -> None:
        """Collect the dead; the command's own status is its end."""
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                if pid == self.pid:
                    self._status = status
        except ChildProcessError:
            return

    def _look(self) -> None:
        """Judge a running command, and go on with the end of an ending one."""
        if self._is_over:
            return
        now_s = self._clock.monotonic_s()
        if self._kill_at_s:
            if self._status is not None or now_s >= self._kill_at_s:
                self._finish(now_s)
            return
        if self._status is not None:
            self._finish(now_s)
        elif 0 < self._order["timeout_s"] <= now_s - self._began_s:
            self._end(orders.TIMEOUT)
        else:
            self._hold_limits()

    def _hold_limits(self) -> None:
        """End a family that has become too many or too large."""
        living = self._kin.living(self._order["processes"] + 1 if self._order["processes"] else 0)
        if 0 < self._order["processes"] < len(living):
            self._reason = orders.PROCESSES
            self._finish(self._clock.monotonic_s())
        elif 0 < self._order["memory_bytes"] < self._kin.memory_bytes(living):
            self._reason = orders.MEMORY
            self._finish(self._clock.monotonic_s())

    def _end(self, reason: str) -> None:
        """Ask all processes to leave; they are killed a little later."""
        if self._is_over or self._kill_at_s:
            return
        self._reason = reason
        self._kin.signal(signal.SIGTERM)
        self._kill_at_s = self._clock.monotonic_s() + _GRACE_S

    def _finish(self, now_s: float) -> None:
        """Kill what is left, read the last output and note the end."""
        self._give_up_at_s = self._give_up_at_s or now_s + _KILL_S_MAX
        for stream in self._streams:
            stream.drain(_DRAIN_BYTES)
        is_empty = self._kin.kill()
        self._reap()
        if not is_empty and now_s < self._give_up_at_s:
            self._kill_at_s = now_s + _AGAIN_S
            return
        for stream in self._streams:
            stream.drain(_DRAIN_BYTES)
        self._over(self._reason or _reason_of(self._status))

    def _over(self, reason: str, trouble: str = "") -> None:
        self._is_over, self._reason, self._trouble = True, reason, trouble
        self._kill_at_s = 0.0
        self._ended_s = self._clock.monotonic_s()
        for stream in self._streams:
            stream.close()
        self._close(close_now=True)

    # -- Who asks ----------------------------------------------------------------------------
    def _hear(self, peer: Peer) -> None:
        for line in peer.pull():
            try:
                self._obey(peer, orders.decoded(line))
            except (KeyError, TypeError, ValueError):
                # Nobody of ours: a process of the same user found the socket.
                peer.close()
                return

    def _obey(self, peer: Peer, request: dict[str, Any]) -> None:
        match request.get("do"):
            case "write":
                self._unwritten += base64.b64decode(request.get("data", ""))
                self._close_input = self._close_input or bool(request.get("eof"))
                self._write_input()
            case "signal":
                self._kin.signal(int(request["number"]))
            case "end":
                self._end(orders.STOPPED)
            case "kill":
                self._reason = self._reason or orders.STOPPED
                if not self._is_over:
                    self._finish(self._clock.monotonic_s())
            case "leave":
                self.leave()
        due_s = self._clock.monotonic_s() + float(request.get("wait_s", 0.0))
        known = int(request["after"]) if "after" in request else self._totals()
        peer.wait(request, due_s, known)

    def _answer_waiting(self) -> None:
        now_s = self._clock.monotonic_s()
        for peer in self._peers:
            while (request := peer.ready(now_s, self._totals(), is_over=self._is_over)) is not None:
                peer.send(self._told(request))

    def _totals(self) -> int:
        return sum(stream.total for stream in self._streams)

    def _told(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return how the command stands, with the output that was asked for."""
        code = None if self._status is None else os.waitstatus_to_exitcode(self._status)
        end_s = self._ended_s if self._is_over else self._clock.monotonic_s()
        parts = []
        for stream in self._streams:
            begin, data = stream.part(int(request.get("offset", 0)), int(request.get("most", 0)))
            part = {"begin": begin, "first": stream.first, "total": stream.total}
            parts.append({**part, "data": base64.b64encode(data).decode()})
        return {
            "id": request.get("id"),
            "pid": self.pid,
            "over": self._is_over,
            "reason": self._reason if self._is_over else "",
            "trouble": self._trouble,
            "code": code if self._is_over else None,
            "runtime_s": end_s - self._began_s,
            "parts": parts,
        }

    # -- Input -------------------------------------------------------------------------------
    def _write_input(self) -> None:
        if self._input < 0:
            self._unwritten.clear()
            return
        try:
            while self._unwritten:
                del self._unwritten[: os.write(self._input, self._unwritten)]
        except BlockingIOError:
            return
        except OSError:
            self._close(close_now=True)
        self._close(close_now=self._close_input)

    def _close(self, *, close_now: bool) -> None:
        """Close the command's input; a terminal's is closed with its output."""
        if close_now and self._input >= 0:
            if not self._order["pty"]:
                os.close(self._input)
            self._input = -1


def _reason_of(status: int | None) -> str:
    if status is None:
        return orders.LOST
    if not os.WIFSIGNALED(status):
        return orders.EXITED
    number = os.WTERMSIG(status)
    known = {int(signal.SIGXCPU): orders.CPU, int(signal.SIGXFSZ): orders.FILE_SIZE}
    return known.get(number, orders.SIGNALLED)


def _wakeful() -> int:
    """Return what becomes readable when a child ends or somebody asks to leave."""
    wake, wake_end = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(wake_end, False)
    signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return wake


def _adopter(parent: int) -> int:
    """Return the pid of who adopted this process once its parent had left."""
    for _ in range(_ADOPTION_LOOKS_MAX):
        if os.getppid() != parent:
            break
        select.select([], [], [], 0.001)
    return os.getppid()


def _listening(path: str) -> socket.socket:
    """Return a socket that only this user can connect to: its folder is private.

    Another keeper for the same command makes this one leave: there shall be one.
    """
    folder, name = os.path.split(path)
    os.chdir(folder)
    lock = os.open(name + LOCK_SUFFIX, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os._exit(0)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name)  # noqa: PTH108  as above
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(name)
    listener.listen(8)
    os.chdir("/")
    return listener


def main() -> None:
    """Read the order and keep its command."""
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    with os.fdopen(os.dup(0), "rb") as file:
        order: Order = json.load(file)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    if not order["bound"]:
        # A session of its own, and a parent that won't die with the worker.
        parent = os.getpid()
        if os.fork():
            os._exit(0)
        os.setsid()
        order["guardian"] = order["guardian"] or _adopter(parent)
    keeper = Keeper(order, control)
    signal.signal(signal.SIGTERM, lambda *_: keeper.leave())
    keeper.run()
    os._exit(0)


if __name__ == "__main__":
    main()
