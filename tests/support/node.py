"""A real node for a test: started by the relay, looked at from outside, gone afterwards."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mimo.config.errors import MimoError
from mimo.supervision import messages as m
from mimo.supervision.card import NodeCard
from mimo.supervision.client import Client as ActorClient
from mimo.supervision.node import find_node, request_node_stop
from tests.support import checkers, leftovers, processes
from tests.support.client import Client
from tests.support.history import History
from tests.support.waiting import eventually

#: How long a node may take to serve, and to leave, in seconds: machines of CI are slow.
UP_WITHIN_S = 60.0
GONE_WITHIN_S = 30.0
#: States of a child with which nothing is wrong; one that rests has no process.
WELL = frozenset({"running", "resting"})
#: Names for processes of the node that are no actors of the tree.
OUTSIDE_TREE = ("watchdog", "launcher", "admin", "logger")


class Node:
    """A node and its clients, as a test sees them.

    Args:
        data_dir: Its data directory.
        env: Environment of its relays, and so of its own processes.
        test_id: Marks every process of it.
    """

    def __init__(self, data_dir: Path, env: Mapping[str, str], test_id: str) -> None:
        self.data_dir = data_dir
        self.run_dir = data_dir / "run"
        self.database = data_dir / "mimo.db"
        self.env = dict(env)
        self.test_id = test_id
        self.clients: list[Client] = []

    # -- Clients ---------------------------------------------------------------------------------
    def connect(
        self, name: str = "client", history: History | None = None, *, shake_hands: bool = True
    ) -> Client:
        """Start a relay and shake hands; closed with the node at the latest."""
        client = Client(self.data_dir, history=history, name=name, env=self.env)
        self.clients.append(client)
        if shake_hands:
            client.initialize(UP_WITHIN_S)
        return client

    def start(self) -> float:
        """Bring the node up by a relay; return the seconds until a tool call was answered."""
        began_s = time.monotonic()
        with self.connect("starter") as client:
            client.call("health", timeout_s=UP_WITHIN_S)
        took_s = time.monotonic() - began_s
        # The card follows the first answer by an instant.
        eventually(self.is_up, within_s=UP_WITHIN_S, what="the node's card")
        return took_s

    def warm_up(self) -> None:
        """Wait until a memory is found by meaning: the model is loaded, every part has worked."""
        with self.connect("warmer") as client:
            content = f"The lighthouse keeper waters the geraniums, says {uuid.uuid4().hex}"
            client.store(content)
            eventually(
                lambda: (
                    content
                    in client.find(
                        "somebody tends to flowers at a beacon", mode="meaning", limit=100
                    )
                ),
                within_s=UP_WITHIN_S,
                what="a memory to be found by meaning",
            )

    def await_embedded(self, within_s: float = 10 * UP_WITHIN_S) -> None:
        """Wait until every memory has its vector: the node has nothing left to do."""
        with self.connect("watcher") as client:

            def is_embedded() -> bool:
                checks = client.call("health")["checks"]
                return bool(checks["with_vector"] == checks["memories"])

            eventually(is_embedded, within_s=within_s, what="every memory to have its vector")

    # -- What runs -------------------------------------------------------------------------------
    def is_up(self) -> bool:
        """Tell whether a generation serves."""
        return find_node(self.run_dir) is not None

    def card(self) -> NodeCard:
        """Return the card of the generation that serves.

        Raises:
            AssertionError: None does.
        """
        card = find_node(self.run_dir)
        assert card is not None, f"expected a node for {self.data_dir}, got none"
        return card

    def ask(self, request: Any, target: str = "mimo", timeout_s: float = 5.0) -> Any:
        """Ask an actor from outside, as the admin commands do.

        Raises:
            MimoError: It can't be asked, or refuses.
        """
        with contextlib.closing(ActorClient(self.run_dir)) as client:
            return client.call(target, request, timeout_s=timeout_s)

    def registered(self) -> dict[str, m.Up]:
        """Return every actor that serves, by name; waits while the node restarts."""
        found: tuple[m.Up, ...] = eventually(
            lambda: self.ask(m.AllRegistered()), within_s=UP_WITHIN_S, ignoring=(MimoError,)
        )
        return {up.name: up for up in found}

    def actor(self, name: str) -> m.Up:
        """Return where an actor serves; waits while it restarts."""
        return eventually(
            lambda: self.registered().get(name), within_s=UP_WITHIN_S, what=f"{name} to serve"
        )

    def pid_of(self, name: str) -> int:
        """Return the pid of an actor, or of `mimo`, `watchdog`, `launcher`, `admin`, `logger`."""
        if name == "mimo":
            return self.card().root_pid
        if name == "logger":
            card = self.card()
            others = processes.children(card.admin_pid) - {card.root_pid}
            return min(others)
        if name in OUTSIDE_TREE:
            return int(getattr(self.card(), f"{name}_pid"))
        return self.actor(name).pid

    def rows(self) -> dict[str, m.ChildStatus]:
        """Return every row of the live tree by name."""
        found: dict[str, m.ChildStatus] = {}
        queue = list(self.ask(m.WhichChildren()))
        while queue:
            row = queue.pop()
            found[row.name] = row
            queue.extend(row.children)
        return found

    def tree_pids(self, prefix: str = "") -> set[int]:
        """Return the processes of the tree whose names begin so; what rests has none."""
        rows = self.rows().values()
        return {row.pid for row in rows if row.pid and row.name.startswith(prefix)}

    def restarts(self) -> dict[str, int]:
        """Return how often each child was restarted, those that were at all."""
        return {name: row.restarts for name, row in self.rows().items() if row.restarts}

    def pids(self) -> set[int]:
        """Return all living processes of the node, its relays left out."""
        relays = {client.process.pid for client in self.clients}
        return processes.marked(self.test_id) - relays

    def await_steady(self, within_s: float = UP_WITHIN_S) -> None:
        """Wait until every part of the tree serves and no process is too many."""
        last: list[str] = []

        def is_steady() -> bool:
            rows = self.rows()
            for name in self._ignored():
                rows.pop(name, None)
            last[:] = [f"{row.name} {row.state}" for row in rows.values() if row.state not in WELL]
            expected = {self.pid_of(name) for name in (*OUTSIDE_TREE, "mimo")}
            expected |= {row.pid for row in rows.values() if row.pid}
            strangers = self.pids() ^ expected
            last.extend(processes.command_line(pid) for pid in strangers)
            return not last

        try:
            eventually(is_steady, within_s=within_s, ignoring=(MimoError, AssertionError))
        except AssertionError as error:
            raise AssertionError(f"expected the steady state, got {last}") from error

    def _ignored(self) -> tuple[str, ...]:
        """Return the children that have nothing to do under this node's settings."""
        is_without_model = self.env.get("MIMO_EMBEDDING_PROVIDER") == "none"
        return ("memory/embedder",) if is_without_model else ()

    def generation(self) -> int:
        """Return the number of the generation that serves; waits for one."""
        return eventually(lambda: find_node(self.run_dir), within_s=UP_WITHIN_S).generation

    def log(self) -> list[dict[str, Any]]:
        """Return the log's lines."""
        return checkers.log_lines(self.data_dir)

    # -- Faults ----------------------------------------------------------------------------------
    def signal(self, name: str, number: int = signal.SIGKILL) -> Fault:
        """Send a signal to a process by name and return when and to whom."""
        if name in OUTSIDE_TREE or name == "mimo":
            pid, incarnation = self.pid_of(name), 0
        else:
            up = self.actor(name)
            pid, incarnation = up.pid, up.incarnation
        wall_s = time.time()
        os.kill(pid, number)
        return Fault(name, pid, incarnation, wall_s)

    def kill_everything(self) -> float:
        """Send SIGKILL to every process of the node at once and return when; relays live on.

        First all are stopped, so that none sees another die.
        """
        pids = self.pids()
        at_s = time.monotonic()
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
        _await_end(pids, GONE_WITHIN_S)
        return at_s

    def await_successor(self, fault: Fault, within_s: float = 20.0) -> m.Up:
        """Wait until the actor serves as a younger incarnation."""

        def successor() -> m.Up | None:
            up = self.registered().get(fault.name)
            return up if up is not None and up.incarnation > fault.incarnation else None

        return eventually(successor, within_s=within_s, what=f"a successor of {fault.name}")

    def detect_ms(self, fault: Fault, *names: str) -> float | None:
        """Return the time from the fault to the first log line about it; None without one."""
        wanted = names or ("supervision.child_exited", "supervision.child_frozen")
        for line in self.log():
            moment_s = checkers.moment_of(line)
            if (
                line.get("event") in wanted
                and line.get("child", fault.name) == fault.name
                and moment_s >= fault.wall_s - 0.005
            ):
                return max(0.0, (moment_s - fault.wall_s) * 1000)
        return None

    # -- The end ---------------------------------------------------------------------------------
    def close_clients(self) -> None:
        """End all relays."""
        for client in self.clients:
            client.close()

    def stop(self, within_s: float = GONE_WITHIN_S) -> float:
        """Ask the node to leave in order; return the seconds until every process was gone."""
        began_s = time.monotonic()
        request_node_stop(self.run_dir)
        eventually(lambda: not self.pids(), within_s=within_s, what="the node to leave")
        return time.monotonic() - began_s


