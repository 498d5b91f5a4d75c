"""The log: one JSON object a line, one file, all processes, never stdout.

Each process appends whole lines with a single `write` to a file opened with O_APPEND, so lines of
different processes never mix; there is no thread, queue or lock that a fork could carry away.
Logging never breaks the service: what can't be written is dropped and counted, and the next line
that can be written is preceded by `log.dropped`.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

# structlog looks for rich for its console output, which isn't used here; that import would cost
# every process of a node 0.1 s of CPU and 4 MB.
_RICH = sys.modules.get("rich")
sys.modules["rich"] = None  # type: ignore[assignment]

import structlog  # noqa: E402
from structlog.typing import FilteringBoundLogger  # noqa: E402

if _RICH is None:
    del sys.modules["rich"]
else:
    sys.modules["rich"] = _RICH

from mimo.config.clock import SYSTEM_CLOCK, Clock  # noqa: E402
from mimo.config.events import EVENTS  # noqa: E402

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
#: Longest text of one field, in characters; the rest is cut.
FIELD_CHARS_MAX = 2_000
#: Most entries of one list or mapping, and how deep they may nest.
FIELD_ENTRIES_MAX = 50
FIELD_DEPTH_MAX = 4
#: Longest line, in bytes; a longer one keeps its head fields only.
LINE_BYTES_MAX = 16_384

REDACTED = "[redacted]"
_SECRET_NAME = re.compile(
    r"(?i)(^|_)(api_?key|auth_?key|access_key|private_key|signing_key|token|secret|password"
    r"|passphrase|authorization|cookie|credentials?)$"
)
_SECRET_VALUE = re.compile(
    r"(?i:\bbearer\s+)[\w.~+/=-]{8,}"
    r"|\b(?:sk|pk|rk|gsk|csk)-[\w-]{16,}"
    r"|\bgsk_\w{16,}"
    r"|\bgh[opsur]_\w{20,}|\bgithub_pat_\w{20,}"
    r"|\bxox[abeoprs]-[\w-]{10,}"
    r"|\bA(?:KIA|SIA)[0-9A-Z]{16}\b"
    r"|\bAIza[\w-]{30,}"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
)


class LogFile:
    """An append-only file of lines, shared by many processes.

    Opened again when it was renamed (rotation) or removed. Every failure is counted, none raised.

    Args:
        clock: Dates the line about dropped lines.
    """

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._path: Path | None = None
        self._fd = -1
        self._identity = (0, 0)
        self._is_torn = False
        self.dropped = 0

    def direct(self, path: Path | None) -> None:
        """Write to `path` from now on; None drops everything. What was dropped is forgotten."""
        self._close()
        self._path = path
        self._is_torn = False
        self.dropped = 0

    def write(self, line: bytes) -> None:
        """Append one line, which ends with a newline, or count it as dropped."""
        if self._path is None:
            return
        if self.dropped:
            line = self._about_dropped() + line
        if self._is_torn:
            line = b"\n" + line
        try:
            self._ensure_open(self._path)
            written = os.write(self._fd, line)
        except OSError:
            self._close()
            self.dropped += 1
            return
        # Less than all was written when the disk became full: the next line starts a new one.
        is_whole = written == len(line)
        self.dropped = 0 if is_whole else self.dropped + 1
        self._is_torn = not is_whole

    def _about_dropped(self) -> bytes:
        fields = {
            "time": timestamp(self._clock),
            "level": "warning",
            "event": "log.dropped",
            "pid": os.getpid(),
            "count": self.dropped,
        }
        return json.dumps(fields).encode() + b"\n"

    def _ensure_open(self, path: Path) -> None:
        """Open the file unless it is the one that stands at `path`."""
        if self._is_ours():
            with contextlib.suppress(FileNotFoundError):
                if _identity(os.stat(path)) == self._identity:  # noqa: PTH116  on every line
                    return
            self._close()
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._fd = os.open(path, flags, 0o600)
        self._identity = _identity(os.fstat(self._fd))

    def _is_ours(self) -> bool:
        """Tell whether the descriptor is still the log's.

        A forked process closes what it inherited, and the number soon belongs to a socket.
        """
        if self._fd < 0:
            return False
        try:
            return _identity(os.fstat(self._fd)) == self._identity
        except OSError:
            return False

    def _close(self) -> None:
        if self._is_ours():
            os.close(self._fd)
        self._fd = -1


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


class _Sink:
    """What structlog writes to: the process's log file behind its level."""

    def __init__(self) -> None:
        self.file = LogFile()
        self.level = LEVELS["info"]

    def _write(self, line: bytes) -> None:
        self.file.write(line)

    debug = info = warning = warn = error = critical = fatal = exception = msg = _write


