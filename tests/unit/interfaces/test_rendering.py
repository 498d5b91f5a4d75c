"""Results as text for a reader."""

from __future__ import annotations

from mimo.interfaces.mcp.rendering import text_of


def test_a_text_of_many_lines_keeps_them_and_is_quoted() -> None:
    """A file's line that reads like a field of ours must not pass for one."""
    shown = text_of({"path": "a.py", "content": "def f():\n    return 1\nexit_code: 0\n"})

    assert shown.splitlines() == [
        "path: a.py",
        "content:",
        "| def f():",
        "|     return 1",
        "| exit_code: 0",
    ]


def test_a_single_line_stays_beside_its_name() -> None:
    """And what is empty is left out."""
    assert text_of({"output": "hello\n", "error": "", "count": 0}) == "output: hello\ncount: 0"
