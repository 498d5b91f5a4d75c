"""A real actor system with a given supervision tree, for as long as a `with` block.

    with running_tree(group("root", flags, worker("a")), tmp_path) as tree:
        tree.kill("a")
        eventually(lambda: tree.pid("a") != old)

A keeper process adopts and kills whatever is left at the end, also when the test itself dies.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import secrets
import select
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mimo.config import errors, logs
from mimo.supervision import messages as m
from mimo.supervision import platform, runtime
from mimo.supervision.lifeline import Lifeline
from mimo.supervision.loopback import free_port
from mimo.supervision.specs import ChildSpec
from tests.support.processes import alive

#: How long the tree may take to boot, in seconds; generous, for busy machines.
BOOT_S = 60.0
CALL_S = 20.0
BOOTS_MAX = 5


@dataclass(frozen=True, slots=True)
class _Booted:
    address: Any
    pid: int
    incarnation: int


class BootRefused(Exception):  # noqa: N818  a fact
    """The root answered `StartFailed`; the text is its detail."""


class Tree:
    """A handle to a running tree: who is where, calls, signals, the log."""

    def __init__(self, endpoint: runtime.Endpoint, root: _Booted, name: str, log: Path) -> None:
        self.root_pid = root.pid
        self.root_name = name
        self._endpoint = endpoint
        self._root = root
        self._log = log
        self._next_id = int(time.monotonic() * 1e6)
        self.heard: list[Any] = []

    # -- Asking ----------------------------------------------------------------------------
    def call(self, name: str, request: Any, timeout_s: float = CALL_S) -> Any:
        """Return the answer of the process `name`; a `Failure` is raised as its error."""
        if name == self.root_name:
            return self.ask_root(request, timeout_s)
        up = self.whereis(name)
        return self._call(up.address, name, up.incarnation, request, timeout_s)

    def ask_root(self, request: Any, timeout_s: float = CALL_S) -> Any:
        """Return the root supervisor's answer."""
        return self._call(self._root.address, self.root_name, 0, request, timeout_s)

    def whereis(self, name: str) -> m.Up:
        """Return where `name` serves; raise `NotFound` or `Unavailable` when it doesn't."""
        found = self.ask_root(m.Whereis(name=name))
        assert isinstance(found, m.Up)
        return found

    def pid(self, name: str) -> int:
        """Return the pid of `name`; 0 while it is down."""
        try:
            return self.whereis(name).pid
        except (errors.NotFound, errors.Unavailable):
            return 0

    def pids(self, *names: str) -> dict[str, int]:
        """Return the pids of several names."""
        return {name: self.pid(name) for name in names}

    def rows(self) -> dict[str, m.ChildStatus]:
        """Return every row of the live tree by name."""
        return {one.name: one for one in _flat(self.ask_root(m.WhichChildren()))}

    def row(self, name: str) -> m.ChildStatus:
        """Return the row of one process."""
        return self.rows()[name]

    def subscribe(self, *names: str) -> None:
        """Ask for `Up` and `Down` of these names; they come with `listen`."""
        self.send(self._root.address, m.Subscribe(names=names, lease_s=600.0))

    def listen(self, timeout_s: float) -> Any:
        """Return the next message that isn't a reply, or None."""
        if self.heard:
            return self.heard.pop(0)
        items = self._receive(timeout_s)
        self.heard.extend(item for item in items if not isinstance(item, m.Reply))
        return self.heard.pop(0) if self.heard else None

    # -- Acting ----------------------------------------------------------------------------
    def send(self, address: Any, message: Any) -> None:
        """Send a message to an address."""
        self._endpoint.send(address, message)
        self._endpoint.flush(2.0)

    def send_root(self, message: Any) -> None:
        """Send a message to the root."""
        self.send(self._root.address, message)

    def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        """Send a signal to the process `name` and return its pid."""
        pid = self.pid(name)
        assert pid > 0, f"expected {name} to be up"
        os.kill(pid, number)
        return pid

    def stop(self) -> None:
        """Ask the root to leave; doesn't wait."""
        self.send_root(m.Stop(incarnation=self._root.incarnation))

    @property
    def is_up(self) -> bool:
        """Tell whether the root's process lives."""
        return alive(self.root_pid)

    # -- Afterwards ------------------------------------------------------------------------
    def events(self, event: str = "", child: str = "") -> list[dict[str, Any]]:
        """Return the log's lines, of one event and one child if given."""
        if not self._log.exists():
            return []
        lines = [json.loads(line) for line in self._log.read_text().splitlines()]
        return [
            line
            for line in lines
            if (not event or line["event"] == event) and (not child or line.get("child") == child)
        ]

    # -- Inside ----------------------------------------------------------------------------
    def _call(
        self, address: Any, name: str, incarnation: int, request: Any, timeout_s: float
    ) -> Any:
        self._next_id += 1
        end_s = time.monotonic() + timeout_s
        call = m.Call(
            id=self._next_id,
            target=name,
            incarnation=incarnation,
            request=request,
            deadline_s=end_s,
        )
        self._endpoint.send(address, call)
        while (left_s := end_s - time.monotonic()) > 0:
            items = self._receive(left_s)
            self.heard.extend(item for item in items if not isinstance(item, m.Reply))
            for item in items:
                if isinstance(item, m.Reply) and item.id == call.id:
                    return _value(item.value)
        raise errors.DeadlineExceeded(f"expected an answer of {name} within {timeout_s} s")

    def _receive(self, timeout_s: float) -> tuple[Any, ...]:
        message = self._endpoint.receive(timeout_s)
        if isinstance(message, m.Batch):
            return message.items
        return () if message is None else (message,)


