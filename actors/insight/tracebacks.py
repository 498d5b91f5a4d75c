"""What an error message says: its kind, its text, the places it names; pure, line by line.

Places are listed innermost first, whatever order the language prints them in. Every expression is
tried on one line of bounded length and repeats nothing inside a repetition.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from mimo.config import limits

#: Longest line that is looked at, in characters, and most places and names that are told.
LINE_CHARS: Final = 1_000
PLACES_MAX: Final = 40
NAMES_MAX: Final = 8


class Spot(NamedTuple):
    """A place in a source file.

    Args:
        path: As it was printed; "" if only a function is known.
        line: From 1; 0 if unknown.
        symbol: The function or method there; "" if it isn't named.
    """

    path: str
    line: int
    symbol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an error message says.

    Args:
        language: Which form it has; "" if none that is known.
        kind: Such as `KeyError`, `E0382`, `java.io.IOException`; "" if it isn't named.
        message: The rest of the line that tells what is wrong.
        spots: Places, innermost first, each once.
        names: Symbols that it is about: quoted in the message, then those of the places.
    """

    language: str
    kind: str
    message: str
    spots: tuple[Spot, ...]
    names: tuple[str, ...]


class _Found(NamedTuple):
    kind: str
    message: str
    spots: list[Spot]


# -- Python: the last traceback counts, its last frame is the innermost ----------------------------
_PY_HEAD: Final = "Traceback (most recent call last):"
_PY_FRAME: Final = re.compile(
    r'^ *[|+-]* *File "([^"]{1,500})", line (\d{1,9})(?:, in (\S{1,200}))?'
)
_PY_ERROR: Final = re.compile(
    r"^(?:[|] +)?([A-Za-z_][\w.]{0,150}?"
    r"(?:Error|Exception|Warning|Exit|Interrupt|Iteration|Failure|Group|Timeout))(?:: (.*))?$"
)
_PY_ANY: Final = re.compile(r"^([A-Za-z_][\w.]{0,150})(?:: (.*))?$")


def _python(lines: Sequence[str]) -> _Found | None:
    starts = [number for number, line in enumerate(lines) if _PY_HEAD in line]
    begin = starts[-1] if starts else 0
    spots: list[Spot] = []
    after = begin
    for number in range(begin, len(lines)):
        if frame := _PY_FRAME.match(lines[number]):
            spots.append(Spot(frame[1], int(frame[2]), _symbol(frame[3] or "")))
            after = number + 1
    if not spots and not starts:
        found = next((error for line in lines if (error := _PY_ERROR.match(line))), None)
        return _Found(found[1], found[2] or "", []) if found and "." not in found[1] else None
    pattern = _PY_ANY if starts else _PY_ERROR
    for line in lines[after:]:
        if error := pattern.match(line):
            return _Found(error[1], error[2] or "", spots[::-1])
    return _Found("", "", spots[::-1]) if spots else None


# -- JavaScript and TypeScript ---------------------------------------------------------------------
_JS_FRAME: Final = re.compile(
    r"^\s+at (?:async )?(?:(?:new )?([^\s(]{1,200})(?: \[as [^\]]{1,100}\])? \()?"
    r"((?:file://|node:|https?://)?[^\s():]{1,400}):(\d{1,9}):\d{1,9}\)?$"
)
_JS_ERROR: Final = re.compile(
    r"^(?:\[?Uncaught )?(?:\(in promise\) )?\[?([A-Z]\w{0,80}(?:Error|Exception)|Error)"
    r"(?: \[(\w{1,80})\])?: (.*?)\]?$"
)
_TS_ERROR: Final = re.compile(
    r"^([^\s:(]{1,400})(?:\((\d{1,9}),\d{1,9}\)|:(\d{1,9}):\d{1,9})(?: -|:) error"
    r" (TS\d{1,6}): (.*)$"
)


def _javascript(lines: Sequence[str]) -> _Found | None:
    typed = [match for line in lines if (match := _TS_ERROR.match(line))]
    if typed:
        spots = [Spot(each[1], int(each[2] or each[3]), "") for each in typed]
        return _Found(typed[0][4], typed[0][5], spots)
    frames = [match for line in lines if (match := _JS_FRAME.match(line))]
    if not frames:
        return None
    spots = [
        Spot(each[2].removeprefix("file://"), int(each[3]), _symbol(each[1] or ""))
        for each in frames
    ]
    error = next((match for line in lines if (match := _JS_ERROR.match(line))), None)
    if error is None:
        return _Found("", lines[0].strip() if lines else "", spots)
    return _Found(error[1], error[3], spots)


