"""Fault points: off by default, and each kind of fault when armed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mimo.config import faultpoints
from mimo.config.errors import SettingsError
from mimo.config.faultpoints import Injector, parse
from tests.support.processes import in_child


class Recorder:
    """Stands in for the clock and the crash."""

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self.crashes = 0

    def crash(self) -> None:
        self.crashes += 1


def injector(
    spec: str, recorder: Recorder, *, folder: Path | None = None, seed: str = "7"
) -> Injector:
    return Injector(parse(spec), seed, folder, pause=recorder.pauses.append, crash=recorder.crash)


def test_fault_points_are_off_by_default() -> None:
    """No MIMO_CHAOS, no injector: `ARMED` is False and `reach` does nothing (reliability 5)."""
    assert faultpoints.from_environment({"MIMO_FAULTS": "writer.before_commit:crash"}) is None
    assert faultpoints.from_environment({"MIMO_CHAOS": "0"}) is None
    assert faultpoints.ARMED is False
    assert faultpoints.reach("writer.before_commit", "storage/writer") is False


def test_a_crash_is_a_kill_of_the_own_process() -> None:
    """`crash@2`: the first time passes, the second is SIGKILL; no handler, no flush (ours)."""
    code = (
        "from mimo.config import faultpoints as f\n"
        "assert f.ARMED\n"
        "f.reach('writer.before_commit')\n"
        "print('once', flush=True)\n"
        "f.reach('writer.before_commit')\n"
        "print('twice', flush=True)\n"
    )
    environ = {**os.environ, "MIMO_CHAOS": "1", "MIMO_FAULTS": "writer.before_commit:crash@2"}

    found = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False
    )

    assert (found.returncode, found.stdout) == (-signal.SIGKILL, "once\n")


def test_each_kind_does_what_it_says() -> None:
    """Delay pauses, drop is told to the caller, error raises EIO (ours)."""
    recorder = Recorder()
    faults = injector(
        "heir.before_grant:delay=0.25,gen_server.before_reply:drop@2,writer.after_commit:error@1",
        recorder,
    )

    assert faults.reach("heir.before_grant", "heirs/memory") is False
    assert recorder.pauses == [0.25]
    replies = [faults.reach("gen_server.before_reply", "memory/recall/1") for _ in range(3)]
    assert replies == [False, True, False]
    with pytest.raises(OSError, match="injected at writer"):
        faults.reach("writer.after_commit", "storage/writer")


def test_a_fault_can_be_meant_for_some_actors_only() -> None:
    """The pattern in brackets is matched against the actor's id (ours)."""
    recorder = Recorder()
    faults = injector("gen_server.after_reply[memory/*]:crash", recorder)

    faults.reach("gen_server.after_reply", "storage/writer")
    assert recorder.crashes == 0
    faults.reach("gen_server.after_reply", "memory/recall/1")
    assert recorder.crashes == 1


def test_counts_are_per_actor_and_start_anew_in_a_forked_process() -> None:
    """`@N` means the Nth time in one process (ours)."""
    recorder = Recorder()
    faults = injector("writer.before_commit:drop@2", recorder)
    assert faults.reach("writer.before_commit", "a") is False

    def first_in_the_child_is_not_the_second() -> None:
        assert faults.reach("writer.before_commit", "a") is False

    assert in_child(first_in_the_child_is_not_the_second) == 0
    assert faults.reach("writer.before_commit", "b") is False
    assert faults.reach("writer.before_commit", "a") is True


def test_all_processes_together_stay_within_the_times_given(tmp_path: Path) -> None:
    """`x1` lets a restarted process pass where its predecessor crashed (ours)."""
    recorder = Recorder()
    faults = injector("writer.before_commit:crash@1x1", recorder, folder=tmp_path)

    def successor() -> None:
        faults.reach("writer.before_commit", "storage/writer")
        assert recorder.crashes == 1

    faults.reach("writer.before_commit", "storage/writer")

    assert recorder.crashes == 1
    assert in_child(successor) == 0


def test_a_percentage_is_roughly_kept_and_repeatable() -> None:
    """The same seed gives the same choices in the same process (ours)."""
    runs = []
    for _ in range(2):
        faults = injector("gen_server.before_reply:drop%20", Recorder())
        runs.append([faults.reach("gen_server.before_reply", "a") for _ in range(1_000)])

    assert runs[0] == runs[1]
    assert 120 < sum(runs[0]) < 280


@pytest.mark.parametrize(
    "spec",
    [
        "writer",
        "writer.before_commit:explode",
        "nobody.knows:crash",
        "writer.before_commit:crash@x",
    ],
)
def test_a_wrong_specification_is_refused(spec: str) -> None:
    """Expected and got, as everywhere (aesthetics 4)."""
    with pytest.raises(SettingsError, match="MIMO_FAULTS: expected"):
        parse(spec)


def test_counting_together_needs_a_folder() -> None:
    """Without one, `x1` would silently mean each process (ours)."""
    with pytest.raises(SettingsError, match="MIMO_FAULTS_DIR"):
        injector("writer.before_commit:crash@1x1", Recorder())
