"""The conversation with a real external server: odd output, silence, death, and nothing left."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mimo.config import limits
from mimo.interfaces.mcp.skill_link import Answered, Event, Over, Ready, SkillLink
from tests.support.processes import alive
from tests.support.waiting import eventually

SERVER = Path(__file__).parent.parent / "support" / "skill_server.py"
WITHIN_S = 30.0


@contextmanager
def running(folder: Path, *args: str) -> Iterator[SkillLink]:
    argv = [sys.executable, *args] if args else [sys.executable, str(SERVER)]
    link = SkillLink(argv, {"PATH": os.environ["PATH"]}, folder)
    try:
        yield link
    finally:
        link.close()


def happened(link: SkillLink, count: int = 1) -> list[Event]:
    """Return the next events, so many at least."""
    found: list[Event] = []

    def enough() -> bool:
        select.select([link.fileno()], [], [], 0.05)
        found.extend(link.events())
        return len(found) >= count

    eventually(enough, within_s=WITHIN_S, what=f"{count} events")
    return found


def call(link: SkillLink, job: int, tool: str, timeout_s: float = 20.0, **arguments: Any) -> None:
    link.call(job, tool, arguments, timeout_s)


def test_a_server_that_prints_and_answers_out_of_order_is_understood(tmp_path: Path) -> None:
    with running(tmp_path) as link:
        (ready,) = happened(link)
        assert isinstance(ready, Ready)
        assert "add" in [each["name"] for each in ready.tools]

        call(link, 1, "wait", seconds=0.3)
        call(link, 2, "add", a=1, b=2)
        answers = [each for each in happened(link, 2) if isinstance(each, Answered)]

    assert [each.job for each in answers] == [2, 1]
    assert answers[0].result is not None
    assert answers[0].result.structured_content == {"result": 3}


def test_a_call_without_an_answer_ends_in_time(tmp_path: Path) -> None:
    with running(tmp_path) as link:
        happened(link)
        call(link, 1, "hang", timeout_s=0.2)
        (answer,) = happened(link)

    assert isinstance(answer, Answered)
    assert answer.timed_out


def test_a_death_is_told_once_and_no_answer_is_made_up(tmp_path: Path) -> None:
    with running(tmp_path) as link:
        happened(link)
        call(link, 1, "crash")
        events = happened(link)

    assert [type(each) for each in events] == [Over]


def test_a_server_that_never_greets_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SKILL_START_S", 0.3)
    with running(tmp_path, str(SERVER), "--silent") as link:
        (over,) = happened(link)

    assert isinstance(over, Over)
    assert "didn't greet" in over.reason


@pytest.mark.parametrize(
    "code",
    [
        "import sys; sys.exit(3)",
        "print('x' * 5_000_000)",
        'print(\'{"jsonrpc": "2.0", "id": 1, "result": 7}\')',
        "print('[' * 100_000)",
    ],
)
def test_nonsense_ends_the_conversation_and_nothing_else(tmp_path: Path, code: str) -> None:
    with running(tmp_path, "-c", code) as link:
        events = happened(link)

    assert isinstance(events[-1], Over)


def test_closing_takes_along_what_the_server_started(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "open('pid', 'w').write(str(child.pid))\n"
        "time.sleep(600)\n"
    )
    with running(tmp_path, "-c", code):
        eventually((tmp_path / "pid").exists, within_s=WITHIN_S)
        eventually((tmp_path / "pid").read_text, within_s=WITHIN_S)
        grandchild = int((tmp_path / "pid").read_text())
        assert alive(grandchild)

    eventually(lambda: not alive(grandchild), within_s=WITHIN_S)
