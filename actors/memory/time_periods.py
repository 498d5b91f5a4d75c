"""Periods with a beginning and an end: days, weekdays, months, years, dates, parts of a day."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from mimo.actors.memory.time_units import (
    MONTH,
    WEEKDAY,
    add_months,
    day_of,
    month_of,
    weekday_of,
)
from mimo.config.errors import InvalidRequest

_DAY: Final = timedelta(days=1)
#: Hours at which the parts of a day begin and end; a night ends on the next day.
_PARTS: Final = {
    "morning": (5, 12),
    "afternoon": (12, 18),
    "evening": (18, 24),
    "night": (18, 30),
}
_PART: Final = "(?P<part>" + "|".join(_PARTS) + ")"
_THIRDS: Final = {"early": (0, 1), "mid": (1, 2), "late": (2, 3)}


class Period(NamedTuple):
    """Naive local moments; `end` is exclusive."""

    start: datetime
    end: datetime


def _days(start: datetime, count: int = 1) -> Period:
    return Period(start, start + count * _DAY)


def _months(start: datetime, count: int = 1) -> Period:
    return Period(start, add_months(start, count))


def _part(day: datetime, part: str) -> Period:
    first, last = _PARTS[part]
    return Period(day + timedelta(hours=first), day + timedelta(hours=last))


def _named_day(found: re.Match[str], now: datetime) -> Period:
    shift = {"day before yesterday": -2, "yesterday": -1, "today": 0, "tomorrow": 1}
    day = day_of(now) + shift[found["day"]] * _DAY
    return _part(day, found["part"]) if found["part"] else _days(day)


def _this_part(found: re.Match[str], now: datetime) -> Period:
    if found["which"] == "last":
        return _part(day_of(now) - _DAY, found["part"])
    return _part(day_of(now), found["part"])


def _tonight(_found: re.Match[str], now: datetime) -> Period:
    return _part(day_of(now), "night")


def _weekday(found: re.Match[str], now: datetime) -> Period:
    """Return the newest such day before today; "this" is in this week, "next" comes."""
    today, wanted = day_of(now), weekday_of(found["weekday"])
    which = found["which"] or "last"
    back = (today.weekday() - wanted) % 7
    if which == "this":
        day = today + (wanted - today.weekday()) * _DAY
    elif which == "next":
        day = today + ((7 - back) % 7 or 7) * _DAY
    else:
        day = today - (back or 7) * _DAY
    return _part(day, found["part"]) if found["part"] else _days(day)


def _unit_period(found: re.Match[str], now: datetime) -> Period:
    """Return this, the previous or the next week, weekend, month, quarter or year."""
    step = {"this": 0, "current": 0, "previous": -1, "last": -1, "next": 1}[found["which"]]
    today = day_of(now)
    match found["unit"]:
        case "week":
            return _days(today - today.weekday() * _DAY + step * 7 * _DAY, 7)
        case "weekend":
            saturday = today - today.weekday() * _DAY + 5 * _DAY
            if step < 0 and today >= saturday + 2 * _DAY:
                step = 0
            return _days(saturday + step * 7 * _DAY, 2)
        case "month":
            return _months(add_months(today.replace(day=1), step))
        case "quarter":
            first = today.replace(day=1, month=(today.month - 1) // 3 * 3 + 1)
            return _months(add_months(first, 3 * step), 3)
        case _:
            return _months(add_months(today.replace(day=1, month=1), 12 * step), 12)


def _month(found: re.Match[str], now: datetime) -> Period:
    """Return a month: of the year that is said, else the newest that has begun."""
    month = month_of(found["month"])
    start = day_of(now).replace(day=1, month=month)
    if found["year"]:
        start = start.replace(year=int(found["year"]))
    elif start > now or (found["which"] == "last" and month == now.month):
        start = start.replace(year=start.year - 1)
    period = _months(start)
    return _third(period, found["third"]) if found["third"] else period


def _third(period: Period, name: str) -> Period:
    first, last = _THIRDS[name]
    days = (period.end - period.start).days
    return Period(period.start + days * first // 3 * _DAY, period.start + days * last // 3 * _DAY)


def _date(found: re.Match[str], now: datetime) -> Period:
    """Return a day of a month: of the year that is said, else the newest that isn't to come."""
    month, day = month_of(found["month"]), int(found["day"])
    if found["year"]:
        return _days(datetime(int(found["year"]), month, day))  # noqa: DTZ001  local by intent
    # The 29th of February may be some years ago.
    for year in range(now.year, now.year - 9, -1):
        try:
            start = datetime(year, month, day)  # noqa: DTZ001
        except ValueError:
            continue
        if start <= now:
            return _days(start)
    raise ValueError("no such day")


def _day_of_month(found: re.Match[str], now: datetime) -> Period:
    """Return the newest such day that isn't to come."""
    first = day_of(now).replace(day=1)
    for back in range(13):
        month = add_months(first, -back)
        day = month + (int(found["day"]) - 1) * _DAY
        if day.month == month.month and day <= now:
            return _days(day)
    raise ValueError("no such day")


