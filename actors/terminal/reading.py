"""Reading command lines: quotes, pipes, lists, redirections, substitutions, of a POSIX shell.

What isn't read (loops, conditions, functions, here-documents, arithmetic, variables that nobody
knows) is told by `NotUnderstood`. Source: POSIX.1-2017, Shell Command Language, 2.2 to 2.10.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Final

from mimo.actors.terminal.words import Assignment, Line, Redirect, Simple, Word

#: Deepest nesting that is read.
DEPTH_MAX: Final = 8
_RESERVED: Final = frozenset(
    {
        *("if", "then", "else", "elif", "fi", "do", "done", "case", "esac", "while", "until"),
        *("for", "{", "}", "[[", "]]", "function", "select", "coproc", "time", "!"),
    }
)
_ENDS_WORD: Final = frozenset(" \t\n;&|<>()")
_VARIABLE: Final = re.compile(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})", re.ASCII)
_ASSIGNMENT: Final = re.compile(r"([A-Za-z_]\w*)=", re.ASCII)
_REDIRECT: Final = re.compile(r"(\d?)(<>|>>|>\||>&|<&|<(?!<)|>)")
_BRACES: Final = re.compile(r"\{[^{}]*(?:,|\.\.)[^{}]*\}")
_SPLIT: Final = re.compile(r"[\s*?\[\]\\]")


class NotUnderstood(Exception):  # noqa: N818  a fact
    """The line has a part that isn't read; the message names it."""


def read_line(text: str, env: Mapping[str, str]) -> Line:
    """Return the parts of a command line.

    Args:
        text: The line.
        env: The variables that the command will have: these are known, no others.

    Raises:
        NotUnderstood: It has a part that isn't read.
    """
    for character in text:
        if ord(character) < 32 and character not in "\n\t":
            raise NotUnderstood("a control character")
    reader = _Reader(text, env, 0)
    line = reader.line(closed_by="")
    if not line.commands:
        raise NotUnderstood("a line without a command")
    return line


