"""A session of reasoning as a value: its steps, its tree of branches, what was asked of it."""

from __future__ import annotations

import copy
import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any, Final

from mimo.actors.reasoning.evidence import Tally, tally
from mimo.storage.reasoning import SaveSession, StepRow

ROOT: Final = "main"
#: Answers that are kept with a session, to be given again when a call comes again.
REPLIES_KEPT: Final = 4


@dataclass(slots=True)
class Step:
    """One step.

    Args:
        number: From 1, in the order in which they came.
        branch: On which branch.
        kind: thought, action, observation or attempt.
        text: What was thought or done.
        at_s: Wall seconds UTC.
        result: What came of it, as its author said.
        success: Whether it worked; None while nobody said.
        lesson: What was learnt of it.
        checks: What became of its claims; see `evidence.Check.shown`.
        faults: What is wrong with it, a sentence each.
        related: Ids of memories on its subject.
        against: Numbers of earlier steps that it contradicts.
        revision: Of the session, when it was changed last.
    """

    number: int
    branch: str
    kind: str
    text: str
    at_s: float
    result: str = ""
    success: bool | None = None
    lesson: str = ""
    checks: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    related: list[int] = field(default_factory=list)
    against: list[int] = field(default_factory=list)
    revision: int = 0

    @property
    def tally(self) -> Tally:
        """Return how its claims fared."""
        return tally(self.checks)

    @property
    def said(self) -> str:
        """Return its text and what came of it."""
        return f"{self.text}\n{self.result}" if self.result else self.text


@dataclass(slots=True)
class Branch:
    """One branch of the tree.

    Args:
        id: `main`, b1, b2 and so on.
        parent: Where it begins; "" for the root.
        from_step: The parent's step that it continues; 0 before the first.
        idea: What it tries.
        status: open, or dead_end once it was left for another one.
        why: Why it was left.
    """

    id: str
    parent: str = ""
    from_step: int = 0
    idea: str = ""
    status: str = "open"
    why: str = ""


@dataclass(slots=True)
class Challenge:
    """A question that the reasoning has to stand up to.

    Args:
        id: c1, c2 and so on.
        kind: historical, contradiction, negation, edge_case, failure_mode, alternative or gap.
        severity: must_address or should_consider.
        question: What is asked.
        basis: The evidence that it was made of.
        memory_ids: Memories behind it.
        step: The step that it questions; 0 for the whole.
        response: What was answered, once that was accepted.
    """

    id: str
    kind: str
    severity: str
    question: str
    basis: str
    memory_ids: list[int] = field(default_factory=list)
    step: int = 0
    response: str = ""


@dataclass(slots=True)
class Issue:
    """An incoherence: contradiction, circular, scope or leap; major or minor."""

    id: str
    kind: str
    severity: str
    detail: str
    steps: list[int]
    response: str = ""


@dataclass(slots=True)
class Session:
    """One session. See `storage.reasoning.SaveSession` for the fields that are columns there."""

    id: str
    kind: str
    strategy: str
    problem: str
    source: str
    started_at_s: float
    updated_at_s: float
    why: str = ""
    status: str = "active"
    outcome: str = ""
    project: str = ""
    level: str = ""
    revision: int = 0
    analysis: dict[str, Any] = field(default_factory=dict)
    parts: list[str] = field(default_factory=list)
    decomposition: str = ""
    past: list[dict[str, Any]] = field(default_factory=list)
    lessons: list[str] = field(default_factory=list)
    branches: list[Branch] = field(default_factory=lambda: [Branch(ROOT)])
    current: str = ROOT
    challenges: list[Challenge] = field(default_factory=list)
    perspectives: list[dict[str, Any]] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    conclusion: str = ""
    memory_ids: list[int] = field(default_factory=list)
    replies: dict[str, Any] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    def branch(self, branch_id: str) -> Branch | None:
        """Return the branch of this id, or None."""
        return next((each for each in self.branches if each.id == branch_id), None)

    def path(self, branch_id: str = "") -> list[Step]:
        """Return the steps that lead to the end of a branch, from the root on, in order."""
        found: list[Step] = []
        upto = len(self.steps)
        at = self.branch(branch_id or self.current)
        while at is not None:
            found += [
                step
                for step in reversed(self.steps)
                if step.branch == at.id and step.number <= upto
            ]
            upto = at.from_step
            at = self.branch(at.parent)
        return found[::-1]

    def tally(self, branch_id: str = "") -> Tally:
        """Return how the claims on the path to a branch fared."""
        return tally(check for step in self.path(branch_id) for check in step.checks)

    def contradictions(self, branch_id: str = "") -> int:
        """Return how many pairs of steps on a path contradict each other."""
        on_path = {step.number for step in self.path(branch_id)}
        return sum(
            len(on_path.intersection(step.against)) for step in self.steps if step.number in on_path
        )

    def copy(self) -> Session:
        """Return one to change: its lists and their members are its own, but no checks of steps."""
        own: dict[str, Any] = {
            name: [copy.copy(each) for each in getattr(self, name)]
            for name in ("steps", "branches", "challenges", "issues")
        }
        for name in ("past", "lessons", "parts", "perspectives", "memory_ids"):
            own[name] = list(getattr(self, name))
        return dataclasses.replace(self, replies=dict(self.replies), **own)

    def keep_reply(self, key: str, data: dict[str, Any]) -> None:
        """Keep what was answered; the oldest answers go."""
        self.replies[key] = data
        for old in list(self.replies)[:-REPLIES_KEPT]:
            del self.replies[old]


def head_of(session: Session) -> str:
    """Return all but the steps as JSON."""
    values = {
        each.name: getattr(session, each.name)
        for each in dataclasses.fields(session)
        if each.name != "steps"
    }
    return json.dumps(values, default=dataclasses.asdict, ensure_ascii=False)


def step_row(step: Step) -> StepRow:
    """Return a step as it is stored."""
    detail = {
        "result": step.result,
        "success": step.success,
        "lesson": step.lesson,
        "checks": step.checks,
        "faults": step.faults,
        "related": step.related,
        "against": step.against,
        "tally": step.tally._asdict(),
    }
    return StepRow(
        step.number,
        step.revision,
        step.branch,
        step.kind,
        step.at_s,
        step.text,
        json.dumps(detail, ensure_ascii=False),
    )


def restored(head: str, rows: list[StepRow]) -> Session:
    """Return the session that was stored."""
    values = json.loads(head)
    values["branches"] = [Branch(**each) for each in values["branches"]]
    values["challenges"] = [Challenge(**each) for each in values["challenges"]]
    values["issues"] = [Issue(**each) for each in values["issues"]]
    session = Session(**values)
    session.steps = [_step(row) for row in sorted(rows)]
    return session


def _step(row: StepRow) -> Step:
    detail = json.loads(row.detail)
    del detail["tally"]
    return Step(
        number=row.number,
        branch=row.branch,
        kind=row.kind,
        text=row.content,
        at_s=row.at_s,
        revision=row.revision,
        **detail,
    )


def saving(session: Session) -> SaveSession:
    """Return the command that keeps a session, without its steps."""
    return SaveSession(
        session_id=session.id,
        kind=session.kind,
        strategy=session.strategy,
        status=session.status,
        outcome=session.outcome,
        project=session.project,
        problem=session.problem,
        count=len(session.steps),
        revision=session.revision,
        started_at_s=session.started_at_s,
        updated_at_s=session.updated_at_s,
        source=session.source,
        state=head_of(session),
    )
