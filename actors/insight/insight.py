"""The actor that tells how Mimo is used; it reads, and owns nothing but what it can make anew."""

from __future__ import annotations

from typing import Any, ClassVar

from mimo.actors.catalogue import offer_of, offered
from mimo.actors.insight import answers
from mimo.actors.insight import messages as im
from mimo.actors.insight.composing import Composer
from mimo.actors.insight.messages_meta import Composite
from mimo.actors.insight.suggesting import Habits
from mimo.actors.operations import Result
from mimo.config.settings import Settings
from mimo.storage import database
from mimo.supervision import messages as m
from mimo.supervision.gen_server import NO_REPLY, GenServer


class Insight(GenServer):
    """Answer tool_usage, awakening_status, what usually follows, and the composites of meta."""

    #: Reads only: a repeated question may have another answer.
    remembers_replies: ClassVar[bool] = False

    def init(self, args: dict[str, Any]) -> None:
        """Open the database for reading."""
        settings: Settings = args["settings"]
        self._db = database.open_reader(settings.paths.database)
        self._habits = Habits(self._db)
        self._composer = Composer(self, settings)
        tools = offered(offer_of(settings.tools))
        self._described = {
            f"{tool.name}.{operation.name}": operation.summary
            for tool in tools
            for operation in tool.operations
            if not operation.unavailable
        }

    def handle_call(self, request: Any, call: m.Call) -> Any:
        """Answer from what is recorded now."""
        now_s = self.clock.wall_s()
        match request:
            case im.UsageStats():
                data = answers.stats(self._db, request, now_s)
            case im.UsageDetail():
                data = answers.detail(self._db, request, now_s)
            case im.UsageTrends():
                data = answers.trends(self._db, request, now_s)
            case im.Status():
                data = answers.status(self._db, request, now_s)
            case im.SuggestNext():
                data = self._habits.suggestion(request, self._described)
            case Composite():
                self._composer.compose(request, call)
                return NO_REPLY
            case _:
                return super().handle_call(request, call)
        return Result(data=data)

    def terminate(self, reason: m.ExitReason) -> None:  # noqa: ARG002
        """Close the connection."""
        self._db.close()
