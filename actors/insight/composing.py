"""The composites of `meta` as conversations: ask other tools at once, put the answers together."""

from __future__ import annotations

from mimo.actors.insight import analyzing, debugging, preparing, tracebacks
from mimo.actors.insight.gathering import Got, gather, missing, untrusted
from mimo.actors.insight.messages_meta import AnalyzeFile, Composite, DebugError, PrepareContext
from mimo.actors.operations import Result
from mimo.actors.workspace.places import workspace
from mimo.config.errors import MimoError
from mimo.config.settings import Settings
from mimo.supervision import messages as m
from mimo.supervision.gen_server import GenServer, failure

#: What an error's text names by these is nowhere in a workspace.
_NOT_OURS = ("<", "node:", "http:", "https:")


class Composer:
    """Answer what takes several other tools, none of which can make the whole fail.

    Args:
        owner: Makes the calls and answers.
        settings: The node's.
    """

    def __init__(self, owner: GenServer, settings: Settings) -> None:
        self._owner = owner
        self._roots = workspace(settings)

    def compose(self, request: Composite, call: m.Call) -> None:
        """Begin an answer; the call is replied to when it is there."""
        match request:
            case AnalyzeFile():
                self._analyze(request, call)
            case DebugError():
                self._debug(request, call)
            case PrepareContext():
                self._prepare(request, call)

    def _analyze(self, request: AnalyzeFile, call: m.Call) -> None:
        def known(found: dict[str, Got]) -> None:
            file = found["file"]
            # Of what isn't there, or may not be seen, nothing is told; else it goes on without.
            if file.code in {"not_found", "invalid_request", "not_available"}:
                self._owner.reply(call, m.Failure(code=file.code, message=file.message))
                return
            try:
                asks = analyzing.second(request, file)
            except MimoError as error:
                self._owner.reply(call, failure(error))
                return
            gather(
                self._owner, request, asks, lambda more: self._analyzed(request, call, file, more)
            )

        gather(self._owner, request, analyzing.first(request), known)

    def _analyzed(
        self, request: AnalyzeFile, call: m.Call, file: Got, found: dict[str, Got]
    ) -> None:
        self._reply(call, analyzing.answer(request, file, found), {"file": file, **found})

    def _debug(self, request: DebugError, call: m.Call) -> None:
        error = tracebacks.told(request.message)
        path = self._file_of(request, error)
        gather(
            self._owner,
            request,
            debugging.asks(request, error, path),
            lambda found: self._reply(call, debugging.answer(request, error, path, found), found),
        )

    def _prepare(self, request: PrepareContext, call: m.Call) -> None:
        gather(
            self._owner,
            request,
            preparing.asks(request),
            lambda found: self._reply(call, preparing.answer(request, found), found),
        )

    def _file_of(self, request: DebugError, error: tracebacks.Told) -> str:
        """Return the file that an error is about: the innermost that lies in the workspace.

        Raises:
            MimoError: The file that was named in the request isn't there or may not be seen.
        """
        if request.path:
            return str(self._roots.resolve(request.path))
        for spot in error.spots:
            if not spot.path or spot.path.startswith(_NOT_OURS):
                continue
            try:
                place = self._roots.resolve(spot.path)
            except MimoError:
                continue
            if place.path.is_file():
                return str(place)
        return ""

    def _reply(self, call: m.Call, data: dict[str, object], found: dict[str, Got]) -> None:
        told = untrusted(found, "stored memories and files")
        self._owner.reply(call, Result(data=data, degraded=missing(found), untrusted=told))
