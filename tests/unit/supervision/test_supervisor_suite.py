"""OTP's supervisor_SUITE, case by case, against the pure policy.

A case carries OTP's name after `test_`. Cases that only exercise Erlang's own machinery (code
change, global names, format_log, callback modules) have no counterpart here.
Source: erlang/otp lib/stdlib/test/supervisor_SUITE.erl.
"""

from __future__ import annotations

from typing import Any

import pytest

from mimo.config.errors import Conflict, NotFound, ShuttingDown, StartError, Unavailable
from mimo.supervision.messages import NORMAL, SHUTDOWN, ExitReason
from mimo.supervision.specs import (
    AutoShutdown,
    RestartStrategy,
    RestartType,
    Shutdown,
    SupervisorFlags,
)
from tests.support.world import CRASHED, GAVE_UP, World, child, subtree

PERMANENT, TRANSIENT, TEMPORARY = (
    RestartType.PERMANENT,
    RestartType.TRANSIENT,
    RestartType.TEMPORARY,
)


def flags(strategy: str = "one_for_one", **fields: Any) -> SupervisorFlags:
    return SupervisorFlags(**{"intensity": 2, "strategy": RestartStrategy(strategy), **fields})


def world(*specs: Any, **fields: Any) -> World:
    return World(flags(**fields), *specs).boot()


def abc(**fields: Any) -> World:
    """Return a booted world with a, b, c and an empty journal."""
    found = world(child("a"), child("b"), child("c"), **fields)
    found.take_journal()
    return found


# -- Start -----------------------------------------------------------------------------------
def test_sup_start_normal() -> None:
    """A supervisor with children starts them from left to right and then serves."""
    w = world(child("a"), child("b"))

    assert (w.is_booted, w.take_journal(), w.counts()) == (True, "+a +b", [2, 2, 0, 2])


def test_sup_start_ignore_init() -> None:
    """A supervisor without children serves at once (our supervisors have no init to ignore)."""
    w = world()

    assert (w.is_booted, w.counts()) == (True, [0, 0, 0, 0])


def test_sup_start_ignore_child() -> None:
    """A child that ignores its start stays as a spec without a process; its siblings start."""
    w = World(flags(), child("a"), child("b"))
    w.behave("a", "ignore")
    w.boot()

    assert w.states() == {"a": "down", "b": "running"}
    assert w.counts() == [2, 1, 0, 2]


def test_sup_start_ignore_temporary_child() -> None:
    """A temporary child that ignores its start is forgotten."""
    w = World(flags(), child("a", restart=TEMPORARY), child("b"))
    w.behave("a", "ignore")
    w.boot()

    assert w.states() == {"b": "running"}


def test_sup_start_ignore_temporary_child_start_child() -> None:
    """The same when it is added by `StartChild`; the administrator gets an answer."""
    w = world(child("b"))
    w.behave("a", "ignore")

    assert w.command(w.policy.start_child, child("a", restart=TEMPORARY)) == "forgotten"
    assert w.states() == {"b": "running"}


def test_sup_start_ignore_temporary_child_start_child_simple() -> None:
    """A dynamic supervisor forgets a temporary child that ignores."""
    w = world(strategy="dynamic")
    w.behave("a", "ignore")
    w.command(w.policy.start_child, child("a", restart=TEMPORARY))

    assert w.states() == {}


def test_sup_start_ignore_permanent_child_start_child_simple() -> None:
    """A dynamic supervisor forgets even a permanent child that ignores."""
    w = world(strategy="dynamic")
    w.behave("a", "ignore")
    w.command(w.policy.start_child, child("a"))

    assert w.states() == {}


def test_sup_start_error_return() -> None:
    """A supervisor one of whose children fails at the first start doesn't start."""
    w = World(flags(), child("a"), child("b"), child("c"))
    w.behave("b", "fail")
    w.boot()

    assert w.boot_failure == "b: no"
    assert w.take_journal() == "+a +b -a"


def test_sup_start_fail() -> None:
    """A child that dies before it has started fails the first start as well."""
    w = World(flags(), child("a"), child("b"))
    w.behave("a", "die")
    w.boot()

    assert w.boot_failure == "a: killed"
    assert w.take_journal() == "+a"


