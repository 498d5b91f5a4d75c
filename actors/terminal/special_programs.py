"""Programs whose arguments are a language: find, git, sed, awk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from mimo.actors.terminal import programs
from mimo.actors.terminal.verdict import Verdict
from mimo.actors.terminal.words import Word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: `policy._Judge`; it imports this module.
Judge = Any

_FIND_RUNS: Final = frozenset({"-exec", "-execdir", "-ok", "-okdir"})
_FIND_WRITES: Final = frozenset(
    {"-fprint", "-fprint0", "-fprintf", "-fls", "-delete", "-files0-from"}
)


def judge_find(judge: Judge, words: list[Word], depth: int) -> None:
    """Judge find(1): where it looks, what it writes, and what it runs for each file."""
    for word in words[1:]:
        if word.value in _FIND_WRITES:
            judge.find(Verdict.CONFIRM, f"find with {word.value}, which changes files")
        if not word.is_known:
            judge.find(Verdict.CONFIRM, "find with arguments that aren't known before")
    starts = []
    for word in words[1:]:
        if word.value.startswith(("-", "(", "!")) and word.value not in ("-H", "-L", "-P"):
            break
        starts.append(word)
    judge.arguments(starts)
    judge_inner_of_find(judge, words, depth)


def judge_inner_of_find(judge: Judge, words: list[Word], depth: int) -> None:
    """Judge the commands that find(1) runs."""
    at = 1
    while at < len(words):
        if words[at].value in _FIND_RUNS:
            end = at + 1
            while end < len(words) and words[end].value not in (";", "+"):
                end += 1
            inner = words[at + 1 : end]
            # What is found has a folder in front, so that it is no option; its name may be any.
            unknown = [
                Word(value=".", text=".", is_known=False) if "{}" in word.value else word
                for word in inner
            ]
            if unknown:
                judge.command(unknown, depth + 1)
            at = end
        at += 1


def judge_git(judge: Judge, words: list[Word], _depth: int) -> None:
    """Judge git(1): which subcommands only look."""
    at = 1
    while at < len(words) and words[at].value.startswith("-"):
        if words[at].value == "-C" and at + 1 < len(words):
            judge.path(words[at + 1])
            at += 1
        elif words[at].value not in ("--no-pager", "-P", "--version"):
            judge.find(Verdict.CONFIRM, f"git with {words[at].value[:40]}")
            return
        at += 1
    if at >= len(words):
        return
    name, arguments = words[at].value, words[at + 1 :]
    values = [word.value if word.is_known else "\0" for word in arguments]
    if name in programs.GIT_LISTS:
        needs_one = name in ("config", "stash", "worktree")
        if not set(values) <= programs.GIT_LISTS[name] or (needs_one and not values):
            judge.find(Verdict.CONFIRM, f"git {name} changes the repository")
        return
    if name not in programs.GIT_READS or not words[at].is_known:
        judge.find(Verdict.CONFIRM, f"git {name[:40]} changes the repository, or talks to another")
        return
    letters = programs.GIT_RISK_LETTERS.get(name, "")
    for option in _risky(values, letters):
        judge.find(Verdict.CONFIRM, f"git {name} with {option}")
    judge.arguments(arguments, 1 if name == "grep" else 0)


def _risky(values: Sequence[str], letters: str) -> list[str]:
    found = []
    for value in values:
        head = value.partition("=")[0]
        if value.startswith("--") and len(head) > 2:
            if any(option.startswith(head) for option in programs.GIT_RISKS):
                found.append(head)
        elif value == "\0":
            found.append("arguments that aren't known before")
        elif value.startswith("-") and set(value[1:]) & set(letters):
            found.append(value)
    return found


def judge_sed(judge: Judge, words: list[Word], _depth: int) -> None:
    """Judge sed(1): scripts that only print, on files that are only read."""
    scripts: list[str] = []
    files: list[Word] = []
    takes_script = False
    for word in words[1:]:
        if not word.is_known:
            judge.find(Verdict.CONFIRM, "sed with arguments that aren't known before")
        if takes_script:
            scripts.append(word.value)
            takes_script = False
        elif word.value in ("-e", "--expression"):
            takes_script = True
        elif word.value in ("-n", "-E", "-r", "-s", "-z", "-u", "-nE", "-En", "-nr"):
            continue
        elif word.value.startswith("-") and word.value != "-":
            judge.find(Verdict.CONFIRM, f"sed with {word.value[:40]}, which may change files")
        elif not scripts:
            scripts.append(word.value)
        else:
            files.append(word)
    if not all(programs.SED_PRINTS.fullmatch(script) for script in scripts):
        judge.find(Verdict.CONFIRM, "sed with a script that may write files or run programs")
    judge.arguments(files)


def judge_awk(judge: Judge, words: list[Word], _depth: int) -> None:
    """Judge awk(1): programs that only print, on files that are only read."""
    at = 1
    while at < len(words) and words[at].value.startswith("-"):
        if words[at].value in ("-F", "-v") and at + 1 < len(words):
            at += 1
        elif not words[at].value.startswith(("-F", "-v")):
            judge.find(Verdict.CONFIRM, f"awk with {words[at].value[:40]}")
        at += 1
    if at < len(words):
        script = words[at]
        if not script.is_known or programs.AWK_RISKS.search(script.value):
            judge.find(Verdict.CONFIRM, "awk with a program that may write files or run programs")
        judge.arguments(words[at + 1 :])


def judge_uniq(judge: Judge, words: list[Word], _depth: int) -> None:
    """Judge uniq(1), whose second file is written."""
    files = [
        word for word in words[1:] if not word.value.startswith("-") and not word.value.isdigit()
    ]
    if len(files) > 1:
        judge.find(Verdict.CONFIRM, "uniq with two files writes the second")
    judge.arguments(words[1:])


JUDGES: Final[Mapping[str, Callable[[Judge, list[Word], int], None]]] = {
    "find": judge_find,
    "git": judge_git,
    "sed": judge_sed,
    "awk": judge_awk,
    "gawk": judge_awk,
    "mawk": judge_awk,
    "uniq": judge_uniq,
}