class Fault:
    """Something that was done to a process, and when: just after, or for the log just before."""

    def __init__(self, name: str, pid: int, incarnation: int, wall_s: float) -> None:
        self.name = name
        self.pid = pid
        self.incarnation = incarnation
        self.at_s = time.monotonic()
        self.wall_s = wall_s


def environment(test_id: str, settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment for a node: this one's, without Mimo's variables, with the marker."""
    kept = {"MIMO_PORTABLE"}
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MIMO_") or name in kept
    }
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env.get('PATH', '')}"
    return env | {processes.MARKER: test_id} | dict(settings or {})


@contextlib.contextmanager
def running_node(
    data_dir: Path, settings: Mapping[str, str] | None = None, *, start: bool = True
) -> Iterator[Node]:
    """Give a node that serves; afterwards it is stopped, and nothing of it is left.

    Args:
        data_dir: Its data directory.
        settings: `MIMO_*` variables.
        start: Whether to bring it up at once.

    Raises:
        AssertionError: After its end in order something of it is left.
    """
    test_id = uuid.uuid4().hex
    node = Node(data_dir, environment(test_id, settings), test_id)
    try:
        if start:
            node.start()
        yield node
        node.close_clients()
        has_stopped = node.is_up()
        node.stop()
        left = checkers.left_behind(data_dir, test_id, has_stopped=has_stopped)
        assert not left, f"C8 expected nothing left after the stop, got {left}"
    finally:
        node.close_clients()
        end(node)


def end(node: Node) -> None:
    """Kill what is left of a node and remove its shared memory."""
    for _ in range(3):
        pids = processes.marked(node.test_id)
        processes.kill_all(pids)
        with contextlib.suppress(AssertionError):
            _await_end(pids, 5.0)
    for path in leftovers.shared_memory(node.data_dir):
        shutil.rmtree(path, ignore_errors=True)


def _await_end(pids: set[int], within_s: float) -> None:
    eventually(
        lambda: not any(map(processes.alive, pids)), within_s=within_s, what=f"the end of {pids}"
    )