def test_sup_start_timeout() -> None:
    """A child that never answers `Start` is killed after its time. Source: ours; thespian.md T7."""
    w = World(flags(), child("a", start_timeout_s=4.0))
    w.behave("a", "hang")
    w.boot().run_for(3.9)
    assert w.boot_failure is None

    w.run_for(0.2)

    assert w.boot_failure == "a: no answer to Start within 4 s"
    assert w.take_journal() == "+a !a"


def test_sup_start_child_returns_error() -> None:
    """`StartChild` of a child that fails answers the error and keeps no spec."""
    w = world()
    w.behave("a", "fail")

    assert isinstance(w.command(w.policy.start_child, child("a")), StartError)
    assert w.states() == {}


def test_sup_start_restart_child_returns_error() -> None:
    """A failing `RestartChild` answers the error and leaves the child down, uncounted."""
    w = world(child("a"))
    w.command(w.policy.terminate_child, "a")
    w.behave("a", "fail")

    assert isinstance(w.command(w.policy.restart_child, "a"), StartError)
    assert w.states() == {"a": "down"}
    assert w.left is None


def test_sup_start_child_returns_error_simple() -> None:
    """The same under a dynamic supervisor: nothing is left of it."""
    w = world(strategy="dynamic")
    w.behave("a", "fail")

    assert isinstance(w.command(w.policy.start_child, child("a")), StartError)
    assert w.states() == {}


def test_sup_start_map() -> None:
    """Defaults of a spec: permanent worker, 5 s to leave; a supervisor may take for ever."""
    spec, group = child("a"), subtree("g")

    assert (spec.restart, spec.type, spec.shutdown_s) == (PERMANENT, "worker", 5.0)
    assert group.shutdown_s is None


def test_sup_start_map_simple() -> None:
    """A dynamic supervisor starts the children that it is given at once."""
    w = world(child("a"), child("b"), strategy="dynamic")

    assert w.take_journal() == "+a +b"


@pytest.mark.parametrize(
    ("bad_flags", "specs"),
    [
        ({"intensity": -1}, ()),
        ({"period_s": 0.0}, ()),
        ({}, (child("a"), child("a"))),
        ({}, (child("a", significant=True, restart=TRANSIENT),)),
        ({"auto_shutdown": AutoShutdown.ANY_SIGNIFICANT}, (child("a", significant=True),)),
    ],
)
def test_sup_start_map_faulty_specs(bad_flags: dict[str, Any], specs: tuple[Any, ...]) -> None:
    """Flags and specs that can't work are refused before anything starts."""
    with pytest.raises(StartError):
        World(flags(**bad_flags), *specs)


def test_extra_return() -> None:
    """The administrator gets the row of the child that was started."""
    w = world()

    assert w.command(w.policy.start_child, child("a")) == "running"


# -- Stop ------------------------------------------------------------------------------------
def test_sup_stop_infinity() -> None:
    """A child with `infinity` is waited for as long as it takes."""
    w = world(child("a", shutdown=Shutdown.infinity()), child("b"))
    w.leaves_with("a", None)
    w.take_journal()
    w.stop().run_for(86_400)
    assert (w.left, w.take_journal()) == (None, "-b -a")

    w.die("a", SHUTDOWN)

    assert w.left == SHUTDOWN


def test_sup_stop_timeout() -> None:
    """A child that doesn't leave within its time is killed, then the next is asked."""
    w = world(child("a"), child("b", shutdown=Shutdown.after(2.0)))
    w.leaves_with("b", None)
    w.take_journal()

    w.stop().run_for(1.9)
    assert w.take_journal() == "-b"

    w.run_for(0.2)
    assert (w.take_journal(), w.left) == ("!b -a", SHUTDOWN)


def test_sup_stop_timeout_dynamic() -> None:
    """Dynamic children are asked all at once; each is killed after its own time."""
    w = world(
        child("a", shutdown=Shutdown.after(1.0)),
        child("b", shutdown=Shutdown.after(2.0)),
        strategy="dynamic",
    )
    w.leaves_with("a", None)
    w.leaves_with("b", None)
    w.take_journal()

    w.stop().run_for(1.1)
    assert (w.take_journal(), w.left) == ("-b -a !a", None)

    w.run_for(1.0)
    assert (w.take_journal(), w.left) == ("!b", SHUTDOWN)