_SINK = _Sink()


def configure(path: Path | None, level: str = "info") -> None:
    """Direct this process's log to `path`, and that of the processes it forks.

    Args:
        path: The log; its folder must exist. None drops everything.
        level: debug, info, warning, error or critical.
    """
    _SINK.file.direct(path)
    _SINK.level = LEVELS[level]


def get_logger(actor: str) -> FilteringBoundLogger:
    """Return the logger of one actor or part; log with `logger.info(EVENT, field=...)`."""
    logger = structlog.wrap_logger(
        _SINK,
        processors=[_filter, structlog.contextvars.merge_contextvars, _finish],
        wrapper_class=structlog.make_filtering_bound_logger(0),
        actor=actor,
    )
    return cast("FilteringBoundLogger", logger)


@contextlib.contextmanager
def request(request_id: str) -> Iterator[None]:
    """Put `request_id` into every line that is logged inside the block."""
    with structlog.contextvars.bound_contextvars(request_id=request_id):
        yield


def timestamp(clock: Clock = SYSTEM_CLOCK) -> str:
    """Return the time as in `2026-11-24T13:42:00.123Z`."""
    now = datetime.fromtimestamp(clock.wall_s(), UTC)
    return now.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _filter(_sink: Any, method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if LEVELS.get(method, LEVELS["error"]) < _SINK.level:
        raise structlog.DropEvent
    return fields


def _finish(_sink: Any, method: str, fields: MutableMapping[str, Any]) -> bytes:
    """Return the line: head fields first, values bounded and redacted."""
    event = str(fields.pop("event", ""))
    if event not in EVENTS:
        fields["unknown"] = event
        event = "log.unknown_event"
    if fields.get("exc_info"):
        fields = structlog.processors.format_exc_info(_sink, method, fields)
    head = {
        "time": timestamp(),
        "level": method,
        "event": event,
        "actor": fields.pop("actor", ""),
        "pid": os.getpid(),
    }
    # A field named like one of the head's must not take its place.
    named = {f"{name}_" if name in head else str(name): value for name, value in fields.items()}
    rest = {name: bounded(value, name) for name, value in named.items()}
    line = _encode({**head, **rest})
    if len(line) > LINE_BYTES_MAX:
        line = _encode({**head, "cut_bytes": len(line), "request_id": rest.get("request_id", "")})
    return line


def _encode(fields: Mapping[str, Any]) -> bytes:
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace") + b"\n"


def bounded(value: Any, name: str = "", depth: int = 0) -> Any:
    """Return a plain JSON value of limited size in which nothing looks like a secret."""
    if _SECRET_NAME.search(name):
        return REDACTED
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if abs(value) < float("inf") else str(value)
    if isinstance(value, Mapping) and depth < FIELD_DEPTH_MAX:
        entries = list(value.items())[:FIELD_ENTRIES_MAX]
        return {str(key): bounded(entry, str(key), depth + 1) for key, entry in entries}
    if isinstance(value, list | tuple | set | frozenset) and depth < FIELD_DEPTH_MAX:
        return [bounded(entry, "", depth + 1) for entry in list(value)[:FIELD_ENTRIES_MAX]]
    return redacted(_text(value))


def _text(value: Any) -> str:
    """Return `value` as text, whatever its own `__str__` does."""
    try:
        return str(value)
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError):
        return f"<unprintable {type(value).__name__}>"


def redacted(text: str) -> str:
    """Return `text` cut to its limit and without what looks like a key, token or password."""
    shown = _SECRET_VALUE.sub(REDACTED, text[: FIELD_CHARS_MAX * 2])
    cut = len(text) - FIELD_CHARS_MAX
    return shown if cut <= 0 else f"{shown[:FIELD_CHARS_MAX]}... ({cut} more)"


def rotate(path: Path, bytes_max: int, keep: int) -> bool:
    """Set the log aside as `mimo.log.1` when it is larger than `bytes_max`; tell whether it was.

    Older ones move to `.2` and so on; `keep` of them stay. Every process finds by itself that its
    file was renamed. Call it from one process only, now and then.
    """
    try:
        if path.stat().st_size <= bytes_max:
            return False
        for number in range(keep, 0, -1):
            older = path if number == 1 else path.with_name(f"{path.name}.{number - 1}")
            with contextlib.suppress(FileNotFoundError):
                older.replace(path.with_name(f"{path.name}.{number}"))
        if keep == 0:
            path.unlink()
    except OSError:
        return False
    return True