class _Reader:
    """Reads one text from left to right."""

    def __init__(self, text: str, env: Mapping[str, str], depth: int) -> None:
        if depth > DEPTH_MAX:
            raise NotUnderstood("more nesting than anybody needs")
        self._text = text
        self._env = env
        self._depth = depth
        self._at = 0

    # -- Lists and pipelines -----------------------------------------------------------------
    def line(self, closed_by: str) -> Line:
        """Read commands up to the end, or up to `closed_by`, which is taken too."""
        commands: list[Simple] = []
        texts: list[str] = []
        operators = 0
        while True:
            self._blanks(" \t\n")
            if self._at >= len(self._text):
                if closed_by:
                    raise NotUnderstood("parentheses that aren't closed")
                break
            if closed_by and self._text.startswith(closed_by, self._at):
                self._at += 1
                break
            if self._peek() == "(":
                self._at += 1
                inner = _Reader(self._text, self._env, self._depth + 1)
                inner._at = self._at
                group = inner.line(")")
                self._at = inner._at
                commands += group.commands
                texts.append(f"({group.text})")
                operators += 1
            else:
                simple, text = self._simple()
                commands.append(simple)
                texts.append(text)
                operators += bool(simple.redirects or simple.assignments or _is_alive(simple))
            operator = self._operator(closed_by)
            if operator:
                texts.append(operator)
                operators += 1
        _refuse_loose_ends(texts)
        return Line(commands=tuple(commands), text=" ".join(texts), needs_shell=operators > 0)

    def _operator(self, closed_by: str) -> str:
        self._blanks()
        for operator in ("&&", "||", "|&", "&>", ";;", "|", ";", "&", "\n"):
            if self._text.startswith(operator, self._at):
                if operator in ("|&", "&>", ";;"):
                    raise NotUnderstood(f"`{operator}`")
                self._at += len(operator)
                return ";" if operator == "\n" else operator
        if self._at < len(self._text) and not (closed_by and self._peek() == closed_by):
            raise NotUnderstood(f"`{self._peek()}` where an operator was expected")
        return ""

    def _blanks(self, which: str = " \t") -> None:
        while self._at < len(self._text):
            if self._peek() in which:
                self._at += 1
            elif self._text.startswith("\\\n", self._at):
                self._at += 2
            else:
                return

    def _peek(self) -> str:
        return self._text[self._at] if self._at < len(self._text) else ""

    def _next(self) -> str:
        return self._text[self._at + 1 : self._at + 2]

    # -- Simple commands ---------------------------------------------------------------------
    def _simple(self) -> tuple[Simple, str]:
        assignments: list[Assignment] = []
        words: list[Word] = []
        redirects: list[Redirect] = []
        texts: list[str] = []
        while True:
            self._blanks()
            found = _REDIRECT.match(self._text, self._at)
            if found:
                redirect, text = self._redirect(found)
                redirects.append(redirect)
                texts.append(text)
                continue
            if self._peek() in _ENDS_WORD or self._at >= len(self._text):
                break
            begin = self._at
            name = _ASSIGNMENT.match(self._text, begin) if not words else None
            if name:
                self._at = name.end()
                word = self._word(is_value=True)
                assignments.append((name[1], word))
                texts.append(f"{name[1]}={word.text}")
                continue
            word = self._word()
            if not words and word.value in _RESERVED:
                raise NotUnderstood(f"`{word.value}`")
            words.append(word)
            texts.append(word.text)
        if not texts:
            raise NotUnderstood(f"`{self._text[self._at : self._at + 2]}` without a command before")
        simple = Simple(
            assignments=tuple(assignments), words=tuple(words), redirects=tuple(redirects)
        )
        return simple, " ".join(texts)

    def _redirect(self, found: re.Match[str]) -> tuple[Redirect, str]:
        if self._text.startswith("<<", found.start(2)) or self._text.startswith("(", found.end()):
            raise NotUnderstood("a here-document or a process in place of a file")
        self._at = found.end()
        self._blanks()
        operator = found[2]
        word = self._word()
        if operator in (">&", "<&"):
            if not re.fullmatch(r"\d|-", word.value):
                raise NotUnderstood(f"`{operator}{word.value}`")
            return Redirect(operator=operator, target=None), f"{found[0]}{word.value}"
        if not word.is_known or word.has_glob:
            raise NotUnderstood("a redirection to a file whose name isn't known")
        return Redirect(operator=operator, target=word), f"{found[0]}{word.text}"

    # -- Words -------------------------------------------------------------------------------
    def _word(self, *, is_value: bool = False) -> Word:
        """Read one word; the value of an assignment may be empty."""
        parts = _Parts()
        begin = self._at
        if self._peek() == "#":
            raise NotUnderstood("a comment")
        if self._peek() == "~":
            self._home(parts)
        while self._at < len(self._text) and self._peek() not in _ENDS_WORD:
            self._unquoted(parts)
        raw = self._text[begin : self._at]
        if not raw and not is_value:
            raise NotUnderstood("a redirection to nothing")
        if _BRACES.search(raw):
            raise NotUnderstood("braces that a shell may expand")
        return parts.word()

    def _home(self, parts: _Parts) -> None:
        rest = self._next()
        if rest and rest != "/" and rest not in _ENDS_WORD:
            raise NotUnderstood("the home folder of another user")
        if not self._env.get("HOME"):
            raise NotUnderstood("`~` without a home folder")
        self._at += 1
        parts.literal(self._env["HOME"])

    def _unquoted(self, parts: _Parts) -> None:
        character = self._peek()
        if character == "'":
            end = self._text.find("'", self._at + 1)
            if end < 0:
                raise NotUnderstood("a quote that isn't closed")
            parts.literal(self._text[self._at + 1 : end])
            self._at = end + 1
        elif character == '"':
            self._at += 1
            self._quoted(parts)
        elif character == "\\":
            if self._at + 1 >= len(self._text):
                raise NotUnderstood("a backslash at the end")
            if self._text[self._at + 1] != "\n":
                parts.literal(self._text[self._at + 1])
            self._at += 2
        elif character in "$`":
            self._dollar(parts, is_quoted=False)
        elif character in "*?[":
            parts.glob(character)
            self._at += 1
        else:
            parts.literal(character)
            self._at += 1

    def _quoted(self, parts: _Parts) -> None:
        parts.literal("")
        while True:
            character = self._peek()
            if not character:
                raise NotUnderstood("a quote that isn't closed")
            if character == '"':
                self._at += 1
                return
            if character in "$`":
                self._dollar(parts, is_quoted=True)
                continue
            if character == "\\" and self._next() in ("$", "`", '"', "\\"):
                self._at += 1
                character = self._peek()
            elif self._text.startswith("\\\n", self._at):
                self._at += 2
                continue
            parts.literal(character)
            self._at += 1

    def _dollar(self, parts: _Parts, *, is_quoted: bool) -> None:
        if self._peek() == "`":
            end = self._text.find("`", self._at + 1)
            inside = self._text[self._at + 1 : end]
            if end < 0 or "\\" in inside:
                raise NotUnderstood("backquotes that aren't plain")
            line = _Reader(inside, self._env, self._depth + 1).line("")
            self._at = end + 1
            parts.substitution(line, is_quoted=is_quoted)
            return
        if self._text.startswith("$(", self._at) and not self._text.startswith("$((", self._at):
            inner = _Reader(self._text, self._env, self._depth + 1)
            inner._at = self._at + 2
            line = inner.line(")")
            self._at = inner._at
            parts.substitution(line, is_quoted=is_quoted)
            return
        following = self._next()
        if not following or following in " \t\n" or (is_quoted and following in '"/.,:;'):
            parts.literal("$")
            self._at += 1
            return
        found = _VARIABLE.match(self._text, self._at)
        name = (found[1] or found[2]) if found else ""
        if found is None or name not in self._env:
            shown = self._text[self._at : self._at + 12]
            raise NotUnderstood(f"`{shown}`, whose value isn't known")
        value = self._env[name]
        if not is_quoted and (not value or _SPLIT.search(value)):
            raise NotUnderstood(f"`${name}` without quotes, which a shell would take apart")
        parts.literal(value)
        self._at = found.end()


