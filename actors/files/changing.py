"""Edits of files, whole or not at all: an intent in the journal, new contents aside, then steps.

Whatever dies between the intent and its end leaves files of both sides. `recover` brings them to
one: to the new contents if every file can still get there, else back to what stood there before.
What somebody else has changed meanwhile is never overwritten.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from mimo.actors.files import steps as stepping
from mimo.actors.files.steps import destination_text, identity_of, place_of, state_of
from mimo.actors.workspace import opening, writing
from mimo.actors.workspace.places import Place, Roots
from mimo.config import faultpoints, limits
from mimo.config.clock import Clock
from mimo.config.errors import Conflict, InvalidRequest, MimoError, NotFound
from mimo.storage.edit_journal import EditJournal, JournalEdit, Kind, Step, sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change that is wanted.

    Args:
        kind: What happens.
        place: Where.
        data: Of a replacement: all the new bytes.
        read: What was read there, on which the change is based; None if nothing stood there.
        destination: Of a move.
        mode: Of a replacement: permission bits; None keeps those that were read.
    """

    kind: Kind
    place: Place
    data: bytes = field(default=b"", repr=False)
    read: opening.Contents | None = field(default=None, repr=False)
    destination: Place | None = None
    mode: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Who wants what changed.

    Args:
        operation: Name of the operation.
        client: Who asks.
        key: Idempotency key; the same one is done once.
        result: What the caller is told besides the edit's id and its verification.
        undoes: The edit that is taken back, or None.
    """

    operation: str
    client: str
    key: str
    result: dict[str, Any]
    undoes: int | None = None


class Editor:
    """Changes files through the journal.

    Args:
        journal: Where intents and what stood before are kept.
        roots: Where files may be.
        clock: Dates the edits.
    """

    def __init__(self, journal: EditJournal, roots: Roots, clock: Clock) -> None:
        self._journal = journal
        self._roots = roots
        self._clock = clock

    # -- After a death -----------------------------------------------------------------------
    def recover(self) -> list[JournalEdit]:
        """Bring every edit that may be half done to one side; return them as they are now.

        Raises:
            MimoError: The journal or a file can't be used now; call it again before the next edit.
        """
        return [self._recovered(edit) for edit in self._journal.intended()]

    def _recovered(self, edit: JournalEdit) -> JournalEdit:
        if all(map(stepping.can_go_forward, edit.steps)):
            try:
                for step in edit.steps:
                    stepping.go_forward(step)
            except Conflict:
                return self._back(edit)
            return self._finished(edit, recovered=True)
        return self._back(edit)

    def _back(self, edit: JournalEdit) -> JournalEdit:
        """Take back what was done; what somebody else has changed since stays as it is."""
        for step in reversed(edit.steps):
            stepping.go_back(step, step.temporary or self._temporary(edit.key, edit.at_s, 0))
        self._drop_aside(edit.steps)
        self._journal.roll_back(edit)
        return replace(edit, state="rolled_back")

    # -- Editing -----------------------------------------------------------------------------
    def done(self, key: str) -> dict[str, Any] | None:
        """Return the result of the edit that was made under this key, or None."""
        found = self._journal.by_key(key)
        return found.result if found is not None and found.state == "done" else None

    def apply(self, order: Order, changes: Iterable[Change]) -> dict[str, Any]:
        """Make all changes or none, and return the result with id and verification.

        Raises:
            Conflict: Something else stands there than what was read.
            MimoError: It can't be done; then nothing has changed.
        """
        at_s = self._clock.wall_s()
        wanted = [change for change in changes if not _is_vain(change)]
        planned = [
            (self._step(change, self._temporary(order.key, at_s, number)), change)
            for number, change in enumerate(_with_folders(wanted))
        ]
        if not planned:
            return order.result | {"edit_id": 0, "verification": {"status": "verified", "files": 0}}
        size = sum(len(step.before or b"") for step, _ in planned)
        if size > limits.FILES_AT_ONCE_BYTES_MAX:
            raise InvalidRequest(
                f"expected at most {limits.FILES_AT_ONCE_BYTES_MAX} bytes of files in one edit,"
                f" got {size}; edit fewer at once"
            )
        edit = JournalEdit(
            key=order.key,
            client=order.client,
            operation=order.operation,
            at_s=at_s,
            result=order.result,
            undoes=order.undoes,
            steps=tuple(step for step, _ in planned),
        )
        edit = replace(edit, id=self._journal.begin(edit))
        if faultpoints.ARMED:
            faultpoints.reach("files.intended", "files")
        try:
            self._change(planned)
        except MimoError:
            self._back(edit)
            raise
        return self._finished(edit).result

    def _change(self, planned: list[tuple[Step, Change]]) -> None:
        # Folders first: new contents stand in them.
        for step, _ in planned:
            if step.kind == "make_folder":
                stepping.go_forward(step)
        for step, change in planned:
            if step.kind == "replace":
                mode = step.mode if change.mode is None else change.mode
                writing.put_aside(change.place, change.data, step.temporary, mode)
        if faultpoints.ARMED:
            faultpoints.reach("files.put_aside", "files")
        for step, _ in planned:
            stepping.go_forward(step)
            if faultpoints.ARMED:
                faultpoints.reach("files.between", "files")
        if faultpoints.ARMED:
            faultpoints.reach("files.changed", "files")

    def _step(self, change: Change, temporary: str) -> Step:
        place, found = change.place, change.read
        before_sha256 = ""
        if change.kind in ("replace", "remove"):
            before_sha256 = sha256(found.data) if found else ""
        elif change.kind == "move":
            before_sha256 = identity_of(place)
        return Step(
            kind=change.kind,
            root=str(place.root),
            path="/".join(place.parts),
            destination=destination_text(change.destination) if change.destination else "",
            temporary=temporary if change.kind == "replace" else "",
            mode=found.mode if found else None,
            before=found.data if found else None,
            before_sha256=before_sha256,
            after_sha256=sha256(change.data) if change.kind == "replace" else "",
        )

    def _finished(self, edit: JournalEdit, *, recovered: bool = False) -> JournalEdit:
        """Look at what is on the disk now, and close the edit in the journal."""
        wrong = [str(place_of(step)) for step in edit.steps if not _is_as_wanted(step)]
        verification: dict[str, Any] = {
            "status": "phantom_success" if wrong else "verified",
            "files": sum(step.kind in ("replace", "remove", "move") for step in edit.steps),
        }
        if wrong:
            verification["not_as_written"] = wrong
        if recovered:
            verification["recovered"] = True
        result = edit.result | {"edit_id": edit.id, "verification": verification}
        self._journal.finish(edit, result)
        return replace(edit, state="done", result=result)

    def _drop_aside(self, steps: Iterable[Step]) -> None:
        for step in steps:
            if step.temporary:
                writing.drop_aside(place_of(step), step.temporary)

    def _temporary(self, key: str, at_s: float, number: int) -> str:
        token = hashlib.blake2b(f"{key} {at_s} {number} {os.getpid()}".encode(), digest_size=8)
        return writing.temporary_name(token.hexdigest())

    # -- Taking back -------------------------------------------------------------------------
    def undo(self, edit_id: int | None, client: str, key: str) -> dict[str, Any]:
        """Take an edit back: every file as it stood before, byte by byte.

        Args:
            edit_id: Which; None is the client's newest one that can be undone.
            client: Who asks.
            key: Idempotency key.

        Raises:
            NotFound: There is no such edit.
            Conflict: It was undone already, or a file has changed since.
            MimoError: It can't be done; then nothing has changed.
        """
        found = self._journal.last_of(client) if edit_id is None else edit_id
        if found is None:
            raise NotFound(
                "expected an edit of yours that can be undone, got none; give the edit_id of"
                " another one, which the operation edits lists"
            )
        edit = self._journal.edit(found)
        if edit.state != "done" or edit.undone_by is not None:
            how = "rolled back" if edit.state != "done" else f"undone by edit {edit.undone_by}"
            raise Conflict(f"expected an edit in force, got {found}, which was {how}")
        changes = [self._inverse(step) for step in reversed(edit.steps)]
        order = Order(
            operation="undo",
            client=client,
            key=key,
            undoes=edit.id,
            result={
                "undone": edit.id,
                "operation": edit.operation,
                "paths": [str(place_of(step)) for step in edit.steps],
            },
        )
        return self.apply(order, changes)

    def _inverse(self, step: Step) -> Change:
        """Return the change that takes a step back.

        Raises:
            Conflict: Something else stands there than what the step left.
        """
        place = self._judged(place_of(step))
        match step.kind:
            case "make_folder":
                return Change(kind="remove_folder", place=place)
            case "remove_folder":
                return Change(kind="make_folder", place=place)
            case "move":
                moved = self._judged(stepping.destination_of(step))
                if identity_of(moved) != step.before_sha256 or identity_of(place):
                    raise _changed(moved)
                return Change(kind="move", place=moved, destination=place)
        if state_of(place) != step.after_sha256:
            raise _changed(place)
        found = None if not step.after_sha256 else opening.read(place, limits.FILE_BYTES_MAX)
        if step.before is None:
            return Change(kind="remove", place=place, read=found)
        return Change(kind="replace", place=place, data=step.before, read=found, mode=step.mode)

    def _judged(self, place: Place) -> Place:
        """Judge a place of the past by the settings of today.

        Raises:
            InvalidRequest: It may not be touched any more.
        """
        now = self._roots.resolve(str(place), must_exist=False)
        if now.path != place.path:
            raise _changed(place)
        return now


def _changed(place: Place) -> Conflict:
    return Conflict(
        f"expected {place} as the edit left it, but it has changed since; undo what came later"
        " first, or edit it by hand"
    )


def _is_vain(change: Change) -> bool:
    """Tell whether a file would get the bytes and bits that it has."""
    return change.kind == "replace" and change.read is not None and change.data == change.read.data


def _with_folders(changes: Iterable[Change]) -> list[Change]:
    """Return the changes, and before them the folders that they need and that are missing."""
    found = list(changes)
    asked = {change.place for change in found if change.kind == "make_folder"}
    missing: dict[Place, None] = {}
    for change in found:
        target = change.destination or change.place
        if change.kind not in ("replace", "move", "make_folder"):
            continue
        for depth in range(1, len(target.parts)):
            above = Place(target.root, target.parts[:depth])
            if above not in asked and not opening.exists(above):
                missing[above] = None
    made = [Change(kind="make_folder", place=place) for place in missing]
    return [*made, *found]


def _is_as_wanted(step: Step) -> bool:
    return step.kind == "remove_folder" or stepping.is_done(step)
