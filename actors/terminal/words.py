"""A command line as its parts: what a shell would run, read without running anything.

Only what is understood whole is accepted; `text` of a part is written anew from what was
understood, so that what a shell runs is what was judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

Assignment = tuple[str, "Word"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word.

    Args:
        value: Its value; of an unknown one, what is known of it.
        text: It as a shell reads it.
        is_known: Whether the value is all of it: no output of a command stands in it.
        has_glob: Whether the shell puts names of files in its place.
        inner: The lines whose output stands in it.
    """

    value: str
    text: str
    is_known: bool = True
    has_glob: bool = False
    inner: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """One redirection; of a file number to another has no target.

    Args:
        operator: `<`, `>`, `>>`, `>|`, `<>`.
        target: The file.
    """

    operator: str
    target: Word | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Simple:
    """One command without operators.

    Args:
        assignments: Before it.
        words: The program and its arguments.
        redirects: Of its files.
    """

    assignments: tuple[Assignment, ...] = ()
    words: tuple[Word, ...] = ()
    redirects: tuple[Redirect, ...] = ()

    def inner(self) -> Iterator[Line]:
        """Yield the lines whose output it uses."""
        given = [word for _, word in self.assignments]
        targets = [each.target for each in self.redirects if each.target is not None]
        for word in (*given, *self.words, *targets):
            yield from word.inner


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A whole line.

    Args:
        commands: Its simple commands in order, those in parentheses too.
        text: It as a shell reads it.
        needs_shell: Whether it is more than one program with its arguments.
    """

    commands: tuple[Simple, ...] = field(default_factory=tuple)
    text: str = ""
    needs_shell: bool = False
