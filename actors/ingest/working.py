"""The work of a job, in steps: a generator that its driver may leave alone at each `yield`.

It does no waiting and no writing by itself: it yields what it wants done and is sent the outcome.
Whatever is committed is found again by its hash, so a work that is begun anew doubles nothing.
"""

from __future__ import annotations

import bisect
import hashlib
import os
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mimo.actors.ingest import composing, formats, walking
from mimo.actors.ingest.jobs import DEATHS_MAX, Job
from mimo.actors.ingest.places import Roots, read_file
from mimo.actors.ingest.steps import Breath, Fetch, Step, Steps
from mimo.actors.web.downloading import Downloaded
from mimo.config.errors import InvalidRequest, MimoError
from mimo.storage import documents
from mimo.storage.connection import Database
from mimo.storage.document_edits import ForgetDocument, PutDocuments
from mimo.storage.document_records import Changes, ChunkRow, DocumentHead, DocumentPart
from mimo.supervision.messages import Failure

#: Bytes of text that are committed together, and most chunks: a store of somebody else's waits
#: meanwhile, for some 25 ms.
BATCH_BYTES = 98_304
BATCH_CHUNKS = 32
#: What a chunk costs in a message besides its text, in bytes.
_ROW_BYTES = 800
#: Documents found unchanged after which the job is brought up to date.
_KNOWN_MAX = 256
#: Chunks between two moments at which the work can be left.
_CHUNKS_A_BREATH = 16
#: Directory entries between two such moments.
_FILES_A_BREATH = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """A document that is dealt with once what stands before it is committed."""

    source: str
    outcome: str
    changes: Changes


