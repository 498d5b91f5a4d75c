"""Whether a command may run: judged by all its parts, not by its first word.

A line is read as a shell would read it (`reading.py`), and each command in it is judged: behind
`env`, `timeout` or `xargs`, within `bash -c`, `find -exec` or `$(...)`. What isn't known, or can't
be told, is asked about. This is no sandbox: a program that was let run can do what its user can.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from mimo.actors.terminal import programs, special_programs
from mimo.actors.terminal.reading import NotUnderstood, read_line
from mimo.actors.terminal.verdict import Verdict
from mimo.actors.terminal.words import Line, Redirect, Simple, Word
from mimo.actors.terminal.wrapping import bare_name, inside, script_of

Standing = Literal["new", "present", "folder", "hidden", "outside", "secret"]
#: Most folders in which a command may find itself after several `cd`.
_FOLDERS_MAX: Final = 8
#: Deepest nesting of commands in commands.
_DEPTH_MAX: Final = 8
#: Most paths that are looked up for one line.
_LOOKS_MAX: Final = 500
_NULL: Final = frozenset({"/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What came of a command line.

    Args:
        verdict: The gravest of all parts.
        reasons: Why it isn't simply allowed.
        argv: How it is run: the program itself, or a shell.
        line: What was read; None where it wasn't understood.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    argv: tuple[str, ...]
    line: Line | None


class Places(Protocol):
    """What the policy asks about files."""

    def standing(self, folder: str, path: str) -> Standing:
        """Return where a path leads, from a folder; it may hold `*`, `?` and `[`."""

    def below(self, folder: str, path: str) -> str:
        """Return the folder where `cd` leads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The user's own rules: each some words with which a command begins.

    Args:
        allow: Run without a question.
        confirm: Asked about.
        refuse: Never run.
        shell: Whether pipes, lists and redirections may be used, which take a shell.
    """

    allow: tuple[str, ...] = ()
    confirm: tuple[str, ...] = ()
    refuse: tuple[str, ...] = ()
    shell: bool = True


class _Judge:
    """Judges the parts of one line and collects the reasons."""

    def __init__(self, rules: Rules, places: Places, env: Mapping[str, str], folder: str) -> None:
        self.rules = rules
        self.places = places
        self.env = env
        self.folders = [folder]
        self.verdict = Verdict.ALLOW
        self.reasons: list[str] = []
        self.known: dict[tuple[str, str], Standing] = {}

    def find(self, verdict: Verdict, reason: str) -> None:
        self.verdict = max(self.verdict, verdict)
        if reason not in self.reasons:
            self.reasons.append(reason)

    def standing(self, folder: str, path: str) -> Standing:
        """Return where a path leads; of very many, nobody looks, and it counts as outside."""
        known = self.known.get((folder, path))
        if known is None:
            many = len(self.known) >= _LOOKS_MAX
            known = "outside" if many else self.places.standing(folder, path)
            self.known[folder, path] = known
        return known

    # -- Lines and commands ------------------------------------------------------------------
    def line(self, line: Line, depth: int) -> None:
        if depth > _DEPTH_MAX:
            self.find(Verdict.REFUSE, "commands in commands, too deep to be read")
            return
        for command in line.commands:
            for inner in command.inner():
                self.line(inner, depth + 1)
            self.simple(command, depth)

    def simple(self, command: Simple, depth: int) -> None:
        for name, _ in command.assignments:
            self.variable(name)
        for redirect in command.redirects:
            self.redirect(redirect)
        if command.words:
            self.command(list(command.words), depth)

    def variable(self, name: str) -> None:
        if not programs.HARMLESS_VARIABLES.fullmatch(name):
            self.find(Verdict.CONFIRM, f"sets the variable {name}")

    def redirect(self, redirect: Redirect) -> None:
        if redirect.target is None or redirect.target.value in _NULL:
            return
        if redirect.operator == "<":
            self.path(redirect.target)
            return
        for folder in self.folders:
            standing = self.standing(folder, redirect.target.value)
            if standing not in ("new", "present"):
                self.find(Verdict.REFUSE, f"writes to {redirect.target.value}, {_where(standing)}")
            elif standing == "present" and redirect.operator != ">>":
                self.find(Verdict.CONFIRM, f"overwrites {redirect.target.value}")

    def command(self, words: list[Word], depth: int) -> None:
        """Judge a program with its arguments, whoever runs it."""
        if depth > _DEPTH_MAX:
            self.find(Verdict.REFUSE, "commands in commands, too deep to be read")
            return
        program = words[0]
        if not program.is_known or program.has_glob:
            self.find(Verdict.CONFIRM, "runs a program whose name isn't known before")
            return
        name = bare_name(program.value)
        if self.by_rule(words, name, depth):
            return
        if name in programs.WRAPPERS:
            self.wrapped(name, words, depth)
        elif name in programs.SHELLS:
            self.shell(name, words, depth)
        elif name in special_programs.JUDGES:
            special_programs.JUDGES[name](self, words, depth)
        else:
            self.table(name, words)

    def by_rule(self, words: list[Word], name: str, depth: int) -> bool:
        """Judge by what is refused, and by the user's own rules; tell whether that decides."""
        for deed, names in programs.REFUSED.items():
            if name in names or (deed == "changes disks" and name.startswith("mkfs")):
                self.find(Verdict.REFUSE, f"{name} {deed}")
                return True
        if (rule := _matching(self.rules.refuse, name, words)) is not None:
            self.find(Verdict.REFUSE, f"the setting terminal.refuse has {rule!r}")
            return True
        if (rule := _matching(self.rules.confirm, name, words)) is not None:
            self.find(Verdict.CONFIRM, f"the setting terminal.confirm has {rule!r}")
            return True
        is_open = name in programs.WRAPPERS or name in programs.SHELLS
        if not is_open and _matching(self.rules.allow, name, words) is not None:
            if name == "find":
                special_programs.judge_inner_of_find(self, words, depth)
            self.arguments(words[1:])
            return True
        return False

    def wrapped(self, name: str, words: list[Word], depth: int) -> None:
        try:
            variables, inner = inside(name, words)
        except NotUnderstood as error:
            self.find(Verdict.CONFIRM, f"{name} with {error}")
            return
        for variable in variables:
            self.variable(variable)
        if inner:
            if name == "xargs":
                inner = [*inner, Word(value="", text='""', is_known=False)]
            self.command(inner, depth + 1)

    def shell(self, name: str, words: list[Word], depth: int) -> None:
        try:
            script = script_of(name, words)
            line = read_line(script, self.env)
        except NotUnderstood as error:
            self.find(Verdict.CONFIRM, f"{name} with {error}")
            return
        if not self.rules.shell:
            self.find(Verdict.REFUSE, f"{name}, while the setting terminal.shell is false")
        self.line(line, depth + 1)

    # -- Programs ----------------------------------------------------------------------------
    def table(self, name: str, words: list[Word]) -> None:
        arguments = words[1:]
        if (
            len(arguments) == 1
            and arguments[0].value in ("--version", "--help")
            and "/" not in name
        ):
            return
        if name in programs.READERS:
            self.reader(name, programs.READERS[name], arguments)
        elif name in programs.MAKERS:
            self.maker(name, arguments)
        else:
            self.find(Verdict.CONFIRM, _deed(name))
            self.arguments(arguments)

    def reader(self, name: str, reader: programs.Reader, arguments: Sequence[Word]) -> None:
        for option in risky_options(arguments, reader.letters, reader.options):
            self.find(Verdict.CONFIRM, f"{name} with {option}, which writes or runs something")
        if reader.reads:
            self.arguments(arguments, reader.plain)
        if name == "cd":
            self.change_folder(arguments)

    def maker(self, name: str, arguments: Sequence[Word]) -> None:
        self.arguments(arguments)
        for option in risky_options(arguments, "r", ("--reference",)):
            self.find(Verdict.CONFIRM, f"{name} with {option}")

    def arguments(self, arguments: Sequence[Word], plain: int = 0) -> None:
        """Judge arguments as files: those that aren't options, and what options hold.

        Args:
            arguments: Of a program.
            plain: How many that come first are no files, if no option may have taken their place.
        """
        options = [word.value for word in arguments if word.value.startswith("-")]
        if not all(_KEEPS_PATTERN.fullmatch(option) for option in options):
            plain = 0
        for word in arguments:
            value = word.value
            if value.startswith("-") and value != "-":
                for part in (value.partition("=")[2], value[2:]):
                    self.path(Word(value=part, text=""))
            elif plain:
                plain -= 1
            else:
                self.path(word)

    def path(self, word: Word) -> None:
        if not word.is_known:
            self.find(Verdict.CONFIRM, "uses files whose names aren't known before")
            return
        if not word.value or word.value in _NULL or "://" in word.value:
            return
        for folder in self.folders:
            standing = self.standing(folder, word.value)
            if standing in ("outside", "hidden"):
                self.find(Verdict.CONFIRM, f"uses {word.value}, {_where(standing)}")
            elif standing == "secret":
                self.find(Verdict.REFUSE, f"uses {word.value}, {_where(standing)}")

    def change_folder(self, arguments: Sequence[Word]) -> None:
        """Follow `cd`; it may fail, so that the folder before counts too."""
        if len(arguments) != 1 or not arguments[0].is_known or arguments[0].value.startswith("-"):
            self.find(Verdict.CONFIRM, "goes to a folder that isn't known before")
            return
        there = [self.places.below(folder, arguments[0].value) for folder in self.folders]
        self.folders = list(dict.fromkeys([*self.folders, *there]))
        if len(self.folders) > _FOLDERS_MAX:
            self.find(Verdict.REFUSE, "more changes of folder than can be followed")
            del self.folders[_FOLDERS_MAX:]