def test_sup_stop_brutal_kill() -> None:
    """A child with `brutal_kill` is killed without being asked, and that is no error."""
    w = world(child("a", shutdown=Shutdown.brutal_kill()), child("b"))
    w.take_journal()
    w.stop()

    assert (w.take_journal(), w.left) == ("-b !a", SHUTDOWN)
    assert not any(report.is_error for report in w.reports)


def test_sup_stop_brutal_kill_dynamic() -> None:
    """The same under a dynamic supervisor."""
    specs = [child(name, shutdown=Shutdown.brutal_kill()) for name in "ab"]
    w = world(*specs, strategy="dynamic")
    w.take_journal()
    w.stop()

    assert (w.take_journal(), w.left) == ("!b !a", SHUTDOWN)


def test_sup_stop_race() -> None:
    """A child that dies while the stop is under way is neither restarted nor asked."""
    w = world(child("a"), child("b"))
    w.leaves_with("b", None)
    w.take_journal()
    w.stop()

    w.die("a", CRASHED)
    w.die("b", CRASHED)

    assert (w.take_journal(), w.left) == ("-b", SHUTDOWN)


def test_sup_stop_non_shutdown_exit_dynamic() -> None:
    """A dynamic child that leaves for another reason when asked is reported, not restarted."""
    w = world(child("a"), strategy="dynamic")
    w.leaves_with("a", CRASHED)
    w.stop()

    assert w.left == SHUTDOWN
    assert [report.reason for report in w.reports if report.is_error] == ["crashed: boom"]


@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all", "rest_for_one"])
def test_order_of_children(strategy: str) -> None:
    """Children start from left to right and stop from right to left. Source: D5."""
    w = world(*(child(name) for name in "abcd"), strategy=strategy)
    w.stop()

    assert w.take_journal() == "+a +b +c +d -d -c -b -a"


# -- Administration --------------------------------------------------------------------------
def test_child_adm() -> None:
    """Start, terminate, restart, delete: each is refused in the wrong state."""
    w = world(child("a"))
    policy = w.policy
    assert isinstance(w.command(policy.start_child, child("a")), Conflict)
    assert isinstance(w.command(policy.delete_child, "a"), Conflict)
    assert isinstance(w.command(policy.restart_child, "a"), Conflict)
    assert w.command(policy.terminate_child, "a") is True
    assert w.command(policy.terminate_child, "a") is True
    assert isinstance(w.command(policy.start_child, child("a")), Conflict)
    assert w.command(policy.restart_child, "a") == "running"
    assert w.command(policy.terminate_child, "a") is True
    assert w.command(policy.delete_child, "a") is True
    for command in (policy.delete_child, policy.restart_child, policy.terminate_child):
        assert isinstance(w.command(command, "a"), NotFound)
    assert w.counts() == [0, 0, 0, 0]


def test_child_adm_simple() -> None:
    """A dynamic child that was terminated is forgotten at once."""
    w = world(strategy="dynamic")
    w.command(w.policy.start_child, child("a"))
    assert w.command(w.policy.terminate_child, "a") is True

    assert isinstance(w.command(w.policy.restart_child, "a"), NotFound)


def test_child_specs() -> None:
    """A spec that can't work is refused by `StartChild` too."""
    w = world()
    spec = child("a", significant=True, restart=TRANSIENT)

    assert isinstance(w.command(w.policy.start_child, spec), StartError)


def test_sup_flags() -> None:
    """The defaults are those of OTP and Elixir: one_for_one, 3 restarts in 5 s, never by itself."""
    found = SupervisorFlags()

    assert (found.strategy, found.intensity, found.period_s) == ("one_for_one", 3, 5.0)
    assert found.auto_shutdown is AutoShutdown.NEVER


def test_which_children() -> None:
    """Children are told in start order; an added one comes last."""
    w = abc()
    w.command(w.policy.start_child, child("d"))

    assert list(w.states()) == ["a", "b", "c", "d"]


def test_count_children() -> None:
    """Active children are those with a process; a terminated one still counts as a spec."""
    w = abc()
    w.command(w.policy.terminate_child, "b")

    assert w.counts() == [3, 2, 0, 3]


def test_count_children_supervisor() -> None:
    """Supervisors and workers are counted apart."""
    w = world(child("a"), subtree("g"))

    assert w.counts() == [2, 2, 1, 1]


