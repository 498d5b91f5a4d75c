"""Small actors for tests of the runtime and the node."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

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
                started = m.Started(name=message.name, incarnation=message.incarnation, pid=pid)
                if message.args.get("fails"):
                    started = m.StartFailed(
                        name=message.name, incarnation=message.incarnation, detail="told to fail"
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
