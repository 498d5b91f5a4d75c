"""The embedder: gives every memory its vector, in the background, at low priority.

Nothing waits for it: a memory is found by its words as soon as it is stored. What lacks a vector is
read from the database, so a lost message or a killed embedder costs nothing but time.
"""

from __future__ import annotations

from typing import Any

from mimo.actors.memory import messages as mm
from mimo.actors.memory.embedding import find_embedder, is_service
from mimo.actors.memory.index_keeping import IndexKeeping
from mimo.actors.pools import recall_names
from mimo.actors.resilience.messages import Acquire, Record, ReportFact
from mimo.config import limits, logs
from mimo.config.errors import NotAvailable
from mimo.config.settings import Settings
from mimo.storage import database, memories
from mimo.storage.vectors import to_blob
from mimo.supervision import messages as m
from mimo.supervision import platform
from mimo.supervision.breaker import Permit, outcome_of
from mimo.supervision.gen_server import GenServer, Ignore

#: Memories embedded at once: about a tenth of a second of work, so that pings are answered.
BATCH = 8
#: Embedding starts when no memory came for this long, and this long after the first at the latest,
#: in seconds: storing goes first.
CALM_S = 0.25
CALM_WAITED_S_MAX = 2.0
WRITER = "storage/writer"
#: How long to wait before another try when the writer could not take vectors, in seconds.
RETRY_S = 2.0
#: How long to wait before another try when the model could not be used, in seconds; a service that
#: fails is asked again as soon as its breaker lets a try pass, or when it said.
MODEL_RETRY_S = 60.0
SERVICE_RETRY_S = 1.0
#: Room for vectors in one message to the writer, and what each takes besides its numbers.
PUT_BYTES_MAX = limits.MESSAGE_BYTES_MAX * 3 // 4
PUT_ROW_BYTES = 160
BREAKERS = "resilience/breakers"
#: The breaker of a service that makes vectors.
BREAKER = "embedding"


class _Continue:
    """Timer payload: there may be more to embed."""


class _Begin:
    """Timer payload: it may be calm now."""


class _ReleaseModel:
    """Timer payload: nothing was embedded for a while."""


