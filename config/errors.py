"""Every error that Mimo raises on purpose.

MimoError
  InvalidRequest         never   what the caller sent is wrong
  NotFound               never
  Conflict               never   the thing changed or exists already
  NotAvailable           never   the operation can't act here, and why
  ApprovalRequired       never   the user must agree first
  Unavailable            after   the part that would answer is restarting
    BreakerOpen  Restarting  ShuttingDown
  Busy                   after   a limit was met: rate, concurrency, mailbox, lock
  DeadlineExceeded       now     with the same idempotency key
  Crashed                never   the request brought its worker down
  Internal               never   a bug of ours; the log has the id
  StorageError           never
    DiskFull             after   reads go on
    Corrupt              never   the writer refuses to write
    StorageFailed        after   an input/output error; the writer reopens
  StartError             never   what the operator must do is in the message
    SettingsError        never   file, line, expected and got

The third column is `retry`: never, now (with the same idempotency key) or after (see
`retry_after_s`).
"""

from __future__ import annotations

from typing import ClassVar, Literal

Retry = Literal["never", "now", "after"]


class MimoError(Exception):
    """The base of all errors that may be shown to a user.

    Args:
        message: One sentence: what was expected, what came, what to do.
        retry_after_s: Seconds to wait before a retry, where `retry` is "after".
    """

    code: ClassVar[str] = "error"
    retry: ClassVar[Retry] = "never"
    exit_code: ClassVar[int] = 1
    #: Whether a start that failed so can't succeed before an operator has acted.
    ends_start: ClassVar[bool] = False

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_s = retry_after_s


class InvalidRequest(MimoError):  # noqa: N818  the field's names read as facts
    """What the caller sent is wrong."""

    code = "invalid_request"
    exit_code = 64


class NotFound(MimoError):  # noqa: N818
    """What was asked for isn't there."""

    code = "not_found"
    exit_code = 66


class Conflict(MimoError):  # noqa: N818
    """What was to be changed has changed or exists already."""

    code = "conflict"
    exit_code = 65


class NotAvailable(MimoError):  # noqa: N818
    """The operation can't act here; the message says why."""

    code = "not_available"
    exit_code = 69


class ApprovalRequired(MimoError):  # noqa: N818
    """The user must agree first; the message is the question, made of facts of ours.

    A worker raises it before it changes anything. Whoever can ask the user does so, and makes the
    call again with `CallContext.approved`.
    """

    code = "approval_required"
    exit_code = 77


class Unavailable(MimoError):  # noqa: N818
    """The part that would answer is restarting or parked."""

    code = "unavailable"
    retry = "after"
    exit_code = 69


class BreakerOpen(Unavailable):
    """A circuit breaker refuses calls to a failing dependency."""

    code = "breaker_open"


class Restarting(Unavailable):
    """The worker is being restarted."""

    code = "restarting"


class ShuttingDown(Unavailable):
    """The node is on its way down."""

    code = "shutting_down"


class Busy(MimoError):  # noqa: N818
    """A limit was met: rate, concurrency, mailbox or lock."""

    code = "busy"
    retry = "after"
    exit_code = 75


class DeadlineExceeded(MimoError):  # noqa: N818
    """The answer didn't come in time; the outcome is unknown."""

    code = "deadline_exceeded"
    retry = "now"
    exit_code = 75


class Crashed(MimoError):  # noqa: N818
    """The request brought its worker down and won't be tried again."""

    code = "crashed"
    exit_code = 70


class Internal(MimoError):  # noqa: N818
    """A bug of ours; the message carries the id to look for in the log."""

    code = "internal"
    exit_code = 70


class StorageError(MimoError):
    """The database can't do what was asked."""

    code = "storage"
    exit_code = 74


class DiskFull(StorageError):  # noqa: N818
    """The disk has no room; reads go on."""

    code = "disk_full"
    retry = "after"


class Corrupt(StorageError):  # noqa: N818
    """The database is damaged; Mimo refuses to write to it."""

    code = "corrupt"
    exit_code = 65
    ends_start = True


class StorageFailed(StorageError):  # noqa: N818
    """An input or output error; the writer reopens and verifies."""

    code = "storage_failed"
    retry = "after"


class StartError(MimoError):
    """Mimo can't start; the message says what the operator must do."""

    code = "start"
    exit_code = 78
    ends_start = True


class SettingsError(StartError):
    """A setting is unknown or wrong."""

    code = "settings"


class StaleIncarnation(Exception):  # noqa: N818
    """A process whose table was granted to a successor tried to change it; it must leave.

    Not a `MimoError`: nobody is told but the log, since the successor answers.
    """


def all_error_types() -> dict[str, type[MimoError]]:
    """Return every error class by its code."""
    found: dict[str, type[MimoError]] = {}
    queue: list[type[MimoError]] = [MimoError]
    while queue:
        kind = queue.pop()
        found[kind.code] = kind
        queue.extend(kind.__subclasses__())
    return found
