"""Child specs and flags. Source: OTP supervisor, child_spec() and sup_flags()."""

from __future__ import annotations

import pickle

import pytest

from mimo.config.errors import StartError
from mimo.supervision.machine import start_limit_s
from mimo.supervision.specs import (
    AutoShutdown,
    ChildSpec,
    RestartStrategy,
    RestartType,
    Shutdown,
    SupervisorFlags,
    check_specs,
    group,
    walk,
)


def worker(name: str, **fields: object) -> ChildSpec:
    return ChildSpec(id=name, start="a.B", **fields)  # type: ignore[arg-type]


def test_a_worker_has_five_seconds_to_leave_and_a_supervisor_all_the_time() -> None:
    """The defaults of `shutdown`."""
    assert worker("a").shutdown_s == 5.0
    assert group("g", SupervisorFlags()).shutdown_s is None


@pytest.mark.parametrize(
    ("shutdown", "seconds"),
    [(Shutdown.brutal_kill(), 0.0), (Shutdown.after(2.5), 2.5), (Shutdown.infinity(), None)],
)
def test_a_shutdown_names_its_seconds(shutdown: Shutdown, seconds: float | None) -> None:
    """brutal_kill, a timeout, infinity."""
    assert worker("a", shutdown=shutdown).shutdown_s == seconds


def test_walk_tells_a_tree_in_start_order() -> None:
    """Depth first, parents before children."""
    tree = group("r", SupervisorFlags(), group("g", SupervisorFlags(), worker("a")), worker("b"))

    assert [spec.id for spec in walk(tree)] == ["r", "g", "a", "b"]


def test_a_spec_travels() -> None:
    """The whole tree is pickled into `Start`."""
    tree = group("r", SupervisorFlags(strategy=RestartStrategy.ONE_FOR_ALL), worker("a"))

    assert pickle.loads(pickle.dumps(tree)) == tree


def test_a_supervisor_has_its_childrens_start_time_as_well() -> None:
    """It can't be up before the last of them is. Source: ours."""
    inner = group("g", SupervisorFlags(), worker("a", start_timeout_s=3.0))

    assert start_limit_s(inner) == inner.start_timeout_s + 3.0


@pytest.mark.parametrize(
    ("flags", "specs", "words"),
    [
        (SupervisorFlags(intensity=-1), (), "intensity >= 0, got -1"),
        (SupervisorFlags(period_s=0), (), "period_s > 0, got 0"),
        (SupervisorFlags(), (worker("a"), worker("a")), "'a' twice"),
        (
            SupervisorFlags(auto_shutdown=AutoShutdown.ALL_SIGNIFICANT),
            (worker("a", significant=True),),
            "'a' (permanent)",
        ),
        (
            SupervisorFlags(),
            (worker("a", significant=True, restart=RestartType.TRANSIENT),),
            "auto_shutdown other than never",
        ),
        (
            SupervisorFlags(),
            (
                ChildSpec(
                    id="g",
                    start="mimo.supervision.supervisor.Supervisor",
                    type="supervisor",
                ),
            ),
            "flags for the supervisor 'g'",
        ),
    ],
)
def test_what_cannot_work_is_refused_with_expected_and_got(
    flags: SupervisorFlags, specs: tuple[ChildSpec, ...], words: str
) -> None:
    """Source: OTP supervisor:check_startspec/1, check_flags/1."""
    with pytest.raises(StartError) as raised:
        check_specs(flags, specs)

    assert words in str(raised.value)
    assert str(raised.value).startswith("expected ")
