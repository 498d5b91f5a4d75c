"""When a node leaves by itself: nobody is connected, nothing is in flight, no task can go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mimo.actors.lifecycle.messages import BeforeExit
from mimo.config import logs
from mimo.config.settings import Settings
from mimo.supervision import messages as m
from mimo.supervision.gen_server import GenServer
from mimo.supervision.node import request_node_stop

LIFECYCLE = "memory/lifecycle"
TASKS = "tools/tasks"
#: How long the node's exit waits for a cycle that is due besides its budget, in seconds.
EXIT_WAIT_S = 5.0


@dataclass(slots=True)
class IdleCheck:
    """Timer payload: the last client left when `departures` had this value."""

    departures: int


class Leaving(GenServer):
    """The part of the bridge that ends an idle node."""

    settings: Settings

    def __init__(self) -> None:
        super().__init__()
        self._connections = 0
        self._departures = 0

    def calls_in_flight(self) -> int:
        """Return how many calls haven't been answered."""
        raise NotImplementedError

    def count_connections(self, count: int) -> None:
        """Take note of how many clients are connected."""
        self._connections = count
        self.plan_idle_exit()

    def plan_idle_exit(self) -> None:
        """Look again after a while, if nobody is here now."""
        if self._connections == 0 and self.settings.idle_exit_s:
            self._departures += 1
            self.after(self.settings.idle_exit_s, IdleCheck(self._departures))

    def check_idle(self, check: IdleCheck) -> None:
        """Leave if nobody came back since, and nothing is under way."""
        self._if_still_alone(check, self._ask_tasks)

    def _if_still_alone(self, check: IdleCheck, then: Callable[[IdleCheck], None]) -> None:
        if self._connections or check.departures != self._departures:
            return
        if self.calls_in_flight():
            self.plan_idle_exit()
        else:
            then(check)

    def _ask_tasks(self, check: IdleCheck) -> None:
        """Stay while a task goes on: a command would die with the node."""
        if not self.is_up(TASKS):
            self._finish_sleep(check)
            return

        def told(value: Any) -> None:
            if isinstance(value, m.Statistics) and value.extra.get("is_busy"):
                self.plan_idle_exit()
            else:
                self._if_still_alone(check, self._finish_sleep)

        self.call(TASKS, m.GetStatistics(), told, retry=False)

    def _finish_sleep(self, check: IdleCheck) -> None:
        """Let the cycle that is due run, then leave if still nobody is here."""
        if not self.is_up(LIFECYCLE):
            self._stop_node(check)
            return
        self.call(
            LIFECYCLE,
            BeforeExit(),
            lambda _: self._if_still_alone(check, self._stop_node),
            timeout_s=self.settings.lifecycle.budget_s + EXIT_WAIT_S,
        )

    def _stop_node(self, _check: IdleCheck) -> None:
        logs.get_logger(self.name).info("node.idle_exit")
        request_node_stop(self.settings.paths.run)