def test_count_restarting_children() -> None:
    """A child whose restart fails for ever uses up the budget exactly: 3 attempts, then the end."""
    w = world(child("a"), intensity=3)
    w.behave("a", "fail")
    w.take_journal()
    w.die("a")

    assert w.take_journal() == "+a +a +a"
    assert w.left is not None
    assert w.left.kind == "gave_up"


def test_already_started_outside_supervisor() -> None:
    """A second start of the same id is a conflict that names the state of the first."""
    w = world(child("a"))

    assert "running" in str(w.command(w.policy.start_child, child("a")))


def test_forced_restart_stops_first() -> None:
    """`RestartChild(force)` stops a running child in order and starts it; siblings stay.

    Source: ours.
    """
    w = abc(strategy="one_for_all")

    assert w.command(w.policy.restart_child, "b", force=True) == "running"
    assert w.take_journal() == "-b +b"
    assert w.policy.children.get("b").restarts == 0


def test_command_while_leaving() -> None:
    """A supervisor that is leaving refuses commands and answers those that wait."""
    w = world(child("a"))
    w.leaves_with("a", None)
    w.behave("b", "hang")
    assert w.command(w.policy.start_child, child("b")) is None
    w.stop()

    assert isinstance(w.answers[1], ShuttingDown)
    assert isinstance(w.command(w.policy.restart_child, "a"), ShuttingDown)


def test_terminate_while_starting() -> None:
    """A child that is stopped before it has started answers its starter `Unavailable`."""
    w = world()
    w.behave("a", "hang")
    w.command(w.policy.start_child, child("a"))

    assert w.command(w.policy.terminate_child, "a") is True
    assert isinstance(w.answers[1], Unavailable)
    assert w.states() == {"a": "down"}


# -- Exits: restart type x reason -----------------------------------------------------------
REASONS = {
    "normal": NORMAL,
    "shutdown": SHUTDOWN,
    "gave_up": GAVE_UP,
    "abnormal": CRASHED,
    "killed": ExitReason(kind="killed"),
    "frozen": ExitReason(kind="frozen"),
}


@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all", "rest_for_one", "dynamic"])
@pytest.mark.parametrize("restart", list(RestartType))
@pytest.mark.parametrize("why", list(REASONS))
def test_exits_by_strategy_restart_type_and_reason(
    strategy: str, restart: RestartType, why: str
) -> None:
    """The whole table: permanent_normal, permanent_shutdown, ... temporary_abnormal.

    permanent: always; transient: unless it left well (gave_up counts as shutdown); temporary: never
    and forgotten. Bystanders are restarted with it, or not at all.
    """
    w = world(child("a"), child("b", restart=restart), child("c"), strategy=strategy)
    w.take_journal()
    w.die("b", REASONS[why])

    well = why in ("normal", "shutdown", "gave_up")
    restarts = restart is PERMANENT or (restart is TRANSIENT and not well)
    expected = {
        "one_for_one": "+b",
        "dynamic": "+b",
        "one_for_all": "-c -a +a +b +c",
        "rest_for_one": "-c +b +c",
    }
    assert w.take_journal() == (expected[strategy] if restarts else "")
    kept = restarts or (restart is TRANSIENT and strategy != "dynamic")
    assert ("b" in w.states()) is kept
    assert w.left is None


def test_faulty_application_shutdown() -> None:
    """A permanent child that ends with `shutdown` is restarted all the same, and reported."""
    w = world(child("a"))
    w.die("a", SHUTDOWN)

    assert w.states() == {"a": "running"}
    assert w.events("a") == ["child_started", "child_exited", "child_restarted"]


def test_external_start_no_progress_log() -> None:
    """A start that fails by command reports no progress."""
    w = world()
    w.behave("a", "fail")
    w.command(w.policy.start_child, child("a"))

    assert w.events("a") == ["child_start_failed"]


def test_temporary_bystander() -> None:
    """A temporary child that a sibling takes along is stopped and forgotten, never restarted."""
    w = world(child("a", restart=TEMPORARY), child("b"), strategy="one_for_all")
    w.die("b")
    assert w.states() == {"b": "running"}

    w = world(child("b"), child("a", restart=TEMPORARY), strategy="rest_for_one")
    w.die("b")
    assert w.states() == {"b": "running"}


