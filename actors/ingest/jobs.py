"""A job of the ingester: what was asked, how far it is, what it did. Plain values and rules."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mimo.actors.ingest.messages import Ingest
from mimo.actors.memory.presentation import iso_time
from mimo.storage.document_records import Changes

State = Literal["queued", "running", "done", "failed"]

#: Failed documents that a job names; the others are only counted.
NAMED_MAX = 20
_NOTHING = Changes()
#: Deaths of the ingester over one document before that document is given up.
DEATHS_MAX = 2
_OUTCOMES = ("created", "updated", "restored", "unchanged", "removed", "failed")


@dataclass(slots=True, kw_only=True)
class Job:
    """One job; changes as it goes on.

    Args:
        id: From the idempotency key, so a call that comes again finds its job.
        request: What was asked, its text left out.
        state: queued, running, done or failed.
        found: Documents found; 0 before the look at the directory is over.
        cursor: Source of the last document that is done; they come sorted.
        outcomes: Documents by outcome.
        changes: What happened to memories.
        skipped: Entries left out, by reason.
        notes: What a reader should know, such as a guessed encoding.
        failures: (source, reason) of the first documents that failed.
        deaths: How often the ingester died over this job.
        suspect: Once it has: the document being read, and how often it was begun.
        error: (code, message) of why it failed as a whole.
        began_s: When it was asked for, wall seconds UTC.
        ended_s: When it ended; 0 before.
    """

    id: str
    request: Ingest
    state: State = "queued"
    found: int = 0
    cursor: str = ""
    outcomes: dict[str, int] = field(default_factory=dict)
    changes: Changes = _NOTHING
    skipped: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)
    deaths: int = 0
    suspect: tuple[str, int] = ("", 0)
    error: tuple[str, str] = ("", "")
    began_s: float = 0.0
    ended_s: float = 0.0

    @property
    def is_over(self) -> bool:
        """Tell whether it ended."""
        return self.state in {"done", "failed"}

    @property
    def documents_done(self) -> int:
        """Return how many of the documents found are dealt with."""
        return sum(count for name, count in self.outcomes.items() if name != "removed")

    def count(self, outcome: str, changes: Changes = _NOTHING) -> None:
        """Add a document."""
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        self.changes = Changes(*map(sum, zip(self.changes, changes, strict=True)))

    def fail(self, source: str, reason: str) -> None:
        """Add a document that could not be read."""
        self.count("failed")
        if len(self.failures) < NAMED_MAX:
            self.failures.append((source[:300], reason[:300]))

    def note(self, text: str) -> None:
        """Add what a reader should know, once."""
        if text not in self.notes and len(self.notes) < NAMED_MAX:
            self.notes.append(text[:300])

    def to_row(self) -> dict[str, Any]:
        """Return it as plain values."""
        row = {each.name: getattr(self, each.name) for each in dataclasses.fields(self)}
        return row | {"request": dataclasses.asdict(self.request)}

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Job:
        """Return the job of `to_row`'s values, also after they were JSON."""
        request = dict(row["request"])
        return cls(
            **{
                **row,
                "request": Ingest(**request | {"tags": tuple(request["tags"])}),
                "changes": Changes(*row["changes"]),
                "failures": [(source, reason) for source, reason in row["failures"]],
                "suspect": (row["suspect"][0], row["suspect"][1]),
                "error": (row["error"][0], row["error"][1]),
            }
        )

    def shown(self, named_max: int = NAMED_MAX) -> dict[str, Any]:
        """Return it for a reader, with so many notes and failures at most."""
        documents = {name: self.outcomes[name] for name in _OUTCOMES if self.outcomes.get(name)}
        return {
            "job_id": self.id,
            "state": self.state,
            "place": self.request.place[:512],
            "documents_found": self.found,
            "documents_done": self.documents_done,
            "by_outcome": documents,
            "chunks": {**self.changes._asdict()},
            "skipped": dict(sorted(self.skipped.items())),
            "notes_on_reading": self.notes[:named_max],
            "failures": [{"source": where, "reason": why} for where, why in self.failures][
                :named_max
            ],
            "error": ": ".join(self.error) if self.error[0] else "",
            "began_at": iso_time(self.began_s),
            "ended_at": iso_time(self.ended_s) if self.ended_s else "",
        }


def job_of(request: Ingest, now_s: float) -> Job:
    """Return a new job for a request; the same key makes the same id."""
    said = f"{request.key}\0{request.kind}\0{request.place}"
    identity = hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:12]
    return Job(
        id=f"ingest-{identity}", request=dataclasses.replace(request, text=""), began_s=now_s
    )
