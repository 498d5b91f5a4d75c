"""Unified diffs: a diff applied to the one text gives the other."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mimo.actors.files import comparing
from mimo.actors.files.texts import lines_of
from mimo.config import limits
from mimo.config.errors import InvalidRequest

TEXTS = st.tuples(
    st.lists(st.sampled_from(["a", "b", "c", "", " x"]), max_size=14).map("\n".join),
    st.sampled_from(["", "\n"]),
).map("".join)
HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


def applied(text: str, diff: str) -> str:
    """Return the text that a unified diff makes of another, checking all that it says."""
    old, new = lines_of(text), []
    at = 0
    lines = diff.splitlines(keepends=True)[2:]
    left = (0, 0)
    for number, line in enumerate(lines):
        if line.startswith("\\"):
            continue
        has_end = not (number + 1 < len(lines) and lines[number + 1].startswith("\\"))
        body = line[1:] if has_end else line[1:].removesuffix("\n")
        if head := HUNK.match(line):
            assert left == (0, 0)
            first, size = int(head[1]), int(head[2] or 1)
            start = first - 1 if size else first
            new += old[at:start]
            at = start
            left = size, int(head[4] or 1)
            continue
        if line[0] in " -":
            assert old[at] == body
            at += 1
        if line[0] in " +":
            new.append(body)
        left = left[0] - (line[0] in " -"), left[1] - (line[0] in " +")
    assert left == (0, 0)
    return "".join(new + old[at:])


@settings(max_examples=300)
@given(before=TEXTS, after=TEXTS, context=st.integers(0, 4))
def test_a_diff_makes_the_one_text_of_the_other(before: str, after: str, context: int) -> None:
    """Whatever they are. Source: GNU diffutils, unified format."""
    told = comparing.difference(before, after, ("a", "b"), context)

    assert told["identical"] == (before == after)
    assert applied(before, told["diff"]) == after
    marks = [line[:1] for line in told["diff"].splitlines()[2:]]
    assert told["summary"]["additions"] == marks.count("+")
    assert told["summary"]["deletions"] == marks.count("-")


def test_one_inserted_line_is_one_addition() -> None:
    """The original compared line by line at equal index. Source: original/tools.md 1.3."""
    before = "".join(f"line {number}\n" for number in range(1_000))
    told = comparing.difference(before, f"new\n{before}", ("a", "b"))

    assert told["summary"] == {
        "lines_before": 1_000,
        "lines_after": 1_001,
        "additions": 1,
        "deletions": 0,
    }


@pytest.mark.skipif(shutil.which("patch") is None, reason="no patch on this machine")
def test_the_tool_patch_understands_it(tmp_path: Path) -> None:
    """Another program's reading of the format."""
    before = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj"
    after = "a\nB\nc\nd\ne\nf\ng\nh\nI\nj\nk\n"
    (tmp_path / "a").write_text(before)
    told = comparing.difference(before, after, ("a", "a"))
    (tmp_path / "diff").write_text(told["diff"])

    subprocess.run(["patch", "-s", "a", "diff"], cwd=tmp_path, check=True)

    assert (tmp_path / "a").read_text() == after


def test_texts_that_differ_in_too_much_are_refused_by_their_limit() -> None:
    """Nobody waits for minutes."""
    long = "".join(f"{number}\n" for number in range(limits.DIFF_LINES_MAX))

    with pytest.raises(InvalidRequest, match=str(limits.DIFF_LINES_MAX)):
        comparing.difference(long, long.replace("\n", "!\n"), ("a", "b"))
    assert comparing.difference(long, f"{long}x\n", ("a", "b"))["summary"]["additions"] == 1
