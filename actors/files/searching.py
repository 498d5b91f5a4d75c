"""Finding lines by regular expressions, bit by bit and with a limit on time."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from mimo.actors.files import messages, texts
from mimo.actors.files.choosing import Chosen
from mimo.actors.files.patience import Patience
from mimo.actors.files.reading import Answer
from mimo.actors.workspace import opening
from mimo.actors.workspace.places import Place, Roots
from mimo.config import limits
from mimo.config.clock import Clock
from mimo.config.errors import InvalidRequest, MimoError

if TYPE_CHECKING:
    import regex

#: Longest line that is shown, in characters.
LINE_CHARS_MAX = 300


#: How long a whole file may be looked at before its lines are, in seconds.
GLANCE_S = 0.05
# What may match a line and yet nothing in the text around it.
_BY_LINE_ALONE = re.compile(r"\(\?|[+*?}]\+|\\[AZzGK]")


def compiled(pattern: str, flags: int = 0) -> regex.Pattern[str]:
    """Return an expression for lines; case doesn't matter unless it says `(?-i:...)`.

    Args:
        pattern: The expression.
        flags: More flags of the library.

    Raises:
        InvalidRequest: It is none.
    """
    import regex

    if not pattern:
        raise InvalidRequest("expected a regular expression, got an empty text; give one")
    try:
        return regex.compile(pattern, regex.IGNORECASE | regex.VERSION0 | flags)
    except (regex.error, RecursionError, OverflowError) as error:
        raise InvalidRequest(
            f"expected a regular expression, got {pattern[:200]!r}: {str(error)[:200]}"
        ) from None


class Lines:
    """One pattern and the lines found by it.

    Args:
        pattern: The expression.
        request: How much is shown.
    """

    def __init__(self, pattern: str, request: messages.Search) -> None:
        self.pattern = pattern
        self.matches: list[dict[str, Any]] = []
        self.error = ""
        self.is_cut = False
        self._context = request.context_lines
        self._limit = request.limit
        self._expression: regex.Pattern[str] | None = None
        self._glance: regex.Pattern[str] | None = None
        try:
            self._expression = compiled(pattern)
            if not _BY_LINE_ALONE.search(pattern):
                self._glance = compiled(pattern, re.MULTILINE)
        except InvalidRequest as error:
            self.error = error.message

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more is looked for."""
        return self.is_cut or bool(self.error)

    def look(self, shown: str, lines: list[str], patience: Patience) -> None:
        """Look at the lines of one file; an expression that takes too long gets an error."""
        assert self._expression is not None  # noqa: S101  for the type checker
        if not self._may_match(lines):
            return
        patience.begin_file()
        try:
            for number, line in enumerate(lines):
                if self._expression.search(line, timeout=patience.left_s()) is None:
                    continue
                if len(self.matches) >= self._limit:
                    self.is_cut = True
                    return
                self.matches.append(self._match(shown, lines, number))
        except TimeoutError:
            self.error = (
                f"expected an expression that is quick, got one that takes too long in {shown};"
                " simplify it, or leave that file out"
            )

    def _may_match(self, lines: list[str]) -> bool:
        """Tell at a glance whether no line matches: most files have none."""
        if self._glance is None:
            return True
        try:
            return self._glance.search("\n".join(lines), timeout=GLANCE_S) is not None
        except TimeoutError:
            return True

    def told(self) -> dict[str, Any]:
        """Return the answer for this pattern among several."""
        if self.error:
            return {"pattern": self.pattern, "error": self.error}
        return {"pattern": self.pattern, "matches": self.matches, "count": len(self.matches)}

    def _match(self, shown: str, lines: list[str], number: int) -> dict[str, Any]:
        first = max(0, number - self._context)
        return {
            "path": shown,
            "line": number + 1,
            "text": _cut(lines[number]),
            "before": [_cut(line) for line in lines[first:number]],
            "after": [_cut(line) for line in lines[number + 1 : number + 1 + self._context]],
        }


def searched(request: messages.Search, roots: Roots, clock: Clock) -> Answer:
    """Find lines by regular expressions.

    Raises:
        InvalidRequest: The only expression is none, or takes too long.
        MimoError: The path can't be read.
    """
    chosen = Chosen(
        request.path, roots, request.exclude, respects_gitignore=request.respects_gitignore
    )
    found = [Lines(pattern, request) for pattern in request.patterns]
    patience = Patience(clock)
    files = 0
    for entry in chosen.entries():
        yield
        open_now = [each for each in found if not each.is_over]
        if patience.is_over or not open_now:
            break
        lines = None if entry.is_folder else _lines(entry.place, chosen.skipped)
        if lines is None:
            continue
        files += 1
        for each in open_now:
            each.look(roots.shown(entry.place), lines, patience)
            yield
    told: dict[str, Any] = {
        "path": roots.shown(chosen.base),
        "files_searched": files,
        "skipped": dict(chosen.skipped),
        "truncated": patience.is_over or any(each.is_cut for each in found),
    }
    if patience.is_over:
        told["hint"] = f"it ended after {limits.SEARCH_S:g} s; search in one folder"
    if request.is_batch:
        return told | {
            "results": [each.told() for each in found],
            "patterns_searched": sum(not each.error for each in found),
            "total_matches": sum(len(each.matches) for each in found),
        }
    if found[0].error:
        raise InvalidRequest(found[0].error)
    return found[0].told() | told


def _lines(place: Place, skipped: Counter[str]) -> list[str] | None:
    """Return a file's lines without their ends; None if it is no text that can be searched."""
    try:
        data = opening.read(place, limits.SEARCHED_BYTES_MAX).data
        text = texts.text_of(data, place.name)
    except InvalidRequest:
        skipped["large or binary"] += 1
        return None
    except MimoError:
        skipped["unreadable"] += 1
        return None
    lines = texts.visible(text).split("\n")
    # What follows the last line end is no line.
    return [line.removesuffix("\r") for line in (lines if lines[-1] else lines[:-1])]


def _cut(line: str) -> str:
    return line if len(line) <= LINE_CHARS_MAX else f"{line[:LINE_CHARS_MAX]}..."
