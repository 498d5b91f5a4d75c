"""Drives the lifecycle's stages as its actor does, against a real database and a manual clock."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

from mimo.actors.lifecycle import messages as lm
from mimo.actors.lifecycle.work import Ask, Stage, Work
from mimo.actors.llm.messages import Complete, Completion
from mimo.actors.storage.messages import Commit, WriterReport, WriterStatus
from mimo.config.clock import ManualClock
from mimo.config.settings import Settings, load_settings
from mimo.storage import batches
from mimo.storage.connection import Database
from mimo.storage.database import open_reader
from mimo.storage.lifecycle import DAY_S
from mimo.storage.lifecycle_edits import MarkActive
from tests.support.memories import quick_writer

#: When simulated time begins: the start of a day, wall seconds UTC.
START_S = 1_700_006_400.0


class Sleeper:
    """A store, a clock, and whoever answers what stages ask.

    Args:
        path: The database; it is made.
        settings: Of the lifecycle, by name without the section.
    """

    def __init__(self, path: Path, **settings: Any) -> None:
        given = {f"lifecycle.{name}": str(value) for name, value in settings.items()}
        self.settings: Settings = load_settings(given | {"data_dir": str(path.parent)})
        self.clock = ManualClock(wall_s=START_S)
        self.writer: Database = quick_writer(path)
        self.reader: Database = open_reader(path)
        self.notes: dict[str, lm.Note] = {}
        #: What the language model says; None if there is none.
        self.told: str | None = None

    def close(self) -> None:
        """Close both connections."""
        self.reader.close()
        self.writer.close()

    def work(self, cause: str = "asked") -> Work:
        return Work(
            db=self.reader,
            clock=self.clock,
            settings=self.settings,
            cause=cause,
            is_up=frozenset(
                {"memory/working_memory", *(() if self.told is None else ("memory/llm",))}
            ),
            began_s=self.clock.monotonic_s(),
        )

    def apply(self, command: batches.Command) -> Any:
        """Apply a command at the clock's time; raise what it was refused with."""
        (outcome,) = batches.apply(self.writer, [command], now_s=self.clock.wall_s())
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def use(self, *, days: float = 1.0) -> None:
        """Let days pass and use the assistant on the last of them."""
        self.clock.advance(days * DAY_S)
        self.apply(MarkActive(at_s=self.clock.wall_s()))

    def drive(self, stage: Stage, *, commits: int = -1) -> dict[str, Any]:
        """Run a stage to its end; or die before its commit of this number, returning {}."""
        value: Any = None
        driven: Generator[Any, Any, dict[str, Any]] = stage
        while True:
            try:
                step = driven.send(value)
            except StopIteration as end:
                report: dict[str, Any] = end.value
                return report
            if isinstance(step, Ask) and isinstance(step.request, Commit):
                if not commits:
                    driven.close()
                    return {}
                commits -= 1
            value = self.answer(step)

    def answer(self, step: Ask | None) -> Any:
        """Do what a stage asks for, as the actors would."""
        match step:
            case Ask(request=Commit(command=command)):
                return self.apply(command)
            case Ask(request=WriterStatus()):
                return WriterReport(
                    writes=0,
                    commits=0,
                    wal_bytes=0,
                    refusing="",
                    refusing_code="",
                    sqlite_version="",
                )
            case Ask(request=Complete()):
                return Completion(text=self.told or "", provider="test", model="test")
            case Ask(request=lm.Notes()):
                return tuple(self.notes.values())
            case Ask(request=lm.Release(keys=keys)):
                return sum(self.notes.pop(key, None) is not None for key in keys)
            case _:
                return None
