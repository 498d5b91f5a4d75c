"""What people say of when: "last Tuesday", "between 3 and 5 May", "two weeks before the release".

What can't be read is an error, never silence: a filter that was not understood must not look as if
it had been applied.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import Final

from mimo.actors.memory.time_periods import Period, period_of
from mimo.actors.memory.time_units import (
    MONTH,
    SPAN,
    UNIT,
    Interval,
    day_of,
    moved,
    normalised,
    number_of,
    stamp,
)
from mimo.config.errors import InvalidRequest

#: What an answer to "when was that?" looks like: wall seconds UTC, or None if nobody knows.
Resolve = Callable[[str], float | None]

EXAMPLES: Final = (
    "today, last tuesday, in march, 2026-05-03, between 3 and 5 may, 3 days ago, past 2 weeks,"
    " since monday, two weeks before the release"
)
_AGO: Final = re.compile(rf"(?:since |from )?(?:about )?{SPAN} ago(?: until now)?")
_ROLLING: Final = re.compile(
    rf"(?:in |within |over |during )?(?:the )?(?:last|past|previous) (?:{SPAN}|(?P<single>{UNIT}))"
)
_BETWEEN: Final = re.compile(r"between (?P<first>.+) and (?P<last>.+)")
_FROM_TO: Final = re.compile(r"(?:from )?(?P<first>.+?) (?:to|until|till|through|-) (?P<last>.+)")
_DAYS: Final = re.compile(r"(?P<first>\d\d?)-(?P<last>\d\d? .+)")
_BOUND: Final = re.compile(r"(?P<side>since|starting|after|before|until|till|up to) (?P<whole>.+)")
_OFFSET: Final = re.compile(rf"{SPAN} (?P<side>before|after) (?P<anchor>.+)")
_NEAR: Final = re.compile(r"(?:around|during|on the day of|at the time of|at) (?P<anchor>.+)")
_DAY_ONLY: Final = re.compile(r"\d\d?")
_MONTH_END: Final = re.compile(rf"(?:\d\d? (?:of )?(?P<after>{MONTH})(?P<year> \d{{4}})?)")
_MONTH_START: Final = re.compile(rf"(?P<before>{MONTH}) \d\d?")
_DAY: Final = timedelta(days=1)
_AROUND: Final = timedelta(days=1)


def parse(
    text: str, now_s: float, *, zone: tzinfo | None = None, resolve: Resolve | None = None
) -> Interval:
    """Return the stretch of time that an expression means.

    "Last week", "last month" and "N units ago" reach until now, as in the original; "previous
    week" is the one of the calendar. A weekday or a month without a year is the newest that has
    begun. The end of "between A and B" is counted in.

    Args:
        text: The expression, in any case.
        now_s: When it is said, wall seconds UTC.
        zone: Where it is said; None is the machine's own zone.
        resolve: Tells when what a phrase names happened, such as "the release"; None if nobody can.

    Raises:
        InvalidRequest: It can't be read, its end is before its start, or nothing is known of its
            anchor.
    """
    said = normalised(text)
    reading = _Reading(_local(now_s, zone), zone, resolve)
    try:
        interval = reading.interval(said)
    except InvalidRequest as error:
        raise InvalidRequest(
            f"expected a time such as {EXAMPLES}; got {text[:80]!r} ({error.message})"
        ) from None
    if None not in interval and interval.since_s >= interval.until_s:  # type: ignore[operator]
        raise InvalidRequest(f"expected a time that ends after it begins, got {text[:80]!r}")
    return interval


def _local(now_s: float, zone: tzinfo | None) -> datetime:
    if zone is None:
        return datetime.fromtimestamp(now_s).replace(microsecond=0)  # noqa: DTZ006  local
    return datetime.fromtimestamp(now_s, zone).replace(tzinfo=None, microsecond=0)


class _Reading:
    """One expression, read at one moment."""

    def __init__(self, now: datetime, zone: tzinfo | None, resolve: Resolve | None) -> None:
        self._now = now
        self._zone = zone
        self._resolve = resolve

    def interval(self, said: str) -> Interval:
        """Return the interval of a normalised expression."""
        for read in (self._ago, self._rolling, self._between, self._offset, self._bound):
            found = read(said)
            if found is not None:
                return found
        try:
            return self._of(period_of(said, self._now))
        except InvalidRequest:
            near = _NEAR.fullmatch(said)
            if near is None or self._resolve is None:
                raise
            day = day_of(self._anchor(near["anchor"]))
            if said.startswith("around"):
                return self._of(Period(day - _AROUND, day + _DAY + _AROUND))
            return self._of(Period(day, day + _DAY))

    def _of(self, period: Period) -> Interval:
        return Interval(stamp(period.start, self._zone), stamp(period.end, self._zone))

    def _since(self, start: datetime) -> Interval:
        # A second more, so that what was stored in this very second is in.
        return self._of(Period(start, self._now + timedelta(seconds=1)))

    def _ago(self, said: str) -> Interval | None:
        found = _AGO.fullmatch(said)
        if found is None:
            return None
        return self._since(moved(self._now, -number_of(found["amount"]), found["unit"]))

    def _rolling(self, said: str) -> Interval | None:
        found = _ROLLING.fullmatch(said)
        if found is None or said.startswith("previous "):
            return None
        unit = found["unit"] or found["single"]
        count = number_of(found["amount"]) if found["amount"] else 1
        if found["amount"] is None and unit in ("quarter", "year", "day"):
            # The last quarter and year are those of the calendar; the last day is yesterday's.
            return None
        return self._since(moved(self._now, -count, unit))

    def _between(self, said: str) -> Interval | None:
        found = _BETWEEN.fullmatch(said) or _DAYS.fullmatch(said) or _FROM_TO.fullmatch(said)
        if found is None:
            return None
        first, last = _completed(found["first"].strip(), found["last"].strip())
        end = self._period(last).end
        start = self._period(first).start
        if start >= end and not re.search(r"\d{4}", first):
            start = start.replace(year=start.year - 1)
        return self._of(Period(start, end))

    def _bound(self, said: str) -> Interval | None:
        found = _BOUND.fullmatch(said)
        if found is None:
            return None
        period = self._period(found["whole"])
        match found["side"]:
            case "since" | "starting":
                return Interval(stamp(period.start, self._zone), None)
            case "after":
                return Interval(stamp(period.end, self._zone), None)
            case "before":
                return Interval(None, stamp(period.start, self._zone))
            case _:
                return Interval(None, stamp(period.end, self._zone))

    def _offset(self, said: str) -> Interval | None:
        found = _OFFSET.fullmatch(said)
        if found is None:
            return None
        period = self._period(found["anchor"])
        amount = number_of(found["amount"])
        if found["side"] == "before":
            return self._of(Period(moved(period.start, -amount, found["unit"]), period.start))
        return self._of(Period(period.end, moved(period.end, amount, found["unit"])))

    def _period(self, said: str) -> Period:
        """Return a period: of the calendar, of so long ago, or the day of what it names."""
        if said == "now":
            return Period(self._now, self._now + timedelta(seconds=1))
        ago = _AGO.fullmatch(said)
        if ago is not None:
            day = day_of(moved(self._now, -number_of(ago["amount"]), ago["unit"]))
            return Period(day, day + _DAY)
        try:
            return period_of(said, self._now)
        except InvalidRequest:
            if self._resolve is None:
                raise
        moment = self._anchor(said)
        return Period(moment, moment + timedelta(seconds=1))

    def _anchor(self, phrase: str) -> datetime:
        at_s = self._resolve(phrase) if self._resolve is not None else None
        if at_s is None:
            raise InvalidRequest(f"no date, and no memory that tells when {phrase!r} was")
        return _local(at_s, self._zone)


def _completed(first: str, last: str) -> tuple[str, str]:
    """Return both ends whole: in "3 to 5 may" and "may 3 to 5", each end lends what it has."""
    if _DAY_ONLY.fullmatch(first) and (end := _MONTH_END.fullmatch(last)):
        return f"{first} {end['after']}{end['year'] or ''}", last
    if _DAY_ONLY.fullmatch(last) and (start := _MONTH_START.fullmatch(first)):
        return first, f"{start['before']} {last}"
    year = re.search(r" (\d{4})$", last)
    if year and not re.search(r"\d{4}", first) and re.search(MONTH, first):
        return f"{first} {year[1]}", last
    return first, last