# -- Rust ------------------------------------------------------------------------------------------
_RUST_PANIC: Final = re.compile(
    r"^thread '[^']{0,200}'(?: \(\d{1,20}\))? panicked at ([^\s':]{1,400}):(\d{1,9}):\d{1,9}:?$"
)
_RUST_OLD: Final = re.compile(
    r"^thread '[^']{0,200}' panicked at '(.*)', ([^\s':]{1,400}):(\d{1,9}):\d{1,9}$"
)
_RUST_ERROR: Final = re.compile(r"^error(?:\[(E\d{4})\])?: (.*)$")
_RUST_ARROW: Final = re.compile(r"^\s*--> ([^\s:]{1,400}):(\d{1,9}):\d{1,9}$")
_RUST_NAME: Final = re.compile(r"^\s*\d{1,4}: (?:0x[0-9a-f]{1,20} - )?(\S{1,300})$")
_RUST_AT: Final = re.compile(r"^\s+at ([^\s:]{1,400}):(\d{1,9})(?::\d{1,9})?$")


def _rust(lines: Sequence[str]) -> _Found | None:
    for number, line in enumerate(lines):
        if old := _RUST_OLD.match(line):
            first = Spot(old[2], int(old[3]), "")
            return _Found("panic", old[1], [first, *_rust_trace(lines[number:])])
        if new := _RUST_PANIC.match(line):
            message = lines[number + 1].strip() if number + 1 < len(lines) else ""
            first = Spot(new[1], int(new[2]), "")
            return _Found("panic", message, [first, *_rust_trace(lines[number:])])
    arrows = [match for line in lines if (match := _RUST_ARROW.match(line))]
    error = next((match for line in lines if (match := _RUST_ERROR.match(line))), None)
    if error is None or not (arrows or error[1]):
        return None
    return _Found(error[1] or "error", error[2], [Spot(a[1], int(a[2]), "") for a in arrows])


def _rust_trace(lines: Sequence[str]) -> Iterator[Spot]:
    name = ""
    for line in lines:
        if named := _RUST_NAME.match(line):
            name = re.sub(r"::h[0-9a-f]{16}$", "", named[1])
        elif at := _RUST_AT.match(line):
            if not at[1].startswith("/rustc/"):
                yield Spot(at[1], int(at[2]), _symbol(name))
            name = ""


# -- Go --------------------------------------------------------------------------------------------
_GO_PANIC: Final = re.compile(r"^(panic|fatal error): (.*)$")
_GO_CALL: Final = re.compile(r"^(?:created by )?([\w./*()-]{1,300})\(.*\)$")
_GO_AT: Final = re.compile(r"^\s+(\S{1,400}\.go):(\d{1,9})(?: .*)?$")
_GO_BUILD: Final = re.compile(r"^(?:vet: )?(\S{1,400}\.go):(\d{1,9})(?::\d{1,9})?: (.*)$")


def _go(lines: Sequence[str]) -> _Found | None:
    panic = next((match for line in lines if (match := _GO_PANIC.match(line))), None)
    spots: list[Spot] = []
    name = ""
    for line in lines:
        if at := _GO_AT.match(line):
            spots.append(Spot(at[1], int(at[2]), _symbol(name)))
            name = ""
        elif named := _GO_CALL.match(line):
            name = named[1]
    if panic and (spots or any(line.startswith("goroutine ") for line in lines)):
        own = [each for each in spots if "/src/runtime/" not in each.path] or spots
        return _Found(panic[1], panic[2], own)
    built = [match for line in lines if (match := _GO_BUILD.match(line))]
    if not built:
        return None
    return _Found("", built[0][3], [Spot(each[1], int(each[2]), "") for each in built])


# -- Java: the deepest cause counts ----------------------------------------------------------------
_JAVA_ERROR: Final = re.compile(
    r'^(?:Exception in thread "[^"]{0,200}" |Caused by: )?'
    r"((?:[a-z_]\w{0,60}\.){1,12}[A-Z]\w{0,120})(?:: (.*))?$"
)
_JAVA_FRAME: Final = re.compile(
    r"^\s+at (?:[\w.@-]{1,100}/)?([\w.$<>]{1,300})\(([\w$]{1,200}\.(?:java|kt|scala)):(\d{1,9})\)$"
)
_JAVA_BUILD: Final = re.compile(r"^(\S{1,400}\.java):(\d{1,9}): error: (.*)$")


def _java(lines: Sequence[str]) -> _Found | None:
    built = [match for line in lines if (match := _JAVA_BUILD.match(line))]
    if built:
        return _Found("error", built[0][3], [Spot(b[1], int(b[2]), "") for b in built])
    found: _Found | None = None
    for line in lines:
        if error := _JAVA_ERROR.match(line):
            found = _Found(error[1], error[2] or "", [])
        elif (frame := _JAVA_FRAME.match(line)) and found is not None:
            found.spots.append(Spot(frame[2], int(frame[3]), _symbol(frame[1])))
    return found if found is not None and found.spots else None