def judge(  # noqa: PLR0913  what a command line is judged by
    text: str,
    *,
    rules: Rules,
    places: Places,
    env: Mapping[str, str],
    folder: str,
    variables: Sequence[str] = (),
    shell: str = "/bin/sh",
) -> Judgement:
    """Return whether a command line may run, why not, and how it is run.

    Args:
        text: The line.
        rules: The user's own rules.
        places: Tells where paths lead.
        env: The environment that the command will have.
        folder: Where it starts.
        variables: Names of variables that the caller sets.
        shell: What runs a line that takes a shell.
    """
    try:
        line = read_line(text, env)
    except NotUnderstood as error:
        reasons = [f"Mimo can't tell what it does: it has {error}"]
        reasons += [f"it seems to run {name}" for name in _refused_in(text, rules)]
        verdict = Verdict.CONFIRM if rules.shell and len(reasons) == 1 else Verdict.REFUSE
        script = (shell, "-c", text)
        return Judgement(verdict=verdict, reasons=tuple(reasons), argv=script, line=None)
    found = _Judge(rules, places, env, folder)
    if line.needs_shell and not rules.shell:
        found.find(Verdict.REFUSE, "it takes a shell, and the setting terminal.shell is false")
    for name in variables:
        found.variable(name)
    found.line(line, 0)
    argv = tuple(word.value for word in line.commands[0].words)
    if line.needs_shell or argv[0] in _BUILT_IN:
        argv = (shell, "-c", line.text)
    return Judgement(verdict=found.verdict, reasons=tuple(found.reasons), argv=argv, line=line)


