"""What answers of the terminal show."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from mimo.actors.terminal import orders
from mimo.actors.terminal.paging import page, page_of_end
from mimo.actors.terminal.presentation import category_of, line_of, readable
from mimo.config import limits


def told(data: bytes, *, begin: int = 0, total: int = -1, **fields: Any) -> dict[str, Any]:
    """Return what a keeper tells of a command that exited."""
    part = {
        "begin": begin,
        "first": begin,
        "total": len(data) if total < 0 else total,
        "data": base64.b64encode(data).decode(),
    }
    known = {"pid": 7, "over": True, "reason": orders.EXITED, "trouble": "", "code": 0}
    return {**known, "runtime_s": 0.5, "parts": [part], **fields}


def test_output_is_text_without_what_a_terminal_obeys() -> None:
    """Colours, titles and bells are for nobody who reads."""
    raw = b"\x1b[31mred\x1b[0m \x1b]0;title\x07x\r\ny\x07\xff\tz"

    assert readable(raw) == "red x\ny\ufffd\tz"


def test_secrets_are_taken_out() -> None:
    """Of output and of command lines."""
    token = "ghp_" + "aB3dE6gH9" * 4

    assert token not in readable(f"token: {token}".encode())
    assert token not in line_of(f"curl -H 'Authorization: {token}' x")


def test_a_question_hides_nothing_and_is_one_line() -> None:
    """What is long shows its beginning and its end; a newline can't make a line of its own."""
    shown = line_of("echo " + "a" * 5_000 + "\nrm -rf x \x1b[8m \u202e")

    assert "\n" not in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert shown.startswith("echo aaa")
    assert "rm -rf x" in shown
    assert "characters" in shown


@pytest.mark.parametrize(
    ("reason", "code", "output", "expected"),
    [
        (orders.EXITED, 0, "Permission denied", ""),
        (orders.EXITED, 1, "cat: x: Permission denied", "permission"),
        (orders.EXITED, 1, "ls: cannot access 'x': No such file or directory", "not_found"),
        (orders.EXITED, 127, "", "not_found"),
        (orders.EXITED, 126, "", "permission"),
        (orders.EXITED, 7, "curl: (7) Connection refused", "network"),
        (orders.EXITED, 1, "SyntaxError: invalid syntax", "syntax"),
        (orders.EXITED, 1, "No space left on device", "resource"),
        (orders.EXITED, 1, "request timed out", "timeout"),
        (orders.EXITED, 3, "something", "unknown"),
        (orders.TIMEOUT, None, "", "timeout"),
        (orders.MEMORY, None, "", "resource"),
        (orders.SIGNALLED, None, "", "unknown"),
    ],
)
def test_a_failure_has_a_category(
    reason: str, code: int | None, output: str, expected: str
) -> None:
    """The exit code decides whether it was one (original 1.4)."""
    assert category_of(reason, code, output) == expected


def test_short_output_is_shown_whole() -> None:
    """With its exit code, and nothing about pages."""
    data, is_whole = page_of_end(told(b"hi\n"))

    assert is_whole
    assert data == {
        "status": "exited",
        "pid": 7,
        "runtime_s": 0.5,
        "exit_code": 0,
        "output": "hi\n",
    }


def test_long_output_is_shown_from_both_ends() -> None:
    """And says what is missing."""
    raw = b"begin" + b"x" * 2 * limits.TERMINAL_PAGE_BYTES + b"end"

    data, is_whole = page_of_end(told(raw))

    assert not is_whole
    assert data["output"].startswith("begin")
    assert data["output"].endswith("end")
    assert f"{len(raw) - limits.TERMINAL_PAGE_BYTES} bytes left out" in data["output"]
    assert data["total_bytes"] == len(raw)


def test_pages_follow_each_other() -> None:
    """The next one begins where this one ended."""
    found = page(told(b"abc", begin=10, total=20, over=False, reason=""))

    assert found["status"] == "running"
    assert (found["offset"], found["next_offset"], found["has_more"]) == (10, 13, True)