def _iso(found: re.Match[str], _now: datetime) -> Period:
    year, month = int(found["year"]), int(found["month"])
    if found["day"] is None:
        return _months(datetime(year, month, 1))  # noqa: DTZ001
    start = datetime(year, month, int(found["day"]))  # noqa: DTZ001
    if found["hour"] is None:
        return _days(start)
    moment = start.replace(hour=int(found["hour"]), minute=int(found["minute"]))
    if found["second"] is None:
        return Period(moment, moment + timedelta(minutes=1))
    moment = moment.replace(second=int(found["second"]))
    return Period(moment, moment + timedelta(seconds=1))


def _year(found: re.Match[str], now: datetime) -> Period:
    first = day_of(now).replace(year=int(found["year"]), month=1, day=1)
    if found["quarter"]:
        return _months(add_months(first, 3 * int(found["quarter"]) - 3), 3)
    return _months(first, 12)


def _season(found: re.Match[str], now: datetime) -> Period:
    """Return a season of the northern half: three months, the newest that has begun."""
    month = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}[found["season"]]
    start = day_of(now).replace(month=month, day=1)
    if found["year"]:
        start = start.replace(year=int(found["year"]))
    elif start > now or (found["which"] == "last" and now < add_months(start, 3)):
        start = start.replace(year=start.year - 1)
    return _months(start, 3)


def _edge(found: re.Match[str], now: datetime) -> Period:
    """Return the first, middle or last third of a longer period."""
    names = {"beginning": "early", "start": "early", "middle": "mid", "end": "late"}
    return _third(period_of(found["whole"], now), names.get(found["edge"], found["edge"]))


_UNIT_PERIOD: Final = "(?P<unit>week|weekend|month|quarter|year)"
_CLOCK: Final = r"(?:[t ](?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d+)?)?)"
_Reader = Callable[[re.Match[str], datetime], Period]
_YEAR_OPTIONAL: Final = r"(?: (?:of )?(?P<year>(?:19|20)\d\d))?"
_READERS: Final[tuple[tuple[re.Pattern[str], _Reader], ...]] = tuple(
    (re.compile(pattern), reader)
    for pattern, reader in (
        (rf"(?P<day>day before yesterday|yesterday|today|tomorrow)(?: {_PART})?", _named_day),
        (rf"(?P<which>this|last) {_PART}", _this_part),
        (r"tonight", _tonight),
        (
            rf"(?P<which>this|current|previous|last|next) {_UNIT_PERIOD}",
            _unit_period,
        ),
        (
            rf"(?:(?P<which>this|last|next|previous) )?(?P<weekday>{WEEKDAY})(?: {_PART})?",
            _weekday,
        ),
        (
            rf"(?:(?P<which>this|last) )?(?:(?P<third>early|mid|late)[ -])?(?P<month>{MONTH})"
            + _YEAR_OPTIONAL,
            _month,
        ),
        (
            rf"(?:{WEEKDAY} )?(?P<day>\d\d?) (?:of )?(?P<month>{MONTH})" + _YEAR_OPTIONAL,
            _date,
        ),
        (
            rf"(?:{WEEKDAY} )?(?P<month>{MONTH}) (?P<day>\d\d?)" + _YEAR_OPTIONAL,
            _date,
        ),
        (r"(?:day )?(?P<day>\d\d?)(?: of (?:this|the) month)?", _day_of_month),
        (
            rf"(?P<year>(?:19|20)\d\d)-(?P<month>\d\d?)(?:-(?P<day>\d\d?){_CLOCK}?)?",
            _iso,
        ),
        (r"(?:q(?P<quarter>[1-4]) )?(?:of )?(?P<year>(?:19|20)\d\d)", _year),
        (
            r"(?:(?P<which>this|last) )?(?P<season>spring|summer|autumn|fall|winter)"
            + _YEAR_OPTIONAL,
            _season,
        ),
        (r"(?P<edge>beginning|start|middle|end|early|mid|late) (?:of )?(?P<whole>.+)", _edge),
    )
)
_LEADING: Final = re.compile(r"(?:(?:on|in|during|at|around|over|the|within)(?: |$))+")


def period_of(text: str, now: datetime) -> Period:
    """Return the period that an expression names.

    Args:
        text: Normalised; see `time_units.normalised`.
        now: The naive local moment that it is said at.

    Raises:
        InvalidRequest: It names no period, or no date of the calendar.
    """
    bare = _LEADING.sub("", text, count=1) if _LEADING.match(text) else text
    for pattern, reader in _READERS:
        found = pattern.fullmatch(bare)
        if found is None:
            continue
        try:
            return reader(found, now)
        except (ValueError, OverflowError):
            break
    raise InvalidRequest(f"expected a date or a period, got {text[:80]!r}")
