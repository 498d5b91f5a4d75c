"""The work of the index: jobs that want files read, one reader, and who waits for them."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from mimo.actors.code.reader import Reader, killed
from mimo.actors.code.reading import SAME, Answer, Task, row_of
from mimo.actors.code.refreshing import Batch, Refresh
from mimo.actors.workspace import opening
from mimo.actors.workspace.places import Place
from mimo.config import limits
from mimo.config.clock import Clock
from mimo.config.errors import MimoError
from mimo.storage.code_index import CodeIndex
from mimo.storage.code_records import FileRow, Stamps

# Non-blocking: opening a pipe would wait for its writer.
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


@dataclass(slots=True, eq=False)
class Job:
    """One refresh, and what happens when it is over.

    Args:
        refresh: What it does.
        steps: How far that is.
        then: Called when it is over, with the error that ended it, or None.
        is_small: Whether it goes before others: somebody waits for one file.
        has_begun: Whether anything has been looked at.
    """

    refresh: Refresh
    steps: Iterator[Batch]
    is_small: bool
    then: list[Callable[[MimoError | None], None]] = field(default_factory=list)
    has_begun: bool = False


class Jobs:
    """The jobs that are open; whoever owns this calls `work` until nothing is left.

    Args:
        index: What they bring up to date.
        clock: For how long they may.
        watch: Told of a reader whose answers are to be fetched with `fetch`.
        unwatch: Told before it is ended.
    """

    def __init__(
        self,
        index: CodeIndex,
        clock: Clock,
        watch: Callable[[Reader], None],
        unwatch: Callable[[Reader], None],
    ) -> None:
        self._index = index
        self._clock = clock
        self._watch = watch
        self._unwatch = unwatch
        self._open: list[Job] = []
        self._reader: Reader | None = None
        self._sent_s = 0.0
        self._again: Batch = []
        self._sent: dict[str, Place] = {}

    def __len__(self) -> int:
        """Return how many jobs are open."""
        return len(self._open)

    @property
    def reader(self) -> Reader | None:
        """Return the process that reads, if there is one."""
        return self._reader

    @property
    def overdue_s(self) -> float:
        """Return how long the reader has said nothing, in seconds."""
        return self._clock.monotonic_s() - self._sent_s if self._sent else 0.0

    def add(self, refresh: Refresh, then: Callable[[MimoError | None], None]) -> Job:
        """Have a refresh done; one of the same folders that has not begun will do.

        Args:
            refresh: What to do.
            then: Called when it is over.
        """
        for job in self._open:
            same = job.refresh.paths == refresh.paths and job.refresh.forces == refresh.forces
            if same and not job.has_begun:
                job.then.append(then)
                return job
        is_small = all(not place.path.is_dir() for place in refresh.scope)
        job = Job(refresh=refresh, steps=refresh.steps(), is_small=is_small, then=[then])
        self._open.append(job)
        return job

    def work(self, ends_s: float) -> bool:
        """Go on until this time, or the reader has to be waited for; tell whether more is to do."""
        while self._open and not self._sent:
            with self._failing():
                if self._again:
                    again, self._again = self._again, []
                    self._send(again)
                else:
                    self._step(next((job for job in self._open if job.is_small), self._open[0]))
            if self._clock.monotonic_s() >= ends_s:
                break
        return bool(self._open) and not self._sent

    def _step(self, job: Job) -> None:
        job.has_begun = True
        batch = next(job.steps, None)
        if batch is None:
            self._end(job, None)
        elif batch:
            self._send(batch)

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        """End all jobs when the index can't be used: what is missing then is read next time."""
        try:
            yield
        except MimoError as error:
            self._sent.clear()
            self._again = []
            self.close()
            for job in list(self._open):
                self._end(job, error)

    def _end(self, job: Job, error: MimoError | None) -> None:
        self._open.remove(job)
        for then in job.then:
            then(error)

    def close(self) -> None:
        """End the reader; what it was at is read when somebody asks again."""
        if self._reader is not None:
            self._unwatch(self._reader)
            self._reader.end()
            self._reader = None

    # -- The reader --------------------------------------------------------------------------
    def _send(self, batch: Batch) -> None:
        """Open files and hand them over; what can't be opened is noted."""
        handles: list[int] = []
        tasks: list[Task] = []
        unreadable: list[FileRow] = []
        try:
            for place, task in batch:
                try:
                    handles.append(opened(place))
                    tasks.append(task)
                    self._sent[task["path"]] = place
                except MimoError as error:
                    note = f"it could not be read: {error.message}"
                    row = Answer(path=task["path"], stamps=_stamps(place), hash="", lines=0)
                    unreadable.append(row_of(row | Answer(note=note), task["language"]))
            if unreadable:
                self._index.put(unreadable)
            if tasks:
                self._sent_s = self._clock.monotonic_s()
                self._started().send(tasks, handles)
        finally:
            for handle in handles:
                os.close(handle)

    def _started(self) -> Reader:
        if self._reader is None or self._reader.is_gone:
            self.close()
            self._reader = Reader()
            self._watch(self._reader)
        return self._reader

    def fetch(self) -> None:
        """Take what the reader has answered into the index; see to it when it is gone."""
        reader = self._reader
        if reader is None:
            return
        answers = reader.receive()
        if answers:
            self._sent_s = self._clock.monotonic_s()
            with self._failing():
                self._keep(answers)
        if reader.is_gone:
            self.give_up()

    def give_up(self) -> None:
        """End the reader: the file that it was at is skipped, the others are read by another."""
        reader, self._reader = self._reader, None
        if reader is None:
            return
        self._unwatch(reader)
        left = reader.give_up()
        if left is not None:
            culprit, rest = left
            self._again = [(self._sent[task["path"]], task) for task in rest]
            stamps = _stamps(self._sent[culprit["path"]])
            self._sent.clear()
            with self._failing():
                self._index.put([row_of(killed(culprit, stamps), culprit["language"])])

    def _keep(self, answers: list[tuple[Task, Answer]]) -> None:
        for task, _ in answers:
            self._sent.pop(task["path"], None)
        same = [(each["path"], Stamps(*each["stamps"])) for _, each in answers if _is_same(each)]
        rows = [row_of(each, task["language"]) for task, each in answers if not _is_same(each)]
        if same:
            self._index.touch(same)
        if rows:
            self._index.put(rows)


def _is_same(answer: Answer) -> bool:
    return answer["hash"] == SAME


def opened(place: Place) -> int:
    """Open a regular file for reading, through no link.

    Raises:
        MimoError: It has gone, became a link, or may not be read.
    """
    with opening.telling(place), opening.folder_of(place) as folder:
        handle = os.open(place.name, _READ, dir_fd=folder)
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            os.close(handle)
        opening.refuse_special(place, mode)
    return handle


def _stamps(place: Place) -> list[int]:
    """Return a file's stamps; of one that has gone, some that fit none."""
    try:
        found = place.path.lstat()
    except OSError:
        return [-1, 0, 0]
    return [found.st_size, found.st_mtime_ns, found.st_ino]


#: A batch is overdue when its reader has said nothing for so long, in seconds.
OVERDUE_S: Final = limits.CODE_FILE_S_MAX + 5.0
