"""What was changed, by whom, and whether it can be taken back."""

from __future__ import annotations

from typing import Any

from mimo.actors.files import messages
from mimo.actors.files.reading import time_text
from mimo.actors.files.steps import place_of
from mimo.actors.workspace.places import Roots
from mimo.storage.edit_journal import EditJournal, JournalEdit

#: Paths that are told of one edit.
PATHS_MAX = 20


def listed(request: messages.ListEdits, roots: Roots, journal: EditJournal) -> dict[str, Any]:
    """List edits, newest first.

    Raises:
        MimoError: The path may not be seen, or the journal can't be read.
    """
    below = str(roots.resolve(request.path, must_exist=False)) if request.path else ""
    edits = [_told(edit, roots) for edit in journal.newest(request.limit, below)]
    return {"edits": edits, "count": len(edits)}


def _told(edit: JournalEdit, roots: Roots) -> dict[str, Any]:
    told: dict[str, Any] = {
        "edit_id": edit.id,
        "operation": edit.operation,
        "client": edit.client,
        "at": time_text(edit.at_s),
        "state": edit.state,
        "paths": [roots.shown(place_of(step)) for step in edit.steps[:PATHS_MAX]],
        "can_undo": edit.state == "done" and edit.undone_by is None,
    }
    if edit.undoes is not None:
        told["undoes"] = edit.undoes
    if edit.undone_by is not None:
        told["undone_by"] = edit.undone_by
    return told
