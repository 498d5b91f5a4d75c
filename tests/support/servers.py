"""Gen-servers for tests of the gen-server itself: a caller and the one that it calls."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mimo.supervision import messages as m
from mimo.supervision.gen_server import NO_REPLY, GenServer


@dataclass(frozen=True, slots=True)
class Append:
    """Write a line to the callee's journal; with `then` it raises or hangs afterwards.

    With "hang twice" it is answered at its third attempt.
    """

    line: str
    then: str = ""


@dataclass(frozen=True, slots=True)
class Forward:
    """Call `target` this many times at once; the reply is all values in the order they came.

    Without `wait` the reply comes at once, and "values" asks for what has come so far.
    """

    target: str
    request: Any
    count: int = 1
    timeout_s: float = 15.0
    key: str = ""
    wait: bool = True


class Callee(GenServer):
    """Appends lines to a journal file, so that effects can be counted."""

    def init(self, args: dict[str, Any]) -> None:
        self._journal = Path(args["journal"])
        self._open: list[m.Call] = []

    def handle_call(self, request: Any, call: m.Call) -> Any:
        match request:
            case Append():
                with self._journal.open("a") as file:
                    file.write(request.line + "\n")
                if request.then == "raise":
                    raise RuntimeError("told to raise")
                if request.then == "hang" or (request.then == "hang twice" and call.attempt < 3):
                    self._open.append(call)
                    return NO_REPLY
                return f"{request.line} by {self.incarnation}"
            case "late":
                self.after(0.4, call)
                return NO_REPLY
            case _:
                return request

    def handle_info(self, info: Any) -> None:
        if isinstance(info, m.Call):
            self.reply(info, "late")


class Relay(GenServer):
    """Calls others on request."""

    def init(self, args: dict[str, Any]) -> None:
        self._values: list[Any] = []

    def handle_call(self, request: Any, call: m.Call) -> Any:
        if request == "values":
            return tuple(self._values)
        if not isinstance(request, Forward):
            return super().handle_call(request, call)
        values: list[Any] = []
        self._values = values

        def collect(value: Any) -> None:
            values.append(value)
            if request.wait and len(values) == request.count:
                self.reply(call, tuple(values))

        for number in range(request.count):
            self.call(
                request.target,
                request.request,
                collect,
                timeout_s=request.timeout_s,
                key=f"{request.key}{number}" if request.key else None,
            )
        return NO_REPLY if request.wait else ()
