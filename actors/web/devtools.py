"""Chromium's own protocol over two pipes: commands, their answers, and what happens meanwhile.

Source: chromedevtools.github.io/devtools-protocol; each message is JSON and ends with a NUL.
"""

from __future__ import annotations

import json
import os
import select
from collections.abc import Callable, Mapping
from typing import Any

from mimo.actors.web.chromium import Browser
from mimo.config.clock import Clock
from mimo.config.errors import DeadlineExceeded, InvalidRequest, Unavailable

#: How often the browser's memory is looked at while something is waited for, in seconds.
_LOOK_S = 0.3
_PART_BYTES = 1_048_576
#: Largest message of the browser, in bytes.
_MESSAGE_BYTES_MAX = 67_108_864

Params = Mapping[str, Any]


class CommandFailed(Exception):  # noqa: N818  a fact
    """The browser refuses a command; the text has its words."""


class Devtools:
    """Talks to a browser's page; one command at a time.

    Args:
        browser: Which one.
        clock: Measures the visit.
        ends_s: When the visit must be over, in monotonic seconds.
        heard: Told of each event: its method and its parameters.
    """

    def __init__(
        self, browser: Browser, clock: Clock, ends_s: float, heard: Callable[[str, Params], None]
    ) -> None:
        self._browser = browser
        self._clock = clock
        self._ends_s = ends_s
        self._heard = heard
        self._received = bytearray()
        self._last_id = 0
        self._session = ""
        self._looked_s = 0.0
        self._answers: dict[int, Params] = {}

    @property
    def now_s(self) -> float:
        """Return monotonic seconds."""
        return self._clock.monotonic_s()

    def attach(self) -> None:
        """Go to the browser's first page.

        Raises:
            Unavailable: The browser has died.
        """
        targets = self.command("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in targets if target["type"] == "page")
        found = self.command("Target.attachToTarget", targetId=page, flatten=True)
        self._session = found["sessionId"]

    def post(self, method: str, **params: Any) -> int:
        """Send a command and return its id, without waiting."""
        self._last_id += 1
        message: dict[str, Any] = {"id": self._last_id, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        data = json.dumps(message).encode() + b"\0"
        try:
            while data:
                data = data[os.write(self._browser.writes, data) :]
        except BrokenPipeError:
            raise _died() from None
        return self._last_id

    def command(self, method: str, **params: Any) -> Params:
        """Send a command and return its result.

        Raises:
            CommandFailed: The browser refuses.
            DeadlineExceeded: The visit's time is over.
            Unavailable: The browser has died.
        """
        wanted = self.post(method, **params)
        while wanted not in self._answers:
            if not self.pump(self._ends_s):
                raise DeadlineExceeded(
                    "expected the browser to be done in time, got no answer; give more 'timeout'"
                )
        answer = self._answers.pop(wanted)
        if "error" in answer:
            told = str(answer["error"].get("message", ""))[:200]
            raise CommandFailed(f"expected the browser to do {method}, got: {told}")
        result: Params = answer.get("result", {})
        return result

    def wait(self, is_met: Callable[[], bool], until_s: float) -> bool:
        """Take what comes until a condition holds; return whether it does."""
        until_s = min(until_s, self._ends_s)
        while not is_met():
            if not self.pump(until_s):
                return False
        return True

    def pause(self, delay_s: float) -> None:
        """Take what comes for so many seconds."""
        until_s = min(self.now_s + delay_s, self._ends_s)
        while self.pump(until_s):
            continue

    def pump(self, until_s: float) -> bool:
        """Take what the browser says next; return False once the time has come.

        Raises:
            InvalidRequest: The browser takes too much memory.
            Unavailable: It has died.
        """
        now_s = self.now_s
        if now_s >= self._looked_s + _LOOK_S:
            self._looked_s = now_s
            self._browser.check_memory()
        if now_s >= until_s:
            return False
        wait_s = min(until_s - now_s, _LOOK_S)
        if select.select([self._browser.reads], [], [], wait_s)[0]:
            part = os.read(self._browser.reads, _PART_BYTES)
            if not part:
                raise _died()
            self._take(part)
        return True

    def _take(self, part: bytes) -> None:
        self._received += part
        if len(self._received) > _MESSAGE_BYTES_MAX:
            raise InvalidRequest("expected less from the page, got more than the browser may say")
        if b"\0" not in part:
            return
        *whole, rest = bytes(self._received).split(b"\0")
        self._received = bytearray(rest)
        for raw in whole:
            message = json.loads(raw)
            if "id" in message:
                self._answers[message["id"]] = message
            else:
                self._heard(message.get("method", ""), message.get("params", {}))


def _died() -> Unavailable:
    return Unavailable(
        "expected the browser to go on, got its end: it crashed, or met a limit",
        retry_after_s=5.0,
    )