class Embedder(GenServer):
    """Embed what lacks a vector; see the module."""

    def init(self, args: dict[str, Any]) -> None:
        """Open the database for reading and look for work left over.

        Raises:
            Ignore: Settings or installation offer no embedding model.
        """
        self._settings: Settings = args["settings"]
        try:
            embedder = find_embedder(self._settings)
        except NotAvailable as error:
            logs.get_logger(self.name).error("memory.embedding_failed", detail=error.message)
            raise Ignore from error
        if embedder is None:
            raise Ignore
        self._embedder = embedder
        self._is_service = is_service(self._settings)
        self._batch = self._most_at_once()
        platform.yield_to_others()
        self._db = database.open_reader(self._settings.paths.database)
        self._index = IndexKeeping(self._db, embedder.model_id, embedder.dim)
        self._is_working = False
        self._asked_s: float | None = None
        self._first_asked_s = 0.0
        self._embedded = 0
        self._trouble = ""
        self._release_timer: int | None = None
        #: Whoever looks a second time at what has a vector now.
        self._looker = recall_names(self._settings)[-1]
        self.follow("resilience/services", *((BREAKERS,) if self._is_service else ()))
        self.follow(self._looker)
        self.monitor(WRITER)
        self._plan(0.0)

    def handle_cast(self, request: Any) -> None:
        """Note that there is work."""
        if isinstance(request, mm.Embed):
            self._note_asked()
        else:
            super().handle_cast(request)

    def handle_info(self, info: Any) -> None:
        """Embed the next few, or give the model's memory back."""
        match info:
            case _Continue():
                self._work()
            case _Begin():
                self._begin()
            case m.Up():
                # A writer that died may have stored memories without saying so.
                self._note_asked()
            case _ReleaseModel():
                self._release_timer = None
                self._embedder.release()
                logs.get_logger(self.name).info("memory.model_released")

    def terminate(self, reason: m.ExitReason) -> None:  # noqa: ARG002
        """Close the connection."""
        self._db.close()

    def statistics_extra(self) -> dict[str, Any]:
        """Add what was embedded and what is left."""
        left = memories.count_unembedded(self._db, self._embedder.model_id)
        return {
            "embedded": self._embedded,
            "waiting": left,
            "model": self._embedder.model_id,
            "trouble": self._trouble,
        }

    def _most_at_once(self) -> int:
        """Return how many memories to embed at once; their vectors must fit into one message."""
        if not self._is_service:
            return BATCH
        fitting = PUT_BYTES_MAX // (2 * self._embedder.dim + PUT_ROW_BYTES)
        return max(1, min(self._settings.embedding.batch, fitting))

    def _note_asked(self) -> None:
        now_s = self.clock.monotonic_s()
        if not self._is_working and self._asked_s is None:
            self._first_asked_s = now_s
            self.after(CALM_S, _Begin())
        self._asked_s = now_s

    def _begin(self) -> None:
        """Start when it is calm, or has been waited for long enough."""
        now_s = self.clock.monotonic_s()
        calm_s = (self._asked_s or 0.0) + CALM_S
        due_s = min(calm_s, self._first_asked_s + CALM_WAITED_S_MAX)
        if now_s < due_s:
            self.after(due_s - now_s, _Begin())
        elif not self._is_working:
            self._plan(0.0)

    def _work(self) -> None:
        """Embed the next few; a service is asked with the leave of its breaker."""
        self._asked_s = None
        rows = memories.unembedded(self._db, self._embedder.model_id, self._batch)
        if not rows:
            self._is_working = False
            self._tend_index()
        elif self._is_service:
            self.call(
                BREAKERS, Acquire(breaker=BREAKER), lambda value: self._permitted(rows, value)
            )
        else:
            self._embed(rows)

    def _permitted(self, rows: list[memories.Unembedded], value: Any) -> None:
        """Go on; without an answer of the breakers too, since they only protect."""
        if isinstance(value, m.Failure) and value.code == "breaker_open":
            self._plan(value.retry_after_s or SERVICE_RETRY_S)
            return
        permit = value if isinstance(value, Permit) else None
        began_s = self.clock.monotonic_s()
        error = self._embed(rows)
        if permit is not None:
            outcome = outcome_of(error.code if error is not None else None)
            took_s = self.clock.monotonic_s() - began_s
            self.cast(BREAKERS, Record(permit=permit, outcome=outcome, duration_s=took_s))

    def _embed(self, rows: list[memories.Unembedded]) -> NotAvailable | None:
        """Send the writer the vectors of these memories; return why there are none."""
        if self._release_timer is not None:
            self.cancel(self._release_timer)
            self._release_timer = None
        try:
            vectors = self._embedder.embed([row.text for row in rows])
        except NotAvailable as error:
            self._report_model(error.message)
            usual_s = SERVICE_RETRY_S if self._is_service else MODEL_RETRY_S
            self._plan(error.retry_after_s or usual_s)
            return error
        self._report_model("")
        request = mm.PutVectors(
            model_id=self._embedder.model_id,
            vectors=tuple(
                (row.id, row.content_hash, to_blob(vector))
                for row, vector in zip(rows, vectors, strict=True)
            ),
        )
        self._release_timer = self.after(self._settings.embedding.idle_release_s, _ReleaseModel())
        ids = tuple(row.id for row in rows)
        self.call(WRITER, request, lambda value: self._written(value, ids))
        return None

    def _tend_index(self) -> None:
        """Make the index of vectors anew if it is time; searches go on without it."""
        try:
            made = self._index.tend()
        except OSError as error:
            logs.get_logger(self.name).warning("memory.index_failed", detail=str(error.strerror))
            return
        if made is not None:
            size = made.size_bytes
            logs.get_logger(self.name).info("memory.index_made", count=made.count, size_bytes=size)

    def _written(self, value: Any, ids: tuple[int, ...]) -> None:
        """Go on after the writer has the vectors; wait a little when it could not take them."""
        if isinstance(value, m.Failure):
            self._plan(RETRY_S)
        else:
            self._embedded += int(value or 0)
            self.cast(self._looker, mm.LookAgain(memory_ids=ids))
            self._plan(0.0)

    def _report_model(self, trouble: str) -> None:
        """Tell once when the model fails, and once when it works again."""
        if trouble == self._trouble:
            return
        self._trouble = trouble
        if trouble:
            logs.get_logger(self.name).error("memory.embedding_failed", detail=trouble)
        fact = ReportFact(fact="embedder_unavailable", is_so=bool(trouble), detail=trouble)
        self.cast("resilience/services", fact)

    def _plan(self, delay_s: float) -> None:
        self._is_working = True
        self.after(delay_s, _Continue())
