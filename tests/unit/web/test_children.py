"""A child process for one job: it answers, refuses, dies or hangs, and nothing of it is left."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest

from mimo.actors.web import children
from mimo.config import limits
from mimo.config.errors import Crashed, InvalidRequest, NotAvailable
from tests.support.processes import alive
from tests.support.waiting import eventually


@contextlib.contextmanager
def child_of(work: Callable[[], Any]) -> Iterator[children.Child]:
    """Give a child; it is gone afterwards."""
    child = children.start(work)
    try:
        yield child
    finally:
        child.end()
        assert not alive(child.pid)


def answer_of(work: Callable[[], Any]) -> Any:
    """Return what a child answers."""
    with child_of(work) as child:
        while not child.receive():
            assert select.select([child.link], [], [], 30)[0]
        return child.answer()


def test_a_child_answers_in_plain_values() -> None:
    """Also with what no encoding has. Source: ours."""
    assert answer_of(lambda: {"data": {"text": "ä\ud800"}}) == {"data": {"text": "ä?"}}


def test_a_refusal_comes_as_the_same_error() -> None:
    """With its code and its words. Source: ours."""

    def refuse() -> Any:
        raise NotAvailable("expected a host, got none")

    with pytest.raises(NotAvailable, match="expected a host, got none"):
        answer_of(refuse)


@pytest.mark.parametrize(
    "work",
    [
        lambda: os.kill(os.getpid(), signal.SIGSEGV),
        lambda: os._exit(0),
        lambda: 1 / 0,
    ],
)
def test_a_child_that_dies_over_its_job_is_a_crash_of_that_job(work: Callable[[], Any]) -> None:
    """Its parent lives. Source: issue 4, isolation."""
    with pytest.raises(Crashed, match="too much memory or time"):
        answer_of(work)


def test_a_child_that_eats_memory_is_refused_it() -> None:
    """By the kernel. Source: issue 4, isolation."""

    def eat() -> Any:
        children.limit_memory(64 * 2**20)
        return {"data": len(bytearray(2**30))}

    with pytest.raises(InvalidRequest, match="MiB of memory"):
        answer_of(eat)


def test_an_answer_that_is_too_long_is_refused() -> None:
    """It would not fit into one message. Source: ours."""
    with pytest.raises(InvalidRequest, match=str(limits.WEB_ANSWER_BYTES_MAX)):
        answer_of(lambda: {"data": "x" * (limits.WEB_ANSWER_BYTES_MAX + 1)})


def test_a_child_in_an_endless_loop_is_killed_with_what_it_started() -> None:
    """Its whole group goes. Source: issue 4, security."""

    def hang() -> Any:
        if os.fork() == 0:
            while True:
                signal.pause()
        while True:
            pass

    with child_of(hang) as child:
        eventually(lambda: group(child.pid) == 2, what="the child and its own child")
    eventually(lambda: group(child.pid) == 0, what="the end of the group")


def group(pid: int) -> int:
    """Return how many processes of a group live."""
    found = 0
    for each in psutil.pids():
        with contextlib.suppress(ProcessLookupError):
            found += os.getpgid(each) == pid and alive(each)
    return found
