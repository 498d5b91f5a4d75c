"""Commands that run other commands: what stands inside."""

from __future__ import annotations

import re
from typing import Final

from mimo.actors.terminal import programs
from mimo.actors.terminal.reading import NotUnderstood
from mimo.actors.terminal.words import Word

#: Folders whose programs are known by their names alone.
_STANDARD: Final = ("/bin", "/usr/bin", "/usr/local/bin", "/sbin", "/usr/sbin", "/opt/homebrew/bin")
_VARIABLE: Final = re.compile(r"([A-Za-z_]\w*)=.*", re.ASCII | re.DOTALL)
_SCRIPT_OPTION: Final = re.compile(r"-[elux]*c")


def bare_name(program: str) -> str:
    """Return a program's name; with its folder unless that is one of the system's."""
    folder, _, name = program.rpartition("/")
    return name if not folder or folder in _STANDARD else program


def inside(wrapper: str, words: list[Word]) -> tuple[list[str], list[Word]]:
    """Return the variables that a wrapper sets, and the command that it runs; empty for none.

    Raises:
        NotUnderstood: It has options that aren't known.
    """
    with_value, plain = programs.WRAPPERS[wrapper]
    variables: list[str] = []
    at = 1
    while at < len(words):
        if not words[at].is_known:
            raise NotUnderstood("arguments that aren't known before")
        value = words[at].value
        if wrapper == "env" and (found := _VARIABLE.fullmatch(value)):
            variables.append(found[1])
        elif wrapper == "command" and value in ("-v", "-V"):
            return variables, []
        elif value in with_value:
            at += 1
        elif not value.startswith("-"):
            break
        elif value != "--" and not programs.is_bare(wrapper, value):
            raise NotUnderstood(f"the option {value[:40]}")
        at += 1
        if value == "--" and wrapper != "env":
            break
    return variables, words[at + plain :]


def script_of(shell: str, words: list[Word]) -> str:
    """Return the line that a shell is given with `-c`.

    Raises:
        NotUnderstood: It runs something else, or isn't read as POSIX's shell is.
    """
    if shell not in programs.POSIX_SHELLS:
        raise NotUnderstood("a language of its own")
    if len(words) == 1:
        raise NotUnderstood("what is typed into it")
    if not _SCRIPT_OPTION.fullmatch(words[1].value) or len(words) < 3:
        raise NotUnderstood(f"{words[1].value[:40]}")
    if not words[2].is_known:
        raise NotUnderstood("a script that isn't known before")
    return words[2].value
