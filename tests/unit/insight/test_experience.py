"""Notes from few samples aren't given, and little is remembered, never a secret."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.bridge.experience import FAILED_MIN, Experience, Mended
from mimo.actors.bridge.hindsight import briefing_text
from mimo.actors.bridge.recording import Noted
from mimo.actors.bridge.remembering import HOUR_S, Gate, Lesson, lessons_of
from mimo.actors.operations import Result
from mimo.config import limits
from mimo.config.settings_tools import AutoMemory

SECRET = "ghp_" + "a1B2c3D4e5" * 4
LESSON = "The build needs the flag --offline since the proxy refuses the registry"


def learn(past: Experience, *outcomes: str, project: str = "") -> list[Mended | None]:
    return [past.learn("file.read", project, each, f'{{"path": "{each}"}}') for each in outcomes]


def gate(**fields: Any) -> Gate:
    return Gate(AutoMemory(**({"enabled": True, "min_importance": 0.5, "per_hour": 20} | fields)))


def noted(label: str, data: dict[str, Any], untrusted: str = "") -> Noted:
    return Noted(
        label=label,
        client="c",
        connection="k",
        request_id="r",
        arguments={},
        answer=Result(data=data, untrusted=untrusted),
        outcome="ok",
        duration_s=0.1,
        at_s=0.0,
    )


def test_four_failures_say_nothing_yet() -> None:
    past = Experience()
    learn(past, *["not_found"] * (limits.EXPERIENCE_CALLS - 1))

    assert past.note("file.read", "") == ""


def test_a_note_tells_how_often_it_failed_and_what_worked() -> None:
    past = Experience()
    learn(past, "not_found", "not_found", "ok", "not_found", "conflict")

    note = past.note("file.read", "")

    assert "failed 4 of the last 5 times (not_found 3, conflict 1)" in note
    assert '{"path": "ok"}' in note


def test_what_mostly_works_gets_no_note() -> None:
    past = Experience()
    learn(past, "not_found", "ok", "ok", "not_found", "ok")

    assert past.note("file.read", "") == ""


def test_another_project_is_another_place() -> None:
    past = Experience()
    learn(past, *["not_found"] * 5, project="mill")

    assert "in project 'mill'" in past.note("file.read", "mill")
    assert past.note("file.read", "") == ""


def test_a_busy_moment_teaches_nothing() -> None:
    past = Experience()
    learn(past, *["busy", "deadline_exceeded"] * 5)

    assert past.note("file.read", "") == ""


def test_what_works_after_failing_in_a_row_is_a_lesson() -> None:
    *_, last = learn(Experience(), *["conflict"] * FAILED_MIN, "ok")

    assert last == Mended(FAILED_MIN, "conflict")
    assert learn(Experience(), "conflict", "ok", "ok")[-2:] == [None, None]


@given(st.lists(st.tuples(st.sampled_from(["a.x", "b.y"]), st.sampled_from(["ok", "not_found"]))))
def test_a_note_counts_the_last_calls(calls: list[tuple[str, str]]) -> None:
    past = Experience()
    for label, outcome in calls:
        past.learn(label, "", outcome, "")
    last = [outcome for label, outcome in calls if label == "a.x"][-limits.EXPERIENCE_CALLS :]
    failed = len(last) - last.count("ok")

    note = past.note("a.x", "")

    assert bool(note) == (len(last) == limits.EXPERIENCE_CALLS and failed >= FAILED_MIN)
    assert not note or f"failed {failed} of the last {len(last)} times" in note


def test_what_is_kept_of_the_past_is_bounded() -> None:
    past = Experience()
    for number in range(limits.EXPERIENCES_MAX * 2):
        past.learn(f"a.{number}", "", "ok", "")

    assert len(past._past) == limits.EXPERIENCES_MAX


@pytest.mark.parametrize("tool", ["memory", "knowledge", "tool_usage", "meta", "awakening_status"])
def test_calls_of_memory_itself_are_never_remembered(tool: str) -> None:
    call = noted(f"{tool}.any", {"conclusion": LESSON})

    assert not list(lessons_of(call, Mended(5, "conflict"), "{}"))


def test_reading_and_writing_files_teaches_nothing_by_itself() -> None:
    assert not list(lessons_of(noted("file.read", {"text": LESSON * 50}), None, "{}"))


def test_conclusions_failed_runs_and_what_was_mended_are_lessons() -> None:
    concluded = noted("reason.conclude", {"conclusion": LESSON, "problem": "a slow build"})
    failed = noted("orchestrate.run_procedure", {"status": "failed", "name": "deploy", "error": {}})

    (one,) = lessons_of(concluded, None, "{}")
    (two,) = lessons_of(failed, None, "{}")
    (three,) = lessons_of(noted("terminal.execute", {}), Mended(3, "exit_nonzero"), '{"a": 1}')

    assert "a slow build" in one.content
    assert "deploy" in two.content
    assert three.content.endswith('worked with {"a": 1}')


def test_what_came_from_outside_stays_so() -> None:
    call = noted("reason.conclude", {"conclusion": LESSON}, untrusted="https://example.org")

    assert [each.trust for each in lessons_of(call, None, "")] == ["web"]


def test_the_gate_takes_secrets_out() -> None:
    passed = gate().passed(Lesson(f"{LESSON} with the token {SECRET}", 0.6), 0.0)

    assert passed is not None
    assert SECRET not in passed.content


@pytest.mark.parametrize(
    "lesson",
    [
        Lesson(LESSON, 0.4),
        Lesson("it worked now", 0.9),
        Lesson("1 2 3 4 5 6 7 8 9 {} [] : ok ok fine 1234567890 0987654321 ----", 0.9),
    ],
)
def test_the_gate_holds_back_what_says_little(lesson: Lesson) -> None:
    assert gate().passed(lesson, 0.0) is None


def test_the_gate_says_nothing_twice_and_can_be_shut() -> None:
    open_gate = gate()

    assert open_gate.passed(Lesson(f"{LESSON} at 10:01", 0.6), 0.0) is not None
    assert open_gate.passed(Lesson(f"{LESSON} at 11:59", 0.6), 1.0) is None
    assert gate(enabled=False).passed(Lesson(LESSON, 0.9), 0.0) is None


def test_the_gate_lets_so_many_pass_in_an_hour() -> None:
    few = gate(per_hour=2)
    words = ["oaks", "elms", "figs"]
    passed = [few.passed(Lesson(f"{LESSON} near {word}", 0.6), 0.0) for word in words]

    assert [each is not None for each in passed] == [True, True, False]
    assert few.passed(Lesson(f"{LESSON} near limes", 0.6), HOUR_S) is not None


def test_an_empty_memory_has_no_briefing() -> None:
    assert briefing_text({"memories": [], "last_session": {}, "pairs": []}) == ""
