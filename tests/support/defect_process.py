"""A process of Mimo's that raises in its handler."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mimo.supervision.process import Process


class Failing(Process):
    """Notes that its handler was called, then raises."""

    def init(self, args: dict[str, Any]) -> None:
        self.calls = Path(args["calls"])

    def handle_message(self, message: Any, sender: Any) -> bool:
        with self.calls.open("a") as file:
            file.write("called\n")
        raise RuntimeError("told to fail")
