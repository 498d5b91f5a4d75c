"""Days of the calendar: weekdays, leap years, spans and order, exactly.

The Gregorian calendar is meant; a weekday before 1582-10-15 isn't judged, since other calendars
were in use.
"""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta
from typing import Final

from mimo.actors.cognition.verdict import Verdict, judged

#: The first day of the Gregorian calendar.
GREGORIAN: Final = date(1582, 10, 15)
_MONTHS: Final = tuple(name.lower() for name in calendar.month_name[1:])
_WEEKDAYS: Final = tuple(name.lower() for name in calendar.day_name)
_MONTH: Final = "|".join([*_MONTHS, *(name[:3] + r"\.?" for name in _MONTHS), r"sept\.?"])
_DAY_FORMS: Final = (
    r"\d{4}-\d{2}-\d{2}",
    rf"(?:{_MONTH}) \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}",
    rf"\d{{1,2}}(?:st|nd|rd|th)?(?: of)? (?:{_MONTH}),? \d{{4}}",
)
#: A day as people write it.
DAY: Final = "(?:" + "|".join(_DAY_FORMS) + ")"
_WEEKDAY: Final = "|".join([*_WEEKDAYS, *(name[:3] for name in _WEEKDAYS)])
_IS: Final = r"(?:is|was|will be|falls on|fell on|has|had)"
_UNIT: Final = r"(?P<unit>day|week)s?"
_FLAGS: Final = re.IGNORECASE

_ON_WEEKDAY: Final = re.compile(
    rf"(?P<day>{DAY}),? {_IS}(?P<not> not)? (?:on )?(?:a )?(?P<weekday>{_WEEKDAY})\b", _FLAGS
)
_ORDER: Final = re.compile(
    rf"(?P<day>{DAY}) (?:{_IS} )?(?P<order>before|after|earlier than|later than|<=|>=|<|>)"
    rf" (?P<other>{DAY})",
    _FLAGS,
)
_LEAP: Final = re.compile(
    r"(?<![\w-])(?:the year )?(?P<year>\d{3,4}) (?:is|was|will be)(?P<not> not|n't)? a leap year",
    _FLAGS,
)
_MONTH_LENGTH: Final = re.compile(
    rf"(?P<month>{_MONTH})(?: (?P<year>\d{{4}}))? (?:has|had) (?P<count>\d{{1,2}}) days", _FLAGS
)
_SPAN: Final = re.compile(
    rf"(?:there (?:are|were) (?P<count>\d{{1,7}}) {_UNIT}"
    rf"|(?P<count2>\d{{1,7}}) (?P<unit2>day|week)s? (?:lie|pass|passed))"
    rf" (?:between|from) (?P<day>{DAY}) (?:and|to|until) (?P<other>{DAY})",
    _FLAGS,
)
_SPAN_AFTER: Final = re.compile(
    rf"(?:between|from) (?P<day>{DAY}) (?:and|to|until) (?P<other>{DAY})"
    rf" (?:there )?(?:is|are|were|it is) (?P<count>\d{{1,7}}) {_UNIT}",
    _FLAGS,
)
_SHIFT: Final = re.compile(
    rf"(?P<count>\d{{1,7}}) {_UNIT} (?P<way>after|before|from) (?P<day>{DAY}) {_IS}"
    rf" (?P<other>{DAY})",
    _FLAGS,
)
_PLUS: Final = re.compile(
    rf"(?P<day>{DAY}) (?P<way>\+|-|plus|minus) (?P<count>\d{{1,7}}) {_UNIT} (?:=|is)"
    rf" (?P<other>{DAY})",
    _FLAGS,
)


def read_day(text: str) -> date | None:
    """Return the day that a text names; None if it names none, or one that doesn't exist."""
    clean = re.sub(r"(?<=\d)(?:st|nd|rd|th)|,| of(?= )|\.", "", text.strip().lower())
    parts = clean.split("-") if re.fullmatch(r"\d{4}-\d{2}-\d{2}", clean) else clean.split()
    if len(parts) != 3:
        return None
    if parts[0].isdigit() and len(parts[0]) == 4:
        year, month, day = parts
    elif parts[0].isdigit():
        day, month, year = parts
    else:
        month, day, year = parts
    number = int(month) if month.isdigit() else _month(month)
    if not (year.isdigit() and day.isdigit() and number):
        return None
    try:
        return date(int(year), number, int(day))
    except ValueError:
        return None