#: Options of grep and its like that take no pattern's place.
_KEEPS_PATTERN: Final = re.compile(
    r"-[a-dg-zA-Z0-9]+|--(?:ignore-case|line-number|recursive|count|hidden|word-regexp|invert-match|"
    r"files-with-matches|fixed-strings|extended-regexp|no-heading|only-matching|"
    r"(?:include|exclude|exclude-dir|color|colour)=.*)"
)
#: What stands between words of a line that isn't understood.
_BETWEEN: Final = re.compile(r"[\s;&|(){}<>`'\"$\\]+")
#: Commands that only a shell has.
_BUILT_IN: Final = frozenset(
    {
        *(
            "cd",
            ":",
            "type",
            "command",
            "builtin",
            "wait",
            "eval",
            "exec",
            "export",
            "set",
            "unset",
        ),
        *("alias", "trap", ".", "source", "hash", "umask", "ulimit", "read", "times", "shift"),
    }
)


def _refused_in(text: str, rules: Rules) -> list[str]:
    """Return what seems to be run by a line that isn't understood, and never is run."""
    names = {name for names in programs.REFUSED.values() for name in names}
    names |= {rule.split()[0] for rule in rules.refuse if rule.split()}
    words = [word.rpartition("/")[2] for word in _BETWEEN.split(text)]
    return list(dict.fromkeys(word for word in words if word in names or word.startswith("mkfs")))


def risky_options(arguments: Sequence[Word], letters: str, options: tuple[str, ...]) -> list[str]:
    """Return the arguments that are one of these options, clustered or abbreviated too."""
    found = []
    for word in arguments:
        value = word.value
        if value == "--":
            break
        name = value.partition("=")[0]
        if value.startswith("--"):
            if any(option.startswith(name) for option in options):
                found.append(name)
        elif value.startswith("-") and set(value[1:]) & set(letters):
            found.append(value)
        elif not word.is_known and (letters or options) and not value:
            found.append("an argument that isn't known before")
    return found


def _matching(rules: tuple[str, ...], name: str, words: Sequence[Word]) -> str | None:
    """Return the first rule whose words the command begins with."""
    given = [name, *(word.value if word.is_known else "\0" for word in words[1:])]
    for rule in rules:
        wanted = rule.split()
        if wanted and given[: len(wanted)] == wanted:
            return rule
    return None


def _deed(name: str) -> str:
    for deed, names in programs.RISKS.items():
        if name in names:
            return f"{name} {deed}"
    if name in programs.FULL_SCREEN:
        return f"{name} waits for a person at a terminal"
    return f"{name[:80]} isn't known to be harmless"


def _where(standing: Standing) -> str:
    texts = {
        "outside": "outside the workspace",
        "hidden": "which is hidden",
        "secret": "which holds secrets or is Mimo's own",
        "folder": "which is a folder",
    }
    return texts[standing]