@contextlib.contextmanager
def running_tree(spec: ChildSpec, folder: Path) -> Iterator[Tree]:
    """Boot an actor system whose root supervisor is `spec`; end it with the block.

    Args:
        spec: The root, by `specs.group` or with any class that answers `Start`.
        folder: Where the log goes.

    Raises:
        BootRefused: The root answered `StartFailed`.
    """
    log = folder / "tree.log"
    with _kept_alive(spec, log) as (booted, port, key):
        endpoint = runtime.Endpoint(port, key)
        try:
            yield Tree(endpoint, booted, spec.id, log)
        finally:
            endpoint.close()


@contextlib.contextmanager
def _kept_alive(spec: ChildSpec, log: Path) -> Iterator[tuple[_Booted, int, bytes]]:
    """Boot until it succeeds: on a busy machine another process may take the port in between."""
    for _ in range(BOOTS_MAX):
        port, key = free_port(), secrets.token_bytes(32)
        ours, theirs = os.pipe()
        life_end, life = os.pipe()
        keeper = os.fork()
        if keeper == 0:
            boot = partial(_boot, spec, port, key, log, theirs)
            _keep(boot, life_end, theirs, (ours, life))
        os.close(theirs)
        os.close(life_end)
        try:
            booted = _answer(ours)
            if booted is not None:
                yield booted, port, key
                return
        finally:
            os.close(ours)
            os.close(life)
            os.waitpid(keeper, 0)
    raise AssertionError(f"expected the system to boot, got no answer {BOOTS_MAX} times")


def _answer(fd: int) -> _Booted | None:
    """Return the starter's report; None when it died without one."""
    ready, _, _ = select.select([fd], [], [], BOOT_S)
    assert ready, f"expected the tree to boot within {BOOT_S} s"
    raw = b""
    while part := os.read(fd, 65_536):
        raw += part
    if not raw:
        return None
    found = pickle.loads(raw)
    if isinstance(found, str):
        raise BootRefused(found)
    assert isinstance(found, _Booted)
    return found


def _keep(boot: Any, life_fd: int, report_fd: int, close: tuple[int, ...]) -> None:
    """Be the keeper: fork the starter, wait for the test's end, kill all. Never returns."""
    try:
        for fd in close:
            os.close(fd)
        os.setsid()
        platform.become_subreaper()
        lifeline = platform.new_lifeline()
        starter = os.fork()
        if starter == 0:
            os.close(life_fd)
            try:
                boot(lifeline)
            finally:
                os._exit(0)
        os.close(report_fd)
        if lifeline is not None:
            lifeline.keep()
        while not select.select([life_fd], [], [], 0.05)[0]:
            platform.reap()
        if lifeline is not None:
            lifeline.cut()
        # Where the kernel gives no orphan to us, its session tells whose it is.
        session = frozenset({os.getsid(0)})
        while platform.kill_tree(os.getpid(), sessions=session):
            platform.reap()
            time.sleep(0.002)
        platform.reap()
    finally:
        os._exit(0)


def _boot(  # noqa: PLR0917  what a system is booted with
    spec: ChildSpec, port: int, key: bytes, log: Path, fd: int, lifeline: Lifeline | None
) -> None:
    """Be the starter: boot the system, start the root, report, leave."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.chdir(log.parent)
    logs.configure(log)
    system = runtime.boot(
        port, key, log_dir=log.parent, guardian_pid=os.getppid(), lifeline=lifeline
    )
    root = runtime.create_root(system, spec.start)
    incarnation = int(time.monotonic() * 1e6)
    system.tell(root, m.Start(name=spec.id, incarnation=incarnation, args=spec.args, spec=spec))
    answer: Any = f"no answer within {BOOT_S} s"
    end_s = time.monotonic() + BOOT_S
    while time.monotonic() < end_s:
        message = system.listen(end_s - time.monotonic())
        for item in message.items if isinstance(message, m.Batch) else (message,):
            if isinstance(item, m.StartFailed):
                answer = item.detail
            if isinstance(item, m.Started):
                answer = _Booted(root, item.pid, incarnation)
        if not isinstance(answer, str) or not answer.startswith("no answer"):
            break
    os.write(fd, pickle.dumps(answer))


def _flat(rows: tuple[m.ChildStatus, ...]) -> Iterator[m.ChildStatus]:
    for one in rows:
        yield one
        yield from _flat(one.children)


def _value(value: Any) -> Any:
    if isinstance(value, m.Failure):
        kind = errors.all_error_types()[value.code]
        raise kind(value.message, retry_after_s=value.retry_after_s)
    return value
