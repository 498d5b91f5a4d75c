"""Reading command lines: what is understood, and that its text means the same to a real shell."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mimo.actors.terminal.reading import NotUnderstood, read_line
from mimo.actors.terminal.words import Line

ENV = {"HOME": "/home/anna", "NAME": "a b", "WORD": "plain"}


def words(line: Line) -> list[list[str]]:
    """Return the words of each command."""
    return [[word.value for word in command.words] for command in line.commands]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ls -la", [["ls", "-la"]]),
        ("a b; c && d || e | f &", [["a", "b"], ["c"], ["d"], ["e"], ["f"]]),
        ("'a b' \"c d\" e\\ f", [["a b", "c d", "e f"]]),
        ("r''m \\x", [["rm", "x"]]),
        ("(cd sub; ls) | wc", [["cd", "sub"], ["ls"], ["wc"]]),
        ("echo \"$NAME\" $WORD ~/x '$NAME'", [["echo", "a b", "plain", "/home/anna/x", "$NAME"]]),
        ("A=1 B='x y' cmd", [["cmd"]]),
        ("cat <in >out 2>&1", [["cat"]]),
        ("one\ntwo", [["one"], ["two"]]),
        ("echo {} a=b", [["echo", "{}", "a=b"]]),
    ],
)
def test_lines_are_taken_apart_as_a_shell_does(text: str, expected: list[list[str]]) -> None:
    """Quotes, operators, variables that are known."""
    assert words(read_line(text, ENV)) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("for f in *; do rm $f; done", "if true; then rm x; fi", "while :; do :; done"),
        *("f() { rm x; }; f", "{ rm x; }", "case a in a) rm x;; esac", "[[ a ]]", "! true"),
        *("cat <<EOF\nrm\nEOF", "cat <<<x", "cat <(rm x)", "a |& b", "a &> b", "a >&f"),
        *("echo $UNKNOWN", "echo $1", "echo $?", "echo $((1+1))", "echo ${NAME:-x}", "$NAME"),
        *("echo $NAME", "echo $'\\x72m'", "echo {a,b}", "echo {1..9}", "echo ~root", "a # b"),
        *("echo 'open", 'echo "open', "echo `a", "echo $(a", "(a", "a )", "a && ", "| a", "a ;; b"),
        *("a\0b", "a\x1b[2Jb", "a\rb", "", "   ", "a\\", "> *", "> $(x)", "'if' x", "echo \\`a`"),
    ],
)
def test_what_is_not_read_is_said(text: str) -> None:
    """Nothing is half understood (mcp.md 7)."""
    with pytest.raises(NotUnderstood):
        read_line(text, ENV)


def test_substitutions_are_read_too() -> None:
    """In quotes, in backquotes, in each other."""
    line = read_line('echo "$(a $(b))" `c`', {})

    outer, quoted = (inner for command in line.commands for inner in command.inner())
    assert words(outer) == [["a", ""]]
    assert [words(inner) for command in outer.commands for inner in command.inner()] == [[["b"]]]
    assert words(quoted) == [["c"]]
    assert line.needs_shell


def test_a_quoted_assignment_stays_a_word() -> None:
    """Written anew it must not become an assignment: it would be run without being judged."""
    line = read_line("'PATH=/tmp' ls", {})

    assert line.text == "'PATH=/tmp' ls"
    assert words(line) == [["PATH=/tmp", "ls"]]


def test_nesting_has_an_end() -> None:
    """Deep nesting is refused, not run into the ground."""
    with pytest.raises(NotUnderstood, match="nesting"):
        read_line("echo " + "$(" * 500 + "a" + ")" * 500, {})
    with pytest.raises(NotUnderstood):
        read_line("(" * 5_000, {})


_TEXTS = st.text(
    st.sampled_from(list("ab=\\'\"$ ~*?[]{}#!&|;<>()-/.\n\té%")), min_size=1, max_size=12
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_TEXTS, min_size=1, max_size=4))
def test_quoted_words_reach_a_program_unchanged(arguments: list[str]) -> None:
    """For any words: quoted, read, written anew, run by a real shell, they're the same."""
    quoted = " ".join("'" + each.replace("'", "'\\''") + "'" for each in arguments)

    line = read_line(f"printf '%s\\n.' {quoted}", {})

    assert words(line)[0][2:] == arguments
    told = subprocess.run(["/bin/sh", "-c", line.text], capture_output=True, check=True).stdout
    assert told.decode() == "".join(f"{each}\n." for each in arguments)


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from(list("abc=\\'\"$ ~*?[{}#&|;<>()-/.\n1")), max_size=24))
def test_what_is_written_anew_is_read_the_same(text: str) -> None:
    """The text of a line reads as the same line; so nothing changes its meaning on the way."""
    try:
        line = read_line(text, {"a": "x"})
    except NotUnderstood:
        return

    again = read_line(line.text, {"a": "x"})

    assert words(again) == words(line)
    assert [len(command.redirects) for command in again.commands] == [
        len(command.redirects) for command in line.commands
    ]
    assert again.text == line.text