def test_multiple_restarts() -> None:
    """Several deaths at once are all healed, each counted."""
    w = abc(intensity=3)
    for name in "abc":
        w.die(name)

    assert set(w.states().values()) == {"running"}
    assert sum(one.restarts for one in w.policy.children) == 3


# -- Strategies ------------------------------------------------------------------------------
def test_one_for_one() -> None:
    """Only the dead one is restarted; a second death within the budget as well."""
    w = abc()
    w.die("b").die("b")

    assert w.take_journal() == "+b +b"


@pytest.mark.parametrize(
    ("strategy", "last"),
    [("one_for_one", "-c -b"), ("one_for_all", "-c -b"), ("rest_for_one", "-c -b")],
)
def test_escalation(strategy: str, last: str) -> None:
    """One more restart than allowed stops all from the right and ends the supervisor.

    one_for_one_escalation, one_for_all_escalation, rest_for_one_escalation. Source: A17.
    """
    w = abc(strategy=strategy, intensity=1)
    w.die("a")
    assert w.left is None
    w.take_journal()
    w.die("a")

    assert w.take_journal() == last
    assert w.left is not None
    assert w.left.kind == "gave_up"
    assert w.left.is_normal


def test_one_for_all() -> None:
    """All others are stopped from the right, then all start from the left."""
    w = abc(strategy="one_for_all")
    w.die("b")

    assert w.take_journal() == "-c -a +a +b +c"


def test_one_for_all_other_child_fails_restart() -> None:
    """When a sibling fails during the restart, all is tried again; each attempt counts."""
    w = abc(strategy="one_for_all", intensity=3)
    w.behave("b", "fail", "ok")
    w.die("a")

    assert w.take_journal() == "-c -b +a +b -a +a +b +c"
    assert set(w.states().values()) == {"running"}
    assert w.left is None


def test_rest_for_one() -> None:
    """Those that started after the dead one are stopped and all of them started in order."""
    w = abc(strategy="rest_for_one")
    w.die("b")

    assert w.take_journal() == "-c +b +c"


def test_rest_for_one_other_child_fails_restart() -> None:
    """When a sibling fails during the restart, it is tried again from that sibling."""
    w = abc(strategy="rest_for_one", intensity=3)
    w.behave("b", "fail", "ok")
    w.die("a")

    assert w.take_journal() == "-c -b +a +b +b +c"
    assert w.policy.children.get("a").restarts == 1


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
def test_terminated_bystanders_come_back(strategy: str) -> None:
    """A child that was terminated by command is started with its siblings' restart, as in OTP."""
    w = abc(strategy=strategy)
    w.command(w.policy.terminate_child, "c")
    w.die("a")

    assert w.states()["c"] == "running"


def test_simple_one_for_one() -> None:
    """A dynamic child that dies is restarted alone."""
    w = world(strategy="dynamic")
    for name in "ab":
        w.command(w.policy.start_child, child(name))
    w.take_journal()
    w.die("a")

    assert w.take_journal() == "+a"


def test_simple_one_for_one_shutdown() -> None:
    """Dynamic children are stopped together."""
    w = world(child("a"), child("b"), strategy="dynamic")
    w.take_journal()
    w.stop()

    assert (w.take_journal(), w.left) == ("-b -a", SHUTDOWN)


def test_simple_one_for_one_escalation() -> None:
    """A dynamic supervisor gives up as well."""
    w = world(child("a"), child("b"), strategy="dynamic", intensity=1)
    w.die("a").die("a")

    assert w.left is not None
    assert w.left.kind == "gave_up"


def test_simple_one_for_one_corruption() -> None:
    """A failing `StartChild` leaves the other dynamic children as they were."""
    w = world(child("a"), strategy="dynamic")
    w.behave("b", "die")
    w.command(w.policy.start_child, child("b"))

    assert w.states() == {"a": "running"}


def test_simple_one_for_one_restart_ignore() -> None:
    """A dynamic child that ignores its restart is forgotten."""
    w = world(child("a"), strategy="dynamic")
    w.behave("a", "ignore")
    w.die("a")

    assert w.states() == {}
    assert w.left is None


