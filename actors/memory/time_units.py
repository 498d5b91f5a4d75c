"""Numbers, units and calendar arithmetic as people say them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo
from typing import Final, NamedTuple

from mimo.config.errors import InvalidRequest

MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
WEEKDAYS: Final = (*("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),)
_NUMBERS: Final = {
    "a": 1,
    "an": 1,
    "one": 1,
    "two": 2,
    "couple": 2,
    "three": 3,
    "few": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
}
#: Every way to write a unit, and what it is: (seconds, months).
_UNITS: Final = {
    name: amount
    for names, amount in (
        ("second seconds sec secs", (1, 0)),
        ("minute minutes min mins", (60, 0)),
        ("hour hours hr hrs h", (3_600, 0)),
        ("day days d", (86_400, 0)),
        ("week weeks wk wks w", (604_800, 0)),
        ("fortnight fortnights", (1_209_600, 0)),
        ("month months mo", (0, 1)),
        ("quarter quarters", (0, 3)),
        ("year years yr yrs y", (0, 12)),
    )
    for name in names.split()
}
#: No memory is older, and no number needs to be larger.
_AMOUNT_MAX: Final = 10_000

NUMBER: Final = r"(?:\d{1,5}|" + "|".join(sorted(_NUMBERS, key=len, reverse=True)) + ")"
UNIT: Final = "(?:" + "|".join(sorted(_UNITS, key=len, reverse=True)) + ")"
MONTH: Final = "(?:" + "|".join(f"{name[:3]}(?:{name[3:]})?" for name in MONTHS) + "|sept)"
WEEKDAY: Final = "(?:" + "|".join(f"{name[:3]}(?:{name[3:]})?" for name in WEEKDAYS) + ")"
#: "two weeks", "a couple of days", "36 hours".
SPAN: Final = rf"(?:a )?(?P<amount>{NUMBER}) (?:of )?(?P<unit>{UNIT})"


class Interval(NamedTuple):
    """A stretch of time, wall seconds UTC; `until_s` is exclusive, None is open."""

    since_s: float | None
    until_s: float | None


def number_of(word: str) -> int:
    """Return what a word counts; `word` matches `NUMBER`.

    Raises:
        InvalidRequest: It is more than any time needs.
    """
    value = _NUMBERS[word] if word in _NUMBERS else int(word)
    if value > _AMOUNT_MAX:
        raise InvalidRequest(f"expected a time within {_AMOUNT_MAX} units, got {value}")
    return value


def month_of(word: str) -> int:
    """Return the number of a month, 1 to 12; `word` matches `MONTH`."""
    return next(n for n, name in enumerate(MONTHS, 1) if name.startswith(word[:3]))


def weekday_of(word: str) -> int:
    """Return the number of a weekday, 0 for Monday; `word` matches `WEEKDAY`."""
    return next(n for n, name in enumerate(WEEKDAYS) if name.startswith(word[:3]))


def moved(moment: datetime, amount: int, unit: str) -> datetime:
    """Return the moment `amount` units later, or earlier if it is negative.

    A month later is the same day of the next month, or its last day if it has no such day.

    Raises:
        InvalidRequest: There is no such date in the calendar.
    """
    seconds, months = _UNITS[unit]
    try:
        if seconds:
            return moment + timedelta(seconds=seconds * amount)
        return add_months(moment, months * amount)
    except (OverflowError, ValueError) as error:
        raise InvalidRequest(
            f"expected a date in the calendar, got {amount} {unit} from {moment.date()}"
        ) from error


def add_months(moment: datetime, months: int) -> datetime:
    """Return the same day `months` later, at most the last of its month.

    Raises:
        ValueError: There is no such year.
    """
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    first = moment.replace(year=year, month=month + 1, day=1)
    following = first.replace(year=year + month // 11, month=(month + 1) % 12 + 1)
    return first.replace(day=min(moment.day, (following - timedelta(days=1)).day))


def day_of(moment: datetime) -> datetime:
    """Return the midnight at which its day begins."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def stamp(moment: datetime, zone: tzinfo | None) -> float:
    """Return wall seconds UTC of a naive moment in `zone`; None is the machine's own zone."""
    return moment.replace(tzinfo=zone).timestamp()


def normalised(text: str) -> str:
    """Return an expression in lower case, with single spaces, without commas and "3rd" as "3"."""
    text = text.lower().replace("\u2013", "-").replace("\u2014", "-")
    text = re.sub(r"(\d)(?:st|nd|rd|th)\b", r"\1", text)
    text = re.sub(r"[,!?]", " ", text).strip(" .")
    return " ".join(text.split())
