"""The actor of the `file` tool: a thin shell around what reads, searches and changes.

What takes long is done bit by bit, so that a search keeps nobody from reading. Changes go through
the journal of edits, which is brought in order first: when this process starts, and before a change
if that failed.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar

from mimo.actors.files import (
    choosing,
    comparing,
    history,
    messages,
    planning,
    reading,
    searching,
    symbols,
)
from mimo.actors.files.changing import Editor
from mimo.actors.files.reading import Answer
from mimo.actors.files.redacting import without_secrets
from mimo.actors.operations import Result
from mimo.actors.workspace.places import workspace
from mimo.config import limits, logs
from mimo.config.errors import Busy, MimoError, StorageError
from mimo.config.settings import Settings
from mimo.storage.edit_journal import EditJournal
from mimo.supervision import messages as m
from mimo.supervision.gen_server import NO_REPLY, GenServer, failure

#: How long it searches before it looks at its mailbox, in seconds.
SLICE_S = 0.02


#: When it tries again to bring in order what it couldn't, in seconds.
RECOVER_AGAIN_S = 30.0


class _Go:
    """Timer payload: go on with what takes long."""


class _Recover:
    """Timer payload: bring in order what an earlier process left."""


class Files(GenServer):
    """Read, search and change files of the workspace."""

    #: The journal remembers the keys of changes, also over a restart.
    remembers_replies: ClassVar[bool] = False

    def init(self, args: dict[str, Any]) -> None:
        """Open the journal and bring in order what an earlier process left."""
        settings: Settings = args["settings"]
        self._log = logs.get_logger(self.name)
        self._roots = workspace(settings)
        self._open: deque[tuple[m.Call, Answer]] = deque()
        self._path = settings.paths.edits
        self._journal: EditJournal | None = None
        self._editor: Editor | None = None
        self._is_in_order = False
        if self._path.exists():
            self._recover()

    def handle_call(self, request: Any, call: m.Call) -> Any:
        """Answer what `messages.py` says."""
        read = self._reading(request)
        if isinstance(read, dict):
            return _result(read)
        if read is not None:
            return self._take_turns(call, read)
        plan = self._planning(request)
        if plan is not None:
            return _result(self._change(plan, request.asked.key))
        if isinstance(request, messages.Undo):
            return _result(self._undo(request))
        return super().handle_call(request, call)

    def handle_info(self, info: Any) -> None:
        """Go on with what takes long, in turns."""
        match info:
            case _Go():
                self._go_on()
            case _Recover():
                self._recover()

    def terminate(self, reason: m.ExitReason) -> None:  # noqa: ARG002
        """Close the journal."""
        self._close_journal()

    def may_rest(self) -> bool:
        """Tell whether nothing is being done, and nothing is left to be brought in order."""
        is_needed = self._roots.allowed and self._path.exists() and not self._is_in_order
        return not self._open and not is_needed

    def statistics_extra(self) -> dict[str, Any]:
        """Add what is being done."""
        return {"searches": len(self._open)}

    # -- Reading -----------------------------------------------------------------------------
    def _reading(self, request: Any) -> dict[str, Any] | Answer | None:  # noqa: C901, PLR0911  a table
        """Return the answer to a request that changes nothing; None if it isn't one."""
        roots = self._roots
        match request:
            case messages.ReadPage():
                return reading.page(request, roots)
            case messages.ReadMany():
                return reading.many(request, roots)
            case messages.GetInfo():
                return reading.info(request, roots)
            case messages.ListFolder():
                return reading.listed(request, roots)
            case messages.Glob():
                return choosing.globbed(request, roots, self.clock)
            case messages.Search():
                return searching.searched(request, roots, self.clock)
            case messages.Compare():
                return comparing.compared(request, roots)
            case messages.ListSymbols():
                return symbols.listed(request, roots)
            case messages.ReadSymbol():
                return symbols.read(request, roots)
            case messages.SearchSymbols():
                return symbols.searched(request, roots, self.clock)
            case messages.ListEdits():
                return history.listed(request, roots, self._opened())
            case _:
                return None

    def _take_turns(self, call: m.Call, answer: Answer) -> Any:
        if len(self._open) >= limits.SEARCHES_MAX:
            raise Busy(
                f"expected at most {limits.SEARCHES_MAX} searches at once, got one more",
                retry_after_s=1.0,
            )
        self._open.append((call, answer))
        if len(self._open) == 1:
            self.after(0.0, _Go())
        return NO_REPLY

    def _go_on(self) -> None:
        """Let each search in turn have a slice."""
        call, answer = self._open.popleft()
        ends_s = self.clock.monotonic_s() + SLICE_S
        try:
            while self.clock.monotonic_s() < ends_s:
                next(answer)
            self._open.append((call, answer))
        except StopIteration as end:
            self.reply(call, _result(end.value))
        except MimoError as error:
            self.reply(call, failure(error))
        if self._open:
            self.after(0.0, _Go())

    # -- Changing ----------------------------------------------------------------------------
    def _planning(self, request: Any) -> Callable[[], planning.Plan] | None:
        """Return what plans a change; None if it is none, or plans itself."""
        kinds: dict[type, Callable[..., planning.Plan]] = {
            messages.Write: planning.written,
            messages.EditTexts: planning.edited,
            messages.EditLines: planning.relined,
            messages.Move: planning.moved,
            messages.CreateDirectory: planning.directory,
        }
        plans = kinds.get(type(request))
        return None if plans is None else lambda: plans(request, self._roots)

    def _change(self, plan: Callable[[], planning.Plan], key: str) -> dict[str, Any]:
        def change(editor: Editor) -> dict[str, Any]:
            planned = plan()
            if "dry_run" in planned.order.result:
                return planned.order.result
            return editor.apply(planned.order, planned.changes)

        return self._once(key, change)

    def _undo(self, request: messages.Undo) -> dict[str, Any]:
        asked = request.asked
        edit_id = request.edit_id or None
        return self._once(asked.key, lambda editor: editor.undo(edit_id, asked.client, asked.key))

    def _once(self, key: str, change: Callable[[Editor], dict[str, Any]]) -> dict[str, Any]:
        """Make a change, or tell how it went when it was made under this key before.

        Raises:
            MimoError: It can't be made; nothing has changed.
        """
        editor = self._ordered()
        done = editor.done(key)
        if done is not None:
            return done
        # Until it is known how the change went.
        self._is_in_order = False
        try:
            result = change(editor)
        except StorageError:
            self._close_journal()
            raise
        self._is_in_order = True
        return result

    # -- The journal -------------------------------------------------------------------------
    def _opened(self) -> EditJournal:
        """Return the journal, opened at its first use.

        Raises:
            MimoError: No folder is allowed, or it can't be opened.
        """
        if not self._roots.allowed:
            raise self._roots.unset()
        if self._journal is None:
            self._journal = EditJournal(self._path)
        return self._journal

    def _close_journal(self) -> None:
        """Let go of the journal: after a failure, the connection can't be trusted."""
        if self._journal is not None:
            with contextlib.suppress(StorageError):
                self._journal.close()
        self._journal, self._editor = None, None

    def _ordered(self) -> Editor:
        """Return what changes files, once nothing is half done.

        Raises:
            MimoError: The journal or a file can't be used now.
        """
        if self._editor is None:
            self._editor = Editor(self._opened(), self._roots, self.clock)
        if not self._is_in_order:
            for edit in self._editor.recover():
                self._log.warning("files.recovered", edit=edit.id, outcome=edit.state)
            self._is_in_order = True
        return self._editor

    def _recover(self) -> None:
        """Bring in order what an earlier process left, now or later."""
        if not self._roots.allowed:
            return
        try:
            self._ordered()
        except MimoError as error:
            self._close_journal()
            self._log.error("files.not_recovered", reason=error.message)
            self.after(RECOVER_AGAIN_S, _Recover())


def _result(data: dict[str, Any]) -> Result:
    return Result(data=without_secrets(data))
