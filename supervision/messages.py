"""The vocabulary between supervisors, gen-servers and their clients.

Thespian pickles a message by its class's import path, so this module is the protocol.
Every message is frozen and holds plain values, other messages and actor addresses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mimo.supervision import status

# An actor's address; a Thespian type that only `runtime.py` names.
Address = Any

ExitReason = status.ExitReason
ChildStatus = status.ChildStatus
NORMAL, SHUTDOWN, KILLED, FROZEN = (
    status.NORMAL,
    status.SHUTDOWN,
    status.KILLED,
    status.FROZEN,
)


# -- Parent and child ------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """First message to a new process: become `name`; reply `Started`, `Ignored` or `StartFailed`.

    Args:
        name: The child's id in the tree.
        incarnation: Microseconds of the host's monotonic clock at the start; larger than any before
            it.
        args: The spec's arguments.
        registry: Where names are looked up: the root supervisor; None for the root itself.
        rest_after_s: Leave after this long without work; None stays.
        data_bytes_max: Most memory of its own that the process may have.
        spec: The whole child spec where the child is a supervisor.
    """

    name: str
    incarnation: int
    args: dict[str, Any]
    registry: Address | None = None
    rest_after_s: float | None = None
    data_bytes_max: int | None = None
    spec: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The child has finished its `init` and serves."""

    name: str
    incarnation: int
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """The child's `init` chose not to run.

    Its spec is kept, no process stays. Source: OTP ignore.
    """

    name: str
    incarnation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StartFailed:
    """The child's `init` failed; the process is leaving.

    Args:
        name: The child's id.
        incarnation: Of the process.
        detail: Why, in one sentence.
        exit_code: As in `ExitReason`.
    """

    name: str
    incarnation: int
    detail: str
    exit_code: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Leave in order: run `terminate`, send `Exiting`, exit."""

    incarnation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exiting:
    """Sent to the parent just before a process leaves; silence before a death means killed."""

    name: str
    incarnation: int
    reason: ExitReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """Prove that you handle messages; reply `Pong` with the same nonce."""

    nonce: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong:
    """Answer to `Ping`."""

    name: str
    incarnation: int
    nonce: int


# -- Registry (held by the root supervisor) --------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """A supervisor reports that a child is up."""

    name: str
    address: Address
    incarnation: int
    pid: int
    supervisor: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Unregister:
    """A supervisor reports that a child is down.

    Ignored when `incarnation` isn't the registered one.
    """

    name: str
    incarnation: int
    reason: ExitReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting:
    """A supervisor reports that a child has no process and starts when it is called."""

    name: str
    supervisor: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """A caller waits for `name`, which isn't up: if it rests, it shall start."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """Start a child of yours that rests."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribe:
    """Ask for `Up` and `Down` of `names`; a lease, renewed by sending it again.

    The registry answers at once with `Up` for those that are up (a `Down` is only sent on a
    change).
    """

    names: tuple[str, ...]
    lease_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Up:
    """A registered process serves."""

    name: str
    address: Address
    incarnation: int
    pid: int
    supervisor: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Down:
    """A registered process ended."""

    name: str
    incarnation: int
    reason: ExitReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A caller waits for `name`: its supervisor should look at it often for a while."""

    name: str
    incarnation: int


# -- Calls -----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request with everything that makes it safe to lose, repeat or delay.

    Args:
        id: Correlation id, unique within the caller's process.
        target: Name and incarnation of the process it is meant for; another one drops it.
        incarnation: See `target`; 0 means any (an external client that just looked the name up).
        request: The message itself.
        deadline_s: Absolute seconds on the host's monotonic clock; an expired call is dropped
            unread.
        attempt: 1 for the first.
        key: Idempotency key; repeated calls with the same key have one effect and get the first
            reply.
        request_id: The id that all log lines of this request carry.
        reply_to: Where the reply goes; None means the sender.
    """

    id: int
    target: str
    incarnation: int
    request: Any
    deadline_s: float
    attempt: int = 1
    key: str | None = None
    request_id: str = ""
    reply_to: Address | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Answer to the call `id`, from the process `name` of `incarnation`."""

    id: int
    name: str
    incarnation: int
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The value of a `Reply` that is an error of `config/errors.py`.

    Args:
        code: The error class's code.
        message: One sentence for the user.
        retry_after_s: Where the error's `retry` is "after".
    """

    code: str
    message: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """A request without a reply; at most once."""

    target: str
    incarnation: int
    request: Any
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Several messages in one: 10 kB costs Thespian the same as 100 B."""

    items: tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What a gen-server tells about itself; answer to `GetStatistics`.

    Args:
        name: Its id in the tree.
        mailbox: Calls accepted and not yet answered.
        outstanding: Calls it waits for.
        handled: Calls, casts and infos handled since its start.
        late_replies: Replies that came after their deadline and were dropped.
        expired_calls: Calls that were dropped unread.
        busy_s: Seconds spent inside handlers since its start.
        extra: What the actor adds, plain values.
    """

    name: str
    mailbox: int
    outstanding: int
    handled: int
    late_replies: int
    expired_calls: int
    busy_s: float
    extra: dict[str, Any]


# -- Requests that every gen-server answers (inside a Call) -----------------------------------
@dataclass(frozen=True, slots=True)
class GetStatistics:
    """Tell your `Statistics`."""


# -- Requests that a supervisor answers (inside a Call) ---------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class WhichChildren:
    """Tell the children: a tuple of `ChildStatus`.

    With `recursive`, whole subtrees as known to each supervisor.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class CountChildren:
    """Tell `{"specs": n, "active": n, "supervisors": n.

    "workers": n}`. Source: OTP count_children/1.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class StartChild:
    """Add and start a child.

    Refused as a conflict when its id exists. Source: OTP start_child/2.
    """

    spec: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminateChild:
    """Stop a child and leave it down; its spec stays (a temporary one's is forgotten)."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartChild:
    """Start a child that is down (or parked). With `force`, stop a running one first.

    Source: OTP restart_child/2; `force` is ours, for `mimo restart`.
    """

    name: str
    force: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteChild:
    """Forget the spec of a child that is down. Source: OTP delete_child/2."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereis:
    """Ask the root (inside a Call) where `name` is: an `Up`.

    Or `Failure` not_found or restarting.
    """

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AllRegistered:
    """Ask the root (inside a Call) for every registered process: a tuple of `Up`."""