def test_ignore_in_a_restart_leaves_the_child_down() -> None:
    """Another strategy keeps the spec of a child that ignores its restart."""
    w = abc(strategy="rest_for_one")
    w.behave("b", "ignore")
    w.die("b")

    assert w.states() == {"a": "running", "b": "down", "c": "running"}


# -- Significant children ----------------------------------------------------------------------
ANY, ALL = AutoShutdown.ANY_SIGNIFICANT, AutoShutdown.ALL_SIGNIFICANT


@pytest.mark.parametrize("restart", [TEMPORARY, TRANSIENT])
@pytest.mark.parametrize("mode", list(AutoShutdown))
def test_nonsignificant_children_end_nothing(restart: RestartType, mode: AutoShutdown) -> None:
    """nonsignificant_temporary, nonsignificant_transient."""
    w = world(child("a", restart=restart), child("b", restart=restart), auto_shutdown=mode)
    w.die("a", NORMAL).die("b", NORMAL)

    assert w.left is None


@pytest.mark.parametrize("why", [NORMAL, SHUTDOWN, CRASHED])
def test_significant_temporary(why: ExitReason) -> None:
    """A significant temporary child ends its supervisor with any end of its own."""
    w = world(child("a"), child("b", restart=TEMPORARY, significant=True), auto_shutdown=ANY)
    w.take_journal()
    w.die("b", why)

    assert w.take_journal() == "-a"
    assert w.left is not None
    assert w.left.kind == "shutdown"


@pytest.mark.parametrize(("why", "ends"), [(NORMAL, True), (SHUTDOWN, True), (CRASHED, False)])
def test_significant_transient(why: ExitReason, ends: bool) -> None:
    """A significant transient child ends it only when it isn't restarted."""
    w = world(child("a"), child("b", restart=TRANSIENT, significant=True), auto_shutdown=ANY)
    w.die("b", why)

    assert (w.left is not None) is ends


def test_all_significant_waits_for_the_last() -> None:
    """With all_significant only the end of the last significant child ends the supervisor."""
    specs = [child(name, restart=TRANSIENT, significant=True) for name in "ab"]
    w = world(*specs, child("c"), auto_shutdown=ALL)
    w.die("a", NORMAL)
    assert w.left is None
    w.die("b", NORMAL)

    assert w.left is not None


def test_significant_simple() -> None:
    """The same for dynamic children."""
    specs = [child(name, restart=TEMPORARY, significant=True) for name in "ab"]
    w = world(*specs, auto_shutdown=ALL, strategy="dynamic")
    w.die("a")
    assert w.left is None
    w.die("b")

    assert w.left is not None


@pytest.mark.parametrize("mode", [ANY, ALL])
def test_significant_bystander(mode: AutoShutdown) -> None:
    """A significant child that a sibling or a command takes down ends nothing."""
    w = world(
        child("a"),
        child("b", restart=TRANSIENT, significant=True),
        auto_shutdown=mode,
        strategy="one_for_all",
    )
    w.die("a")
    assert w.left is None
    w.command(w.policy.terminate_child, "b")

    assert w.left is None


def test_significant_escalation() -> None:
    """A supervisor that ends so ends with `shutdown`: its own transient spec isn't restarted."""
    inner = world(child("a", restart=TRANSIENT, significant=True), auto_shutdown=ANY)
    inner.die("a", NORMAL)
    assert inner.left is not None

    outer = world(
        subtree("inner", restart=TRANSIENT, significant=True), child("b"), auto_shutdown=ANY
    )
    outer.die("inner", inner.left)

    assert outer.left is not None
    assert outer.left.kind == "shutdown"


# -- The rest ----------------------------------------------------------------------------------
def test_child_unlink() -> None:
    """A child that doesn't hear `Stop` can't hang its supervisor: the kill needs no consent."""
    w = world(child("a", shutdown=Shutdown.after(1.0)))
    w.leaves_with("a", None)
    w.stop().run_for(1.1)

    assert w.left == SHUTDOWN


def test_tree() -> None:
    """A gave-up supervisor is restarted by its parent only if it is permanent.

    Source: elixir supervisor.ex, "Exit reasons and restarts".
    """
    for restart, state in ((PERMANENT, "running"), (TRANSIENT, "down")):
        w = world(child("a"), subtree("g", restart=restart))
        w.die("g", GAVE_UP)
        assert w.states()["g"] == state