def check(sentence: str) -> list[Verdict]:
    """Return the verdicts on the claims about days in one sentence."""
    found = [_leap(match) for match in _LEAP.finditer(sentence)]
    found += [_length(match) for match in _MONTH_LENGTH.finditer(sentence)]
    for form, judge in _JUDGES:
        for match in form.finditer(sentence):
            missing = [
                match[name]
                for name in ("day", "other")
                if match.groupdict().get(name) and read_day(match[name]) is None
            ]
            if missing:
                told = f"there is no {missing[0]}"
                found.append(judged(False, "dates", told, match[0]))
            else:
                found.append(judge(match))
    return found


def weekday(day: date) -> str:
    """Return the English name of a day's weekday."""
    return _WEEKDAYS[day.weekday()].capitalize()


def _day(text: str) -> date:
    found = read_day(text)
    if found is None:
        raise ValueError(f"expected a day, got {text!r}")
    return found


def _month(name: str) -> int:
    short = name[:3]
    return next((at for at, each in enumerate(_MONTHS, 1) if each.startswith(short)), 0)


def _on_weekday(match: re.Match[str]) -> Verdict:
    day = _day(match["day"])
    if day < GREGORIAN:
        return Verdict(
            status="unknown",
            evaluator="dates",
            evidence=f"weekdays before {GREGORIAN} depend on the calendar",
            claim=match[0],
        )
    is_that = weekday(day).lower().startswith(match["weekday"].lower())
    return judged(is_that != bool(match["not"]), "dates", f"{day} is a {weekday(day)}", match[0])


def _order(match: re.Match[str]) -> Verdict:
    day, other = _day(match["day"]), _day(match["other"])
    word = match["order"].lower()
    if word in {"before", "earlier than", "<", "<="}:
        holds = day < other or (word == "<=" and day == other)
    else:
        holds = day > other or (word == ">=" and day == other)
    days = (other - day).days
    told = f"{day} is {abs(days)} days {'before' if days >= 0 else 'after'} {other}"
    return judged(holds, "dates", told, match[0])


def _leap(match: re.Match[str]) -> Verdict:
    year = int(match["year"])
    is_leap = calendar.isleap(year)
    told = f"{year} is {'' if is_leap else 'not '}a leap year"
    return judged(is_leap != bool(match["not"]), "dates", told, match[0])


def _length(match: re.Match[str]) -> Verdict:
    month = _month(match["month"].lower())
    years = [int(match["year"])] if match["year"] else [2023, 2024]
    lengths = {calendar.monthrange(max(year, 1), month)[1] for year in years}
    told = " or ".join(str(each) for each in sorted(lengths))
    name = _MONTHS[month - 1].capitalize()
    evidence = f"{name} {match['year'] or ''}".strip() + f" has {told} days"
    return judged(int(match["count"]) in lengths, "dates", evidence, match[0])


def _span(match: re.Match[str]) -> Verdict:
    groups = match.groupdict()
    count = int(groups.get("count") or groups.get("count2") or 0)
    unit = (groups.get("unit") or groups.get("unit2") or "day").lower()
    day, other = _day(match["day"]), _day(match["other"])
    days = abs((other - day).days)
    # "Until" may mean the last day included.
    holds = count * (7 if unit == "week" else 1) in {days, days + 1}
    if unit == "week":
        holds = count * 7 == days
    return judged(holds, "dates", f"{days} days lie between {day} and {other}", match[0])


def _shift(match: re.Match[str]) -> Verdict:
    day, other = _day(match["day"]), _day(match["other"])
    days = int(match["count"]) * (7 if match["unit"].lower() == "week" else 1)
    back = match["way"].lower() in {"before", "-", "minus"}
    try:
        result = day + timedelta(days=-days if back else days)
    except OverflowError:
        return judged(False, "dates", "it lies outside of the years 1 to 9999", match[0])
    told = f"{days} days {'before' if back else 'after'} {day} is {result}"
    return judged(result == other, "dates", told, match[0])


_JUDGES: Final = (
    (_ON_WEEKDAY, _on_weekday),
    (_ORDER, _order),
    (_SPAN, _span),
    (_SPAN_AFTER, _span),
    (_SHIFT, _shift),
    (_PLUS, _shift),
)
