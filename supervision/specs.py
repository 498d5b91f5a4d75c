"""Child specs and supervisor flags: the supervision tree as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from mimo.config import limits
from mimo.config.errors import StartError


class RestartStrategy(StrEnum):
    """Whom a supervisor restarts when one child ends. Source: OTP supervisor, strategy()."""

    ONE_FOR_ONE = "one_for_one"
    ONE_FOR_ALL = "one_for_all"
    REST_FOR_ONE = "rest_for_one"
    DYNAMIC = "dynamic"


class RestartType(StrEnum):
    """When a child is restarted. Source: OTP supervisor, restart()."""

    PERMANENT = "permanent"
    TRANSIENT = "transient"
    TEMPORARY = "temporary"


class AutoShutdown(StrEnum):
    """Whether significant children end their supervisor.

    Source: OTP supervisor, auto_shutdown().
    """

    NEVER = "never"
    ANY_SIGNIFICANT = "any_significant"
    ALL_SIGNIFICANT = "all_significant"


@dataclass(frozen=True, slots=True)
class Shutdown:
    """How long a child may take to leave after `Stop`.

    Args:
        seconds: 0 kills at once; None waits for ever (for supervisors). Source: OTP supervisor,
            shutdown().
    """

    seconds: float | None

    @classmethod
    def brutal_kill(cls) -> Shutdown:
        """Kill at once, without asking."""
        return cls(0.0)

    @classmethod
    def after(cls, seconds: float) -> Shutdown:
        """Ask, wait `seconds`, then kill."""
        return cls(seconds)

    @classmethod
    def infinity(cls) -> Shutdown:
        """Ask and wait for ever; for child supervisors."""
        return cls(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorFlags:
    """How one supervisor restarts. Source: OTP supervisor, sup_flags().

    Args:
        strategy: Whom to restart.
        intensity: Restarts allowed within `period_s`; one more ends the supervisor.
        period_s: The window of `intensity`, in seconds.
        auto_shutdown: Whether significant children end the supervisor.
        parks_groups: Whether a child supervisor that gave up is parked as failed instead of
            counting against this supervisor's own budget (design: the root only). Source: ours.
    """

    strategy: RestartStrategy = RestartStrategy.ONE_FOR_ONE
    intensity: int = 3
    period_s: float = 5.0
    auto_shutdown: AutoShutdown = AutoShutdown.NEVER
    parks_groups: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSpec:
    """One child of a supervisor. Source: OTP supervisor, child_spec().

    `busy_max_s`, `critical` are ours.

    Args:
        id: The child's path in the tree, such as `memory/recall/1`; unique.
        start: Dotted path of the actor's class, `package.module.Class`.
        args: What the actor's `init` receives, picklable and plain.
        restart: When it is restarted.
        shutdown: How it is stopped; by default 5 s for workers, infinity for supervisors.
        type: `worker` or `supervisor`.
        significant: Whether its own end may end the supervisor (see `AutoShutdown`).
        start_timeout_s: How long it may take from `Start` to `Started`.
        busy_max_s: How long one of its handlers may compute before it counts as frozen.
        critical: For a parking supervisor: when this group gives up, what stands below it is
            restarted with it instead of the group being parked.
        on_demand: Whether it starts at the first call to it instead of with its supervisor.
        rest_after_s: A worker leaves after this long without work, until the next call to it; None
            stays. Source: ours; an idle process costs memory.
        data_bytes_max: Most memory of its own that a worker may have; beyond, it crashes alone.
            None leaves it to the machine. Source: ours; not every platform enforces it.
        flags: The flags of a child supervisor; None for a worker.
        children: The children of a child supervisor, in start order.
    """

    id: str
    start: str
    args: dict[str, Any] = field(default_factory=dict)
    restart: RestartType = RestartType.PERMANENT
    shutdown: Shutdown | None = None
    type: Literal["worker", "supervisor"] = "worker"
    significant: bool = False
    start_timeout_s: float = limits.START_TIMEOUT_S
    busy_max_s: float = limits.BUSY_S_MAX
    critical: bool = False
    on_demand: bool = False
    rest_after_s: float | None = None
    data_bytes_max: int | None = None
    flags: SupervisorFlags | None = None
    children: tuple[ChildSpec, ...] = ()

    @property
    def shutdown_s(self) -> float | None:
        """Return the seconds to wait after `Stop`: 0 kills at once, None waits for ever."""
        if self.shutdown is not None:
            return self.shutdown.seconds
        return None if self.type == "supervisor" else limits.SHUTDOWN_S


SUPERVISOR_CLASS = "mimo.supervision.supervisor.Supervisor"


def group(
    id: str,  # noqa: A002  OTP's word
    flags: SupervisorFlags,
    *children: ChildSpec,
    critical: bool = False,
) -> ChildSpec:
    """Return the spec of a child supervisor with these children in start order."""
    return ChildSpec(
        id=id,
        start=SUPERVISOR_CLASS,
        type="supervisor",
        flags=flags,
        children=children,
        critical=critical,
    )


def walk(spec: ChildSpec) -> list[ChildSpec]:
    """Return `spec` and all specs below it, depth first, in start order."""
    found = [spec]
    for child in spec.children:
        found.extend(walk(child))
    return found


def check_specs(flags: SupervisorFlags, children: tuple[ChildSpec, ...]) -> None:
    """Refuse flags and specs that can't work together.

    Raises:
        StartError: What is wrong, with expected and got.

    Source: OTP supervisor:check_startspec/1, supervisor:check_flags/1.
    """
    if flags.intensity < 0:
        raise StartError(
            f"expected intensity >= 0, got {flags.intensity}; mend the supervisor's flags"
        )
    if flags.period_s <= 0:
        raise StartError(
            f"expected period_s > 0, got {flags.period_s}; mend the supervisor's flags"
        )
    seen: set[str] = set()
    for spec in children:
        if spec.id in seen:
            raise StartError(
                f"expected unique child ids, got {spec.id!r} twice; rename one of them"
            )
        seen.add(spec.id)
        if spec.significant and spec.restart is RestartType.PERMANENT:
            raise StartError(
                f"expected a transient or temporary child to be significant, got {spec.id!r} "
                "(permanent); "
                "a permanent child is always restarted and never ends by itself"
            )
        if spec.type == "supervisor" and (spec.on_demand or spec.rest_after_s is not None):
            raise StartError(
                f"expected a worker to rest, got the supervisor {spec.id!r}; let its children rest"
            )
        if spec.significant and flags.auto_shutdown is AutoShutdown.NEVER:
            raise StartError(
                f"expected auto_shutdown other than never for the significant child {spec.id!r}; "
                "set auto_shutdown or make it not significant"
            )
        if spec.type == "supervisor" and spec.flags is None and spec.start == SUPERVISOR_CLASS:
            raise StartError(
                f"expected flags for the supervisor {spec.id!r}, got None; give it flags"
            )
