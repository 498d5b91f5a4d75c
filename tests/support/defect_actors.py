"""Actors that run on plain Thespian as well as on Mimo's runtime, to show its defects.

Nothing of Mimo is imported here: the plain side must be plain.
"""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from thespian.actors import (
    Actor,
    ActorSystemMessage,
    ChildActorExited,
    PoisonMessage,
    ThespianWatch,
    requireCapability,
)


def state_of(pid: int) -> str:
    """Return the letter of the process's state; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def wait_dead(pid: int, within_s: float = 10.0) -> bool:
    """Wait inside an actor until a child is a zombie or gone."""
    end_s = time.monotonic() + within_s
    while state_of(pid) not in ("", "Z", "X"):
        if time.monotonic() > end_s:
            return False
        time.sleep(0.002)
    return True


class Worker(Actor):  # type: ignore[misc]  # Thespian has no types
    """Does what it is told: `("do", what, *arguments)`; replies with what the method returns."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[Any] = []
        self.watched: list[int] = []

    def receiveMessage(self, message: Any, sender: Any) -> Any:  # noqa: N802
        if isinstance(message, ChildActorExited):
            self.on_child_exited(message)
        elif isinstance(message, PoisonMessage):
            self.notes.append("poison")
        elif isinstance(message, tuple):
            reply = getattr(self, message[0])(*message[1:])
            if reply is not None:
                self.send(sender, reply)
        elif not isinstance(message, ActorSystemMessage):
            self.notes.append(message)
        return ThespianWatch(self.watched) if self.watched else None

    def on_child_exited(self, message: Any) -> None:
        self.notes.append("exited")

    def pid(self) -> int:
        return os.getpid()

    def noted(self) -> tuple[Any, ...]:
        return tuple(self.notes)

    def note(self, what: Any) -> None:
        self.notes.append(what)

    def segfault(self) -> None:
        ctypes.string_at(0)

    def fail(self, path: str) -> None:
        with Path(path).open("a") as file:
            file.write("called\n")
        raise RuntimeError("told to fail")

    def watch_twice(self) -> str:
        read, _self_held = os.pipe()
        self.watched = [read, read]
        return "watching"

    def tell(self, address: Any, *messages: Any) -> str:
        for message in messages:
            self.send(address, message)
        return "told"

    def tell_from_threads(self, address: Any, threads: int, each: int) -> str:
        def work(number: int) -> None:
            for count in range(each):
                self.send(address, ("note", (number, count)))

        self.workers = [threading.Thread(target=work, args=(n,)) for n in range(threads)]
        for worker in self.workers:
            worker.start()
        return "started"


class DiesEarly(Actor):  # type: ignore[misc]
    """Dies before it has told its parent that it lives."""

    def __init__(self) -> None:
        super().__init__()
        os._exit(1)


class Parent(Worker):
    """Makes children and counts the notices of their deaths."""

    def __init__(self) -> None:
        super().__init__()
        self.pids: list[int] = []
        self.children: list[Any] = []
        self.kill_on_notice = False

    def make(self, count: int = 1) -> None:
        for _ in range(count):
            self.children.append(self.createActor(Worker))
            self.send(self.children[-1], ("tell", self.myAddress, ("met",)))
            self.send(self.children[-1], ("pid",))

    def met(self) -> None:
        """Wait for the pid, which comes next."""

    def receiveMessage(self, message: Any, sender: Any) -> Any:  # noqa: N802
        if isinstance(message, int):
            self.pids.append(message)
            return None
        return super().receiveMessage(message, sender)

    def make_one_that_dies_early(self) -> str:
        self.children.append(self.createActor(DiesEarly))
        return "made"

    def known(self) -> tuple[int, ...]:
        return tuple(self.pids)

    def child(self, index: int) -> Any:
        return self.children[index]

    def have_all_die_during_a_notice(self) -> str:
        self.kill_on_notice = True
        os.kill(self.pids[0], signal.SIGKILL)
        return "killed one"

    def on_child_exited(self, message: Any) -> None:
        super().on_child_exited(message)
        if self.kill_on_notice:
            self.kill_on_notice = False
            for pid in self.pids[1:]:
                os.kill(pid, signal.SIGKILL)
                wait_dead(pid)


class Talker(Worker):
    """Sends numbered messages to a peer that sends too, and checks the order of what comes."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = self.total = 0
        self.last = -1
        self.inversions = 0
        self.received = 0
        self.peer: Any = None

    def talk(self, peer: Any, total: int) -> str:
        self.peer, self.total = peer, total
        self.wakeupAfter(timedelta(0))
        return "talking"

    def receiveMessage(self, message: Any, sender: Any) -> Any:  # noqa: N802
        if isinstance(message, int):
            self.inversions += message < self.last
            self.last = message
            self.received += 1
        else:
            super().receiveMessage(message, sender)
        for _ in range(3):
            if self.peer is not None and self.sent < self.total:
                self.send(self.peer, self.sent)
                self.sent += 1
        if self.sent < self.total and self.peer is not None:
            self.wakeupAfter(timedelta(milliseconds=1))

    def result(self) -> tuple[int, int]:
        return self.received, self.inversions


@requireCapability("far")
class FarWorker(Worker):
    """Runs only on the second host."""


class FarParent(Parent):
    """Has a child on another host."""

    def make_far(self) -> None:
        self.children.append(self.createActor(FarWorker))
        self.send(self.children[-1], ("pid",))
