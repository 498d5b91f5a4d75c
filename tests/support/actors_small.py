"""Small actors for tests of the runtime and the node."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from mimo.config.clock import SYSTEM_CLOCK
from mimo.supervision import messages as m
from mimo.supervision import runtime
from mimo.supervision.heartbeat import Heartbeat


class Root(runtime.Actor):  # type: ignore[misc]
    """A root that starts, beats and stops, with as many children as it is told."""

    def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802
        match message:
            case m.Start():
                self.start = message
                self.heart = Heartbeat.from_args(message.args)
                for _ in range(message.args.get("children", 0)):
                    self.createActor(Echo)
                self.beat()
                pid = os.getpid()
                started: Any = m.Started(
                    name=message.name, incarnation=message.incarnation, pid=pid
                )
                if message.args.get("fails"):
                    started = m.StartFailed(
                        name=message.name,
                        incarnation=message.incarnation,
                        detail="told to fail",
                        exit_code=message.args.get("exit_code", 0),
                    )
                self.send(sender, started)
            case m.Stop():
                if not self.start.args.get("stubborn"):
                    os._exit(0)
            case runtime.WakeupMessage():
                self.beat()
            case m.Call():
                value = getattr(self, f"do_{message.request}")()
                reply = m.Reply(
                    id=message.id, name="mimo", incarnation=self.start.incarnation, value=value
                )
                self.send(sender, reply)

    def beat(self) -> None:
        if self.heart is not None and not self.start.args.get("silent"):
            self.heart.beat()
        self.wakeupAfter(timedelta(seconds=0.2))

    def do_pid(self) -> int:
        return os.getpid()


class Echo(runtime.Actor):  # type: ignore[misc]
    """Sends back what it gets."""

    def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802
        if not isinstance(message, runtime.ActorSystemMessage):
            self.send(sender, message)


class Dier(runtime.Actor):  # type: ignore[misc]
    """Answers, flushes and ends at once, as a gen-server does that crashed."""

    def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802
        if isinstance(message, tuple):
            for part in message:
                self.send(sender, part)
            runtime.flush(self, 5.0)
            os._exit(70)


class Maker(runtime.Actor):  # type: ignore[misc]
    """Makes a child that answers its maker's caller and ends, and tells that child's pid."""

    def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802
        match message:
            case ("make", *parts):
                child = self.createActor(Relayed)
                self.send(child, (sender, *parts))
                self.send(sender, ("pid", runtime.last_child_pid(self)))
            case "unknown class":
                self.createActor("tests.support.actors_small.NoSuchActor")
                self.send(sender, ("pid", runtime.last_child_pid(self)))


class Relayed(runtime.Actor):  # type: ignore[misc]
    """Tells its pid and what it got to the address it got, flushes and ends."""

    def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802
        if isinstance(message, tuple):
            asker, *parts = message
            self.send(asker, ("mine", os.getpid()))
            for part in parts:
                self.send(asker, part)
            runtime.flush(self, 5.0)
            os._exit(70)


class Timers(runtime.Actor):  # type: ignore[misc]
    """Sets timers and tells the order in which they came."""

    def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802
        match message:
            case ("set", *delays_ms):
                self.asker = sender
                self.due = len(delays_ms)
                self.order: list[Any] = []
                for number, delay_ms in enumerate(delays_ms):
                    self.wakeupAfter(timedelta(milliseconds=delay_ms), number)
            case runtime.WakeupMessage():
                self.order.append(message.payload)
                if len(self.order) == self.due:
                    self.send(self.asker, tuple(self.order))


class Racer(runtime.Actor):  # type: ignore[misc]
    """Measures round trips with a child."""

    def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802
        match message:
            case ("race", count, payload):
                self.asker, self.count, self.payload = sender, count, payload
                self.peer = self.createActor(Echo)
                self.done = -1
                self.send(self.peer, payload)
            case runtime.ActorSystemMessage():
                return
            case _:
                if self.done == -1:
                    self.began_s = SYSTEM_CLOCK.monotonic_s()
                self.done += 1
                if self.done == self.count:
                    took_s = SYSTEM_CLOCK.monotonic_s() - self.began_s
                    self.send(self.asker, took_s / self.count)
                else:
                    self.send(self.peer, self.payload)