# -- Elixir ----------------------------------------------------------------------------------------
_EX_ERROR: Final = re.compile(r"^\s*\*\* \(([\w.]{1,200})\) (.*)$")
_EX_COMPILE: Final = re.compile(r"^(?:== Compilation error in file (\S{1,400}) ==|\s*error: (.*))$")
_EX_FRAME: Final = re.compile(
    r"^\s+(?:└─ )?(?:\([\w-]{1,100} [\w.+-]{1,60}\) )?([^\s:]{1,400}\.(?:exs?|erl)):(\d{1,9})"
    r"(?::\d{1,9})?(?:: (\S{1,300}))?"
)


def _elixir(lines: Sequence[str]) -> _Found | None:
    error = next((match for line in lines if (match := _EX_ERROR.match(line))), None)
    spots = [
        Spot(match[1], int(match[2]), _symbol(re.sub(r"/\d{1,3}$", "", match[3] or "")))
        for line in lines
        if (match := _EX_FRAME.match(line))
    ]
    if error is not None:
        return _Found(error[1], error[2], spots)
    told = next((m for line in lines if (m := _EX_COMPILE.match(line)) and m[2]), None)
    return _Found("error", told[2], spots) if told is not None and spots else None


# -- Anything else ---------------------------------------------------------------------------------
_ANY_SPOT: Final = re.compile(
    r"(?<![\w/.])((?:[\w.@~-]*/)*[\w@-][\w.@-]{0,100}\.\w{1,6}):(\d{1,9})\b"
)
_ANY_LINE: Final = re.compile(
    r"^(?:(fatal error|error|warning)(?:\[(\w+)\])?: )?(.*)$", re.IGNORECASE
)
_LEADING_SPOT: Final = re.compile(r"^\S{1,400}:\d{1,9}(?::\d{1,9})?: ")


def _anything(lines: Sequence[str]) -> _Found:
    spots = [Spot(match[1], int(match[2]), "") for line in lines for match in _spots_in(line)]
    said = next((line.strip() for line in lines if line.strip()), "")
    match = _ANY_LINE.match(_LEADING_SPOT.sub("", said))
    kind, message = ((match[2] or match[1] or ""), match[3]) if match else ("", said)
    return _Found(kind.lower() if kind.islower() else kind, message, spots)


def _spots_in(line: str) -> Iterator[re.Match[str]]:
    return _ANY_SPOT.finditer(line[:400])


_FORMS: Final[tuple[tuple[str, Callable[[Sequence[str]], _Found | None]], ...]] = (
    ("elixir", _elixir),
    ("rust", _rust),
    ("java", _java),
    ("javascript", _javascript),
    ("go", _go),
    ("python", _python),
)

_QUOTED: Final = re.compile("[`'\"\u2018\u201c]([A-Za-z_$][\\w$.:!?]{0,150})[`'\"\u2019\u201d]")
_NAMED: Final = re.compile(
    r"\b([A-Za-z_$][\w$.]{1,150}) is not (?:a function|defined|a constructor|iterable)"
    r"|\bundefined: ([A-Za-z_][\w.]{0,150})"
    r"|\bundefined (?:function|variable):? \"?([A-Za-z_][\w.!?]{0,150})"
    r"|\bfunction ([A-Za-z_][\w.!?]{0,150})/\d+ is undefined"
    r"|\b([A-Za-z_]\w{0,100})\(\) (?:missing|takes|got)"
)


def told(text: str) -> Told:
    """Return what an error message says, as far as its form is known; never raises.

    Args:
        text: An error message or a traceback, at most `limits.ERROR_TEXT_CHARS_MAX` are read.
    """
    lines = [
        line.rstrip()[:LINE_CHARS] for line in text[: limits.ERROR_TEXT_CHARS_MAX].splitlines()
    ]
    language, found = next(
        ((name, read) for name, form in _FORMS if (read := form(lines)) is not None),
        ("", _anything(lines)),
    )
    spots = tuple(dict.fromkeys(found.spots))[:PLACES_MAX]
    message = found.message.strip()
    return Told(
        language=language,
        kind=found.kind,
        message=message,
        spots=spots,
        names=tuple(_names(message, spots)),
    )


def _names(message: str, spots: Sequence[Spot]) -> list[str]:
    quoted = [match[1] for match in _QUOTED.finditer(message)]
    named = [group for match in _NAMED.finditer(message) for group in match.groups() if group]
    there = [each.symbol for each in spots if each.symbol]
    found = [each.replace("::", ".").strip(".:") for each in (*named, *quoted, *there)]
    return [each for each in dict.fromkeys(found) if each][:NAMES_MAX]


def _symbol(name: str) -> str:
    """Return a function's name without what isn't one: `<module>`, a package's path."""
    bare = re.sub(r"\(\*?(\w+)\)", r"\1", name.rsplit("/", 1)[-1]).replace("::", ".")
    if "<" in bare or not bare:
        return ""
    parts = [each for each in re.split(r"[.$]", bare) if each and not each.isdigit()]
    return ".".join(parts[-2:]) if all(re.fullmatch(r"[\w!?]+", each) for each in parts) else ""
