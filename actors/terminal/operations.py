"""The `terminal` tool as data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mimo.actors.operations import CallContext, Effect, Operation, Tool
from mimo.actors.terminal import messages
from mimo.actors.terminal.parameters import LISTED_PROCESSES, LISTED_SESSIONS, OUTPUT, RAN, take
from mimo.config import limits
from mimo.config.errors import InvalidRequest

Arguments = Mapping[str, Any]

WORKER = ("tools/terminal",)
_EXECUTE_S, _FIRST_OUTPUT_S, _READ_S, _INTERACT_S = 30.0, 2.0, 1.0, 2.0
_PROCESSES = 20
_NAME = re.compile(r"[A-Za-z_]\w{0,63}", re.ASCII)
_VALUE_CHARS_MAX = 4_096


def _env(arguments: Arguments) -> dict[str, str]:
    given = arguments.get("env", {})
    if len(given) > limits.COMMAND_VARIABLES_MAX:
        most = limits.COMMAND_VARIABLES_MAX
        raise InvalidRequest(f"expected at most {most} variables in 'env', got {len(given)}")
    for name, value in given.items():
        is_text = isinstance(value, str) and len(value) <= _VALUE_CHARS_MAX and "\0" not in value
        if not _NAME.fullmatch(name) or not is_text:
            raise InvalidRequest(
                f"expected 'env' of names with texts of at most {_VALUE_CHARS_MAX} characters,"
                f" got {ascii(name)[:80]}; correct it"
            )
    return dict(given)


def _text(arguments: Arguments, name: str, most: int) -> str:
    text = str(arguments.get(name, ""))
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise InvalidRequest(f"expected {name!r} as Unicode text, got a lone surrogate") from None
    if size > most or "\0" in text:
        raise InvalidRequest(f"expected {name!r} of at most {most} bytes without NUL, got {size}")
    return text


def _run(arguments: Arguments, context: CallContext, *, stays: bool) -> messages.Run:
    default_s = _FIRST_OUTPUT_S if stays else _EXECUTE_S
    return messages.Run(
        command=_text(arguments, "command", limits.COMMAND_BYTES_MAX),
        cwd=_text(arguments, "cwd", limits.PATH_CHARS_MAX),
        env=_env(arguments),
        shell=arguments.get("shell", "sh"),
        timeout_s=float(arguments.get("timeout_s", default_s)),
        stays=stays,
        pty=bool(arguments.get("pty", False)),
        name=_text(arguments, "name", 256),
        key=context.key,
        client=context.client,
        approved=context.approved,
    )


def _execute(arguments: Arguments, context: CallContext) -> messages.Run:
    return _run(arguments, context, stays=False)


def _start(arguments: Arguments, context: CallContext) -> messages.Run:
    return _run(arguments, context, stays=True)


def _read(arguments: Arguments, _context: CallContext) -> messages.ReadOutput:
    return messages.ReadOutput(
        pid=arguments["pid"],
        offset=arguments.get("offset", -1),
        timeout_s=float(arguments.get("timeout_s", _READ_S)),
    )


def _interact(arguments: Arguments, context: CallContext) -> messages.Interact:
    return messages.Interact(
        pid=arguments["pid"],
        input=_text(arguments, "input", limits.SESSION_INPUT_BYTES_MAX),
        timeout_s=float(arguments.get("timeout_s", _INTERACT_S)),
        approved=context.approved,
    )


def _kill(arguments: Arguments, _context: CallContext) -> messages.End:
    return messages.End(pid=arguments["pid"], by_force=False)


def _force_kill(arguments: Arguments, _context: CallContext) -> messages.End:
    return messages.End(pid=arguments["pid"], by_force=True)


def _sessions(_arguments: Arguments, _context: CallContext) -> messages.ListSessions:
    return messages.ListSessions()


def _processes(arguments: Arguments, _context: CallContext) -> messages.ListProcesses:
    return messages.ListProcesses(limit=arguments.get("limit", _PROCESSES))


def _operation(
    name: str,
    summary: str,
    parameters: tuple[str, ...],
    build: Any,
    **fields: Any,
) -> Operation:
    effect: Effect = fields.pop("effect", "destructive")
    return Operation(
        name=name,
        summary=summary,
        parameters=take(*parameters),
        effect=effect,
        worker=WORKER,
        build=build,
        deadline_s=fields.pop("deadline_s", 60.0),
        result=fields.pop("result", OUTPUT),
        **fields,
    )


TERMINAL = Tool(
    name="terminal",
    title="Terminal",
    description=(
        "Run commands in the workspace's folders. Commands that only look run at once; others ask"
        " the user first. execute waits for the end; start_process keeps a session for servers and"
        " dialogues. exit_code tells success."
    ),
    operations=(
        _operation(
            "execute",
            "Run a command and wait for its end.",
            ("command", "timeout_s", "cwd", "env", "shell"),
            _execute,
            required=("command",),
            result=RAN,
            reach="executes",
            example={"command": "echo hello"},
        ),
        _operation(
            "start_process",
            "Start a command as a session.",
            ("command", "timeout_s", "cwd", "env", "shell", "pty", "name"),
            _start,
            required=("command",),
            reach="executes",
            example={"command": "sleep 0.2", "timeout_s": 0.1},
        ),
        _operation(
            "read_output",
            "Read what a session wrote, page by page.",
            ("pid", "offset", "timeout_s"),
            _read,
            required=("pid",),
            effect="read",
            example={"pid": 4242},
        ),
        _operation(
            "interact",
            "Write to a session's input.",
            ("pid", "input", "timeout_s"),
            _interact,
            required=("pid", "input"),
            reach="executes",
            # What was typed can't be typed again.
            resent=False,
            example={"pid": 4242, "input": "help\n"},
        ),
        _operation(
            "kill",
            "Ask a session of yours to end.",
            ("pid",),
            _kill,
            required=("pid",),
            idempotent=True,
            example={"pid": 4242},
        ),
        _operation(
            "force_kill",
            "End a session of yours at once.",
            ("pid",),
            _force_kill,
            required=("pid",),
            idempotent=True,
            example={"pid": 4242},
        ),
        _operation(
            "list_sessions",
            "List sessions and their states.",
            (),
            _sessions,
            effect="read",
            idempotent=True,
            result=LISTED_SESSIONS,
            example={},
        ),
        _operation(
            "list_processes",
            "List processes of this user.",
            ("limit",),
            _processes,
            effect="read",
            idempotent=True,
            result=LISTED_PROCESSES,
            example={"limit": 5},
        ),
    ),
)