@pytest.mark.parametrize("strategy", ["one_for_one", "rest_for_one", "one_for_all", "dynamic"])
def test_hanging_restart_loop(strategy: str) -> None:
    """A stop is heard between two failing restarts. hanging_restart_loop (3). Source: D8."""
    w = world(child("a"), child("b"), strategy=strategy, intensity=1_000_000)
    w.behave("b", "hang")
    w.leaves_with("b", None)
    w.die("b")
    w.stop()
    assert w.left is None

    w.run_for(5.0)

    assert w.left == SHUTDOWN


def test_terminate_in_a_restart_loop() -> None:
    """A command is heard in the loop, and ends it."""
    w = world(child("a"), intensity=1_000)
    w.behave("a", "hang")
    w.die("a")

    assert w.command(w.policy.terminate_child, "a") is True
    assert w.states() == {"a": "down"}


def test_do_not_save_child_specs_for_temporary_children() -> None:
    """Whatever ends a temporary child, nothing is kept of it."""
    w = world()
    for number in range(100):
        w.command(w.policy.start_child, child(f"t{number}", restart=TEMPORARY))
        w.die(f"t{number}", CRASHED)

    assert w.counts() == [0, 0, 0, 0]


@pytest.mark.parametrize("strategy", ["one_for_one", "dynamic"])
def test_scale_start_stop_many_children(strategy: str) -> None:
    """Hundreds of children are started and stopped in order. scale_many (2)."""
    w = world(*(child(f"c{number}") for number in range(300)), strategy=strategy)
    assert w.counts()[1] == 300
    w.stop()

    assert w.left == SHUTDOWN


def test_reports_have_four_fields() -> None:
    """format_log: event, child, reason and context say what happened; the actor adds its name."""
    w = world(child("a"), intensity=0)
    w.die("a", CRASHED)

    exited, gave_up = w.reports[-2:]
    assert (exited.event, exited.child) == ("supervision.child_exited", "a")
    assert (exited.reason, exited.context) == ("crashed: boom", "running")
    assert gave_up.event == "supervision.gave_up"
    assert "more than 0 restarts in 5 s" in gave_up.reason


# -- Ours: what processes add to OTP -----------------------------------------------------------
def test_a_stale_or_repeated_death_is_nothing() -> None:
    """One death is one restart, however often it is told, and whoever tells it late."""
    w = world(child("a"))
    old = w.alive["a"]
    w.die("a")
    w.take_journal()

    assert w.policy.child_exited("a", old, CRASHED, w.now_s) == []
    assert w.policy.child_started("a", old, w.now_s) == []
    assert w.policy.child_exited("nobody", 1, CRASHED, w.now_s) == []
    assert w.take_journal() == ""


def test_a_late_timer_touches_no_process_that_is_gone() -> None:
    """The time to leave runs out after the child has left and its supervisor too.

    A regression that random lives found.
    """
    w = world(child("a"), intensity=0)
    w.behave("a", "fail")
    w.command(w.policy.restart_child, "a", force=True)
    w.stop().run_for(60.0)

    assert w.left == SHUTDOWN


def test_incarnations_rise_even_when_the_clock_stands() -> None:
    """Each process has a larger incarnation than the one before."""
    w = world(child("a"), intensity=10)
    seen = [w.alive["a"]]
    for _ in range(5):
        w.die("a")
        seen.append(w.alive["a"])

    assert seen == sorted(set(seen))


def test_a_sibling_that_dies_during_the_first_start_is_restarted_after_it() -> None:
    """A death during the boot is no failed start: it counts as a restart."""
    w = World(flags("one_for_all"), child("a"), child("b"))
    w.behave("b", "hang", "ok")
    w.boot()
    w.die("a")

    assert w.take_journal() == "+a +b -b +a +b"
    assert w.is_booted
    assert w.boot_failure is None


def test_a_child_that_dies_as_a_bystander_is_not_counted() -> None:
    """A victim that dies before it is asked doesn't use up the budget a second time."""
    w = abc(strategy="one_for_all", intensity=1)
    w.leaves_with("c", None)
    w.die("b")
    w.die("a")
    w.die("c")

    assert w.left is None
    assert w.take_journal() == "-c +a +b +c"
