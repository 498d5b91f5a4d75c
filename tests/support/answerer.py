"""A gen-server that answers, late, not at all, or with an error, as it is told."""

from __future__ import annotations

import os
import signal
from typing import Any

from mimo.config.errors import Busy
from mimo.supervision import messages as m
from mimo.supervision.gen_server import NO_REPLY, GenServer


class Answerer(GenServer):
    """Requests: `pid`, `busy`, `crash`, `stop yourself`, `never`, `("later", seconds)`."""

    def handle_call(self, request: Any, call: m.Call) -> Any:
        match request:
            case "pid":
                return os.getpid()
            case "attempt":
                return call.attempt
            case "busy":
                raise Busy("expected fewer calls, got one more", retry_after_s=0.5)
            case "crash":
                raise RuntimeError("told to crash")
            case "stop yourself":
                os.kill(os.getpid(), signal.SIGSTOP)
                return "thawed"
            case ("die once", attempts):
                if call.attempt < attempts:
                    os.kill(os.getpid(), signal.SIGKILL)
                return call.attempt
            case ("later", seconds):
                self.after(seconds, call)
        return NO_REPLY

    def handle_info(self, info: Any) -> None:
        if isinstance(info, m.Call):
            self.reply(info, "late")