class _Parts:
    """What a word is made of."""

    def __init__(self) -> None:
        self._values: list[str] = []
        self._texts: list[tuple[str, bool]] = []
        self._inner: list[Line] = []
        self._has_glob = False

    def literal(self, value: str) -> None:
        self._values.append(value)
        if self._texts and not self._texts[-1][1]:
            self._texts[-1] = (self._texts[-1][0] + value, False)
        else:
            self._texts.append((value, False))

    def glob(self, character: str) -> None:
        self._has_glob = True
        self._values.append(character)
        self._texts.append((character, True))

    def substitution(self, line: Line, *, is_quoted: bool) -> None:
        self._inner.append(line)
        text = f"$({line.text})"
        self._texts.append((f'"{text}"' if is_quoted else text, True))

    def word(self) -> Word:
        value = "".join(self._values)
        if value == "[":
            return Word(value="[", text="'['")
        text = "".join(part if is_raw else _quoted(part) for part, is_raw in self._texts)
        return Word(
            value=value,
            text=text,
            is_known=not self._inner,
            has_glob=self._has_glob,
            inner=tuple(self._inner),
        )


def _quoted(literal: str) -> str:
    """Return a literal so that it is nothing else; a quoted `A=b` is no assignment."""
    return f"'{literal}'" if "=" in literal and "'" not in literal else shlex.quote(literal)


def _is_alive(simple: Simple) -> bool:
    """Tell whether a shell would put something else in place of a word."""
    return any(word.has_glob or not word.is_known for word in simple.words)


def _refuse_loose_ends(texts: list[str]) -> None:
    if texts and texts[-1] in ("&&", "||", "|"):
        raise NotUnderstood(f"`{texts[-1]}` at the end")
