"""A node whose root is a bare actor: `python -m tests.support.bare_node FOLDER '{...}'`.

The JSON object has `args` (of the root, see `actors_small.Root`), `preload`, `limits` to change,
and `supervised` for a real root supervisor with one `Answerer`.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mimo.config import limits
from mimo.config.errors import MimoError
from mimo.config.paths import RunPaths
from mimo.supervision import node
from mimo.supervision.card import NodeCard
from mimo.supervision.client import Client
from mimo.supervision.specs import ChildSpec, SupervisorFlags, group
from tests.support import processes
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]
UP_WITHIN_S = 30.0


class BareSettings:
    """What a node needs of the settings."""

    log_level = "info"
    portable = False

    def __init__(self, data_dir: Path) -> None:
        self.paths = RunPaths(data_dir)


class BareNode:
    """A node in a process of its own, as its test sees it."""

    def __init__(self, data_dir: Path, *, portable: bool = False, **plan: Any) -> None:
        self.data_dir = data_dir
        self.run_dir = data_dir / "run"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.bare_node", str(data_dir), json.dumps(plan)],
            cwd=ROOT,
            env={**os.environ, "MIMO_PORTABLE": "1" if portable else "0"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.pids: set[int] = set()

    def card(self) -> NodeCard | None:
        """Return the card of the generation that serves."""
        return node.find_node(self.run_dir)

    def wait_up(self, generation: int = 1) -> NodeCard:
        """Wait until this generation, or a later one, serves."""

        def is_up() -> NodeCard | None:
            card = self.card()
            return card if card is not None and card.generation >= generation else None

        try:
            card = eventually(is_up, within_s=UP_WITHIN_S, what=f"generation {generation}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.state()}") from error
        assert card is not None
        self.pids |= self.living()
        return card

    def living(self) -> set[int]:
        """Return all processes of this node that are alive."""
        found = {self.process.pid} | processes.descendants(self.process.pid)
        card = self.card()
        if card is not None:
            found |= {card.admin_pid} | processes.descendants(card.admin_pid)
        return {pid for pid in found if processes.alive(pid)}

    def state(self) -> str:
        """Return all that may tell why the node isn't as expected."""
        lines = [processes.command_line(pid) for pid in sorted(self.living())]
        for name in ("mimo.log", "faults.log", "thespian.log"):
            path = self.data_dir / "logs" / name
            if path.exists():
                lines.append(f"{name}: {path.read_text()[-4_000:]}")
        return "\n".join(lines)

    def ask(self, what: str, timeout_s: float = 20.0) -> Any:
        """Ask the root."""
        with Client(self.run_dir) as client:
            return client.call("mimo", what, timeout_s=timeout_s)

    def log(self) -> list[dict[str, Any]]:
        """Return the lines of the node's log."""
        text = (self.data_dir / "logs" / "mimo.log").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the log's lines of one event."""
        return [line for line in self.log() if line["event"] == name]

    def finish(self, within_s: float = UP_WITHIN_S) -> tuple[int, str]:
        """Wait for the end; return the exit code and what stands on stderr."""
        _, errors = self.process.communicate(timeout=within_s)
        return self.process.returncode, errors

    def stop(self) -> tuple[int, str]:
        """Ask the node to stop and wait for its end."""
        self.process.send_signal(signal.SIGTERM)
        return self.finish()

    def wait_gone(self) -> None:
        """Wait until none of the node's processes is left."""
        eventually(lambda: not [pid for pid in self.pids if processes.alive(pid)], within_s=10)


@contextlib.contextmanager
def bare_node(data_dir: Path, *, portable: bool = False, **plan: Any) -> Iterator[BareNode]:
    """Give a node that is gone, with all its processes, at the end."""
    running = BareNode(data_dir, portable=portable, **plan)
    try:
        yield running
    finally:
        running.pids |= running.living()
        if running.process.poll() is None:
            running.process.kill()
            running.process.communicate()
        if running.process.stderr is not None:
            running.process.stderr.close()
        processes.kill_all(pid for pid in running.pids if processes.alive(pid))


def main() -> int:
    """Be the node."""
    plan = json.loads(sys.argv[2])
    for name, value in plan.get("limits", {}).items():
        setattr(limits, name, value)
    if plan.get("supervised"):
        flags = SupervisorFlags(intensity=100, period_s=1.0)
        child = ChildSpec(id="answerer", start="tests.support.answerer.Answerer", busy_max_s=30.0)
        spec = group("mimo", flags, child)
    else:
        root = "tests.support.actors_small.Root"
        spec = ChildSpec(id="mimo", start=root, args=plan.get("args", {}))
    preload = tuple(plan.get("preload", ["tests.support.actors_small"]))
    try:
        return node.run_node(BareSettings(Path(sys.argv[1])), spec, preload)
    except MimoError as error:
        sys.stderr.write(f"mimo: {error.message}\n")
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
