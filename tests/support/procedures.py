"""Random procedures, and a world in which whoever runs them dies at any moment.

The world's tools write into a table of a real database under their idempotency key, so an effect
that happens twice is seen.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from mimo.actors.operations import Result
from mimo.actors.procedures.definition import Catalogue, Facts, Procedure
from mimo.actors.procedures.events import Decide, Invoke
from mimo.actors.procedures.parsing import parsed
from mimo.actors.procedures.presentation import canonical, sha256_of
from mimo.actors.procedures.runner import Live, Runner
from mimo.actors.procedures.state import from_json
from mimo.config.clock import ManualClock
from mimo.config.errors import MimoError
from mimo.storage import batches, procedure_reads
from mimo.storage.commands import Edit, Transaction
from mimo.storage.database import Database
from mimo.storage.procedures import RegisterProcedure
from mimo.supervision.messages import Failure

#: What the tools of this world are.
CATALOGUE: Catalogue = {
    ("counter", "add"): Facts(
        parameters=frozenset({"name", "amount"}),
        required=frozenset({"name", "amount"}),
        idempotent=True,
        reads=False,
        deadline_s=10.0,
        callable=True,
    ),
    ("counter", "add_once"): Facts(
        parameters=frozenset({"name", "amount"}),
        required=frozenset({"name", "amount"}),
        idempotent=False,
        reads=False,
        deadline_s=10.0,
        callable=True,
    ),
    ("counter", "fail"): Facts(
        parameters=frozenset(),
        required=frozenset(),
        idempotent=True,
        reads=False,
        deadline_s=10.0,
        callable=True,
    ),
}
RETRY = {"attempts": 20, "first_s": 1.0, "most_s": 5.0}


def add(name: str, to: str, *, operation: str = "add", **more: Any) -> dict[str, Any]:
    """Return a state that counts one up, and how to take that back."""
    arguments = {"name": f"{{{{ run.id }}}} {name}", "amount": 1}
    action = {"tool": "counter", "operation": operation, "arguments": arguments, "retry": RETRY}
    undo = {
        "tool": "counter",
        "operation": operation,
        "arguments": {"name": "{{ result.name }}", "amount": -1},
        "retry": RETRY,
    }
    return {"action": action, "compensation": undo, "transitions": [{"to": to}]} | more


#: Makes a state with an effect: its label, the next state, more of the state.
Effect = Callable[..., dict[str, Any]]
#: A call that always fails.
FAIL = {"tool": "counter", "operation": "fail", "arguments": {}}


def random_definition(
    chance: random.Random, name: str, effect: Effect = add, fail: dict[str, Any] = FAIL
) -> dict[str, Any]:
    """Return a procedure of a few states of all kinds that ends well or badly."""
    graph = _RandomGraphs(chance, effect, fail).graph("main", depth=0)
    return {"name": name, "version": "1.0.0", "timeout_s": 86_400, **graph}


class _RandomGraphs:
    def __init__(self, chance: random.Random, effect: Effect, fail: dict[str, Any]) -> None:
        self._chance = chance
        self._effect = effect
        self._fail = fail

    def graph(self, label: str, depth: int) -> dict[str, Any]:
        chance = self._chance
        length = chance.randint(1, 5 - 2 * depth)
        names = [f"s{number}" for number in range(length)]
        states: dict[str, Any] = {
            name: self._state(f"{label}-{name}", following, depth)
            for name, following in zip(names, [*names[1:], "end"], strict=True)
        }
        ends_well = chance.random() < (0.9 if depth else 0.75)
        states["end"] = {"end": "succeeded" if ends_well else "failed"}
        if not ends_well and chance.random() < 0.5:
            states["end"] = {"action": self._fail, "transitions": [{"to": "never"}]}
            states["never"] = {"end": "succeeded"}
        return {"initial_state": "s0", "states": states}

    def _state(self, label: str, to: str, depth: int) -> dict[str, Any]:
        chance = self._chance
        match chance.choices(("add", "loop", "set", "wait", "fork"), (50, 10, 10, 10, 20))[0]:
            case "loop":
                loop = self._effect(label, to, visits_max=chance.randint(1, 3))
                loop["transitions"] = [
                    {"on": "ok", "to": label.rpartition("-")[2]},
                    {"on": "error", "code": "visits_exceeded", "to": to},
                ]
                return loop
            case "set":
                return {"set": {label.replace("-", "_"): 1}, "transitions": [{"to": to}]}
            case "wait":
                return {"wait": {"seconds": 0.2}, "transitions": [{"on": "elapsed", "to": to}]}
            case "fork" if depth == 0:
                branches = {
                    branch: self.graph(f"{label}-{branch}", depth + 1)
                    for branch in ("left", "middle", "right")[: chance.randint(2, 3)]
                }
                caught = [{"on": "error", "to": to}] if chance.random() < 0.3 else []
                return {"parallel": branches, "transitions": [{"on": "ok", "to": to}, *caught]}
            case _:
                return self._effect(label, to)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountUp(Edit):
    """Count, once for each key."""

    name: str
    amount: int

    def apply(self, transaction: Transaction) -> Any:
        """Write a row."""
        transaction.link.execute(
            "INSERT INTO effects (key, name, amount) VALUES (?, ?, ?)",
            (self.key, self.name, self.amount),
        )
        return {"name": self.name}


class Killed(Exception):  # noqa: N818  a fact
    """Whoever ran the procedures is dead."""


class SimulatedWorld:
    """Does what a runner wants, one thing after the other, until it is killed.

    Args:
        db: The writer's connection.
        clock: Moved when nothing else is to be done.
        chance: Decides on order and trouble.
        killed_at: At which moment the runner dies; 0 never.
        trouble: How likely a call fails in passing.
    """

    def __init__(
        self,
        db: Database,
        clock: ManualClock,
        chance: random.Random,
        *,
        killed_at: int = 0,
        trouble: float = 0.0,
    ) -> None:
        self.db = db
        self.clock = clock
        self.chance = chance
        self.moments = 0
        self.ended_runs: list[str] = []
        self.lost_runs: list[str] = []
        self._killed_at = killed_at
        self._trouble = trouble
        self._todo: list[Callable[[], None]] = []
        self._timers: list[tuple[float, Callable[[], None]]] = []

    # -- What a runner needs ---------------------------------------------------------------------
    def now_s(self) -> float:
        return self.clock.wall_s()

    def save(self, command: Edit, then: Callable[[Any], None]) -> None:
        def do() -> None:
            self._moment()
            value = self.commit(command)
            self._moment()
            then(value)

        self._todo.append(do)

    def invoke(self, live: Live, wanted: Invoke, then: Callable[[Any], None]) -> None:
        def do() -> None:
            self._moment()
            value = self._answer(wanted)
            self._moment()
            then(value)

        self._todo.append(do)

    def later(self, delay_s: float, do: Callable[[], None]) -> None:
        self._timers.append((self.now_s() + delay_s, do))

    def ended(self, live: Live) -> None:
        self.ended_runs.append(live.run.run_id)

    def lost(self, live: Live, why: Failure) -> None:
        self.lost_runs.append(live.run.run_id)

    # -- What a test does --------------------------------------------------------------------------
    def commit(self, command: Edit) -> Any:
        """Commit and return the reply or the failure."""
        (value,) = batches.apply(self.db, [command], now_s=self.now_s())
        if isinstance(value, MimoError):
            return Failure(code=value.code, message=value.message)
        return value

    def run_until_quiet(self, runner: Runner) -> None:
        """Do all there is, moving the clock, until nothing is left to happen by itself."""
        while True:
            if self._todo:
                self._todo.pop(self.chance.randrange(len(self._todo)))()
                continue
            self._decide(runner)
            if self._todo:
                continue
            moments = [at_s for at_s, _ in self._timers]
            due_s = runner.next_due_s()
            moments += [] if due_s is None else [due_s]
            if not moments:
                return
            self.clock.advance(max(min(moments) - self.now_s(), 0.0))
            ready = [do for at_s, do in self._timers if at_s <= self.now_s()]
            self._timers = [one for one in self._timers if one[0] > self.now_s()]
            for do in ready:
                do()
            runner.tick()

    def _decide(self, runner: Runner) -> None:
        """Be the person who is asked about calls whose outcome nobody knows."""
        for live in list(runner.runs.values()):
            for thread in live.run.threads.values():
                if thread.phase == "review" and thread.act is not None:
                    done = self.db.value(
                        "SELECT count(*) FROM effects WHERE key = ?", (thread.act.key,)
                    )
                    resolution: Literal["repeat", "done"] = "done" if done else "repeat"
                    at = f"{thread.graph}/{thread.state}".strip("/")
                    runner.give(live, Decide(approved=True, at=at, resolution=resolution))
                    return

    def _moment(self) -> None:
        self.moments += 1
        if self.moments == self._killed_at:
            raise Killed

    def _answer(self, wanted: Invoke) -> Any:
        if wanted.operation == "fail":
            return Failure(code="conflict", message="as planned")
        trouble = self.chance.random() < self._trouble and self.chance.choice(
            ("busy", "lost call", "lost answer", "crashed")
        )
        if trouble == "busy":
            return Failure(code="busy", message="full", retry_after_s=0.5)
        if trouble in ("lost call", "crashed"):
            return Failure(code="deadline_exceeded", message="no answer")
        value = self.commit(
            CountUp(
                key=wanted.key, name=wanted.arguments["name"], amount=wanted.arguments["amount"]
            )
        )
        if trouble == "lost answer":
            return Failure(code="deadline_exceeded", message="no answer")
        return Result(data=value)


def prepare(db: Database) -> None:
    """Make room for the effects."""
    db.execute("CREATE TABLE effects (key TEXT, name TEXT, amount INTEGER)").fetchall()
    db.execute("CREATE INDEX effects_key ON effects (key)").fetchall()


def register(db: Database, definition: dict[str, Any]) -> tuple[Procedure, int]:
    """Keep a definition; return it as a procedure, and its row."""
    procedure = parsed(definition, CATALOGUE)
    text = canonical(definition)
    command = RegisterProcedure(
        name=procedure.name,
        version=procedure.version,
        definition=text,
        sha256=sha256_of(text),
        description="",
        source="test",
    )
    batches.apply(db, [command], now_s=1.0)
    return procedure, procedure_reads.definition(db, procedure.name).id


def take_over(world: SimulatedWorld, procedures: dict[int, Procedure]) -> Runner:
    """Return a new runner that goes on with all that is open."""
    runner = Runner(world, "procedures")
    for run in procedure_reads.open_runs(world.db):
        live = Live(procedures[run.procedure_id], from_json(run.state), run.revision, run.source)
        runner.resume(live)
    runner.tick()
    return runner


def wrong_effects(db: Database, run_id: str) -> list[str]:
    """Return what is wrong with the effects of a run that has ended.

    Each call has had its effect once at most; a success has all effects that its journal names, and
    a run that failed has none that is left.
    """
    run = procedure_reads.run(db, run_id)
    steps = procedure_reads.steps(db, run.row, last=100_000)
    wrong = []
    if [step.number for step in steps] != list(range(1, len(steps) + 1)):
        wrong.append("the journal has gaps")
    rows = db.rows("SELECT key, name, amount FROM effects WHERE key LIKE ?", (f"run:{run_id}:%",))
    doubled = [key for key, count in Counter(key for key, _, _ in rows).items() if count > 1]
    wrong += [f"{key} had its effect twice" for key in doubled]
    sums: Counter[str] = Counter()
    for _, name, amount in rows:
        sums[name] += amount
    if run.status == "succeeded":
        wrong += _missing(steps, sums)
    elif run.status in ("rolled_back", "failed", "cancelled"):
        wrong += [f"{name} is left at {total}" for name, total in sums.items() if total]
    else:
        wrong.append(f"the run is {run.status}")
    return wrong


def _missing(steps: list[procedure_reads.Step], sums: Counter[str]) -> list[str]:
    told: Counter[str] = Counter()
    for step in steps:
        if step.what == "ok" and isinstance(step.detail, dict) and "name" in step.detail:
            told[step.detail["name"]] += 1
    return [
        f"{name}: the journal tells of {told[name]}, the effects of {sums[name]}"
        for name in told.keys() | sums.keys()
        if told[name] != sums[name]
    ]


def run_to_its_end(
    db: Database,
    procedure: Procedure,
    row: int,
    run_id: str,
    *,
    kills: Iterator[int],
    trouble: float = 0.0,
) -> tuple[str, int, int]:
    """Run, die at each of these moments of successive processes, and return how it ended.

    Returns:
        The status, the moments of the last process, and how many died.
    """
    clock, chance = ManualClock(), random.Random(row)
    died = 0
    while True:
        world = SimulatedWorld(db, clock, chance, killed_at=next(kills, 0), trouble=trouble)
        try:
            if procedure_reads.runs(db, limit=1) and _exists(db, run_id):
                runner = take_over(world, {row: procedure})
            else:
                runner = Runner(world, "procedures")
                runner.start(procedure, row, run_id, {}, "test", lambda _value: None)
            world.run_until_quiet(runner)
        except Killed:
            died += 1
            continue
        return procedure_reads.run(db, run_id).status, world.moments, died


def _exists(db: Database, run_id: str) -> bool:
    return bool(db.value("SELECT count(*) FROM procedure_runs WHERE run_id = ?", (run_id,)))