class Work:
    """One job being done.

    Args:
        job: What is asked; it is kept up to date.
        text: The text, where the job is of kind text.
        db: Where documents are looked up.
        roots: Which files may be read.
    """

    def __init__(self, job: Job, text: str, db: Database, roots: Roots) -> None:
        self._job = job
        self._request = job.request
        self._text = text
        self._db = db
        self._roots = roots
        self._parts: list[DocumentPart] = []
        self._bytes = 0
        self._chunks = 0
        self._known: list[_Outcome] = []

    def steps(self) -> Steps:
        """Do the job.

        Raises:
            MimoError: The job as a whole can't be done.
        """
        if self._request.kind == "file":
            yield from self._files()
        else:
            yield from self._alone(self._inline_or_page())
        yield from self._flush()

    def _alone(self, reading: Steps) -> Steps:
        """Read the only document of a job, unless it has brought its reader down too often.

        Raises:
            InvalidRequest: It has.
        """
        self._job.found = 1
        if self._job.deaths > DEATHS_MAX:
            raise InvalidRequest(
                "expected a document that can be read, got one that brought its reader down"
                f" {self._job.deaths} times; convert it to plain text"
            )
        yield from reading

    def _inline_or_page(self) -> Steps:
        if self._request.kind == "text":
            raw = self._text.encode("utf-8", "replace")
            name = self._request.place or f"text {hashlib.sha256(raw).hexdigest()[:12]}"
            yield from self._document(raw, name, ".txt")
            return
        page = yield Fetch(self._request.place)
        if isinstance(page, MimoError):
            raise page
        assert isinstance(page, Downloaded)  # noqa: S101  what the driver promises
        yield from self._document(page.raw, self._request.place, page.suffix)

    # -- Files -------------------------------------------------------------------------------
    def _files(self) -> Steps:
        folder, pattern = walking.split_glob(self._request.place)
        real = self._roots.resolve(folder)
        if not real.is_dir():
            yield from self._alone(self._file(real))
            return
        walk = walking.Walk(real, pattern, self._roots)
        found: list[str] = []
        for path in walk.files():
            found.append(str(path))
            if len(found) % _FILES_A_BREATH == 0:
                yield Breath()
        found.sort()
        self._job.found = len(found)
        self._job.skipped = dict(walk.skipped)
        for source in found[bisect.bisect_right(found, self._job.cursor) :]:
            yield from self._one_of_many(Path(source))
        yield from self._flush()
        yield from self._remove_missing(real, pattern)

    def _one_of_many(self, path: Path) -> Steps:
        source = str(path)
        if self._job.deaths:
            # One by one: the suspect must be the first behind the cursor, or it would be forgotten.
            yield from self._flush()
            count = self._job.suspect[1] if self._job.suspect[0] == source else 0
            if count >= DEATHS_MAX:
                self._job.fail(source, "it brought its reader down, again and again")
                self._job.cursor = source
                return
            self._job.suspect = (source, count + 1)
        yield Breath(is_new=bool(self._job.deaths))
        try:
            yield from self._file(path)
            if len(self._known) >= _KNOWN_MAX or self._chunks >= BATCH_CHUNKS:
                yield from self._flush()
        except MimoError as error:
            yield from self._flush()
            self._job.fail(source, f"{error.code}: {error.message}")
            self._job.cursor = source

    def _file(self, path: Path) -> Steps:
        root = self._roots.root_of(path)
        if root is None:
            raise self._roots.outside(str(path))
        yield from self._document(read_file(path, root), str(path), "")

    def _remove_missing(self, folder: Path, pattern: str) -> Steps:
        """Forget the documents from below the folder whose files are gone; count them at the end.

        So one that was forgotten just before a death is counted as well, and once.
        """
        wanted = tuple(pattern.split("/")) if pattern else ()
        below = documents.below(self._db, self._request.project, str(folder))
        for document in below:
            parts = Path(document.source).relative_to(folder).parts
            if (
                document.forgotten_at_s is not None
                or (wanted and not walking.matches(parts, wanted))
                or os.path.lexists(document.source)
            ):
                continue
            edit = ForgetDocument(
                document_id=document.id,
                job=self._job.id,
                key=f"{self._job.id}:forget:{document.id}",
            )
            reply = yield edit
            if isinstance(reply, Failure):
                self._job.fail(document.source, reply.message)
        for document in documents.below(self._db, self._request.project, str(folder)):
            if document.job == self._job.id and document.outcome == "removed":
                self._job.count("removed", document.changes)

    # -- One document ------------------------------------------------------------------------
    def _document(self, raw: bytes, source: str, suffix: str) -> Steps:
        """Read a document and add its parts to the batch; nothing is left of one that fails."""
        request, job = self._request, self._job
        version = composing.version_of(raw, request)
        present = documents.find(self._db, request.project, source)
        if present and present.version == version and present.forgotten_at_s is None:
            # A killed ingester may have written it, and not have counted it.
            is_ours = present.job == job.id
            self._known.append(
                _Outcome(
                    source=source,
                    outcome=present.outcome if is_ours else "unchanged",
                    changes=present.changes if is_ours else Changes(unchanged=present.chunk_count),
                )
            )
            return
        reading = formats.read(raw, Path(source).name or source, request.strategy, suffix)
        head = composing.head_of(
            request, source, reading, size_bytes=len(raw), version=version, job=job.id
        )
        known = documents.known_hashes(self._db, request.project, source) if present else ()
        rows: list[ChunkRow] = []
        for row in composing.rows(head, reading.chunks, known):
            rows.append(row)
            if len(rows) % _CHUNKS_A_BREATH == 0:
                yield Breath()
        self._note(head, rows)
        yield from self._add(head, rows)

    def _note(self, head: DocumentHead, rows: list[ChunkRow]) -> None:
        name = head.source[-200:]
        if head.encoding == "latin-1":
            self._job.note(f"{name}: neither UTF-8 nor UTF-16, so it was read as Latin-1")
        if not rows:
            self._job.note(f"{name}: no text in it")
        if any(row.memory and row.memory.metadata.get("redacted") for row in rows):
            self._job.note(f"{name}: secrets were taken out of it")

    def _add(self, head: DocumentHead, rows: list[ChunkRow]) -> Steps:
        first, size = 0, 0
        for ordinal, row in enumerate(rows):
            weight = _ROW_BYTES + (len(row.memory.content.encode()) if row.memory else 0)
            is_full = self._chunks + ordinal - first >= BATCH_CHUNKS
            if is_full or (size and self._bytes + size + weight > BATCH_BYTES):
                self._take(head, rows, first, ordinal, size)
                yield from self._flush()
                first, size = ordinal, 0
            size += weight
        self._take(head, rows, first, len(rows), size)

    def _take(
        self, head: DocumentHead, rows: list[ChunkRow], first: int, end: int, size: int
    ) -> None:
        part = DocumentPart(
            head=head, first=first, chunks=tuple(rows[first:end]), is_last=end == len(rows)
        )
        self._parts.append(part)
        # A document without chunks takes room as well.
        self._bytes += size + len(repr(head))
        self._chunks += end - first + 1

    # -- Writing -----------------------------------------------------------------------------
    def _flush(self) -> Steps:
        """Commit what was collected, then count it; the cursor never passes what isn't durable."""
        parts, known = self._parts, self._known
        self._parts, self._known, self._bytes, self._chunks = [], [], 0, 0
        done = list(known)
        if parts:
            done += yield from self._commit(parts)
        for one in sorted(done, key=lambda outcome: outcome.source):
            if one.outcome == "failed":
                continue
            self._job.count(one.outcome, one.changes)
        if done:
            self._job.cursor = max(self._job.cursor, *(one.source for one in done))

    def _commit(self, parts: list[DocumentPart]) -> Generator[Step, Any, list[_Outcome]]:
        reply = yield PutDocuments(parts=tuple(parts), key=self._key(parts))
        if not isinstance(reply, Failure):
            return [
                _Outcome(
                    source=entry["source"],
                    outcome=entry["outcome"],
                    changes=Changes(*entry["changes"]),
                )
                for entry in reply["documents"]
            ]
        if len(parts) > 1:
            # One of them is refused: find out which.
            done: list[_Outcome] = []
            for part in parts:
                done += yield from self._commit([part])
            return done
        source = parts[0].head.source
        if self._job.found == 1:
            raise _as_error(reply)
        self._job.fail(source, f"{reply.code}: {reply.message}")
        return [_Outcome(source=source, outcome="failed", changes=Changes())]

    def _key(self, parts: list[DocumentPart]) -> str:
        said = hashlib.sha256(repr(parts).encode("utf-8", "replace")).hexdigest()
        return f"{self._job.id}:{said[:32]}"


def _as_error(failure: Failure) -> MimoError:
    from mimo.config.errors import all_error_types

    kind = all_error_types().get(failure.code, MimoError)
    return kind(failure.message, retry_after_s=failure.retry_after_s)
