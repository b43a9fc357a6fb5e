"""Instants to numbers: parts of the calendar, what comes round, and ages; an int or an array of int64 alike."""

import math
import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from perennial.refusal import Refusal

DATETIME_PARTS = ("month", "weekday", "hour", "year_sin", "year_cos", "days")
"""The parts of a column of an encoder that names none: those of the first bundles."""

CALENDAR = ("year", "month", "weekday", "hour")
CYCLES = ("year_sin", "year_cos", "week_sin", "week_cos", "day_sin", "day_cos")
PARTS = (*CALENDAR, *CYCLES, "days", "age")
WANTED = "an ISO-8601 date and time such as 2013-07-01T12:00:00Z"

_MINUTE, _HOUR, DAY = 60_000_000, 3_600_000_000, 86_400_000_000
YEAR = 366 * DAY
_EPOCH = datetime(1970, 1, 1)
_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}(:?[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)?)?)?"
)


def _waves(steps: float, entries: int) -> tuple[Any, Any]:
    """Return sine and cosine of one turn in `steps`.

    Tables, so that one row and a whole column cannot differ in the last digit of a sine.
    """
    angles = [2 * math.pi * step / steps for step in range(entries)]
    return np.array([math.sin(angle) for angle in angles]), np.array([math.cos(angle) for angle in angles])


_YEAR_SIN, _YEAR_COS = _waves(365.25, 366)
_WEEK_SIN, _WEEK_COS = _waves(7, 7)
_DAY_SIN, _DAY_COS = _waves(1440, 1440)


def split_instant(micros: Any, parts: Sequence[str] = DATETIME_PARTS) -> tuple[Any, ...]:
    """Return the named `PARTS` but age of microseconds since 1970 UTC; an int or an array of int64 alike.

    Year and month follow Hinnant's `civil_from_days` (chrono-compatible date algorithms), which has no branch;
    its day of the year starts in March, which only shifts the phase of the sine and cosine.
    """
    days, of_day = micros // DAY, micros % DAY
    shifted, weekday, minute = days + 719_468, (days + 3) % 7, of_day // _MINUTE
    of_era = shifted % 146_097
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    month = month + 3 - 12 * (month // 10)
    known = {
        "year": year + 400 * (shifted // 146_097) + (month <= 2),
        "month": month,
        "weekday": weekday,
        "hour": of_day / _HOUR,
        "year_sin": _YEAR_SIN[of_year],
        "year_cos": _YEAR_COS[of_year],
        "week_sin": _WEEK_SIN[weekday],
        "week_cos": _WEEK_COS[weekday],
        "day_sin": _DAY_SIN[minute],
        "day_cos": _DAY_COS[minute],
        "days": days,
    }
    return tuple(known[part] for part in parts)


def count_age(micros: Any, since: Any) -> Any:
    """Return the days from `micros` to `since`; whole days apart from the rest, so that both are exact."""
    passed = since - micros
    return passed // DAY + (passed % DAY) / DAY


def choose_parts(known: Any, *, is_time: bool, has_age: bool) -> list[str]:
    """Return the parts that the known instants of a training column (n,) can tell, in the order of `PARTS`.

    Hours where there are any, months where they span a year. Of the decision's own time nothing that only grows:
    rows to come lie beyond all of it. Ages (days until the decision) where the decision's time is an input too.
    """
    span = int(known.max() - known.min()) if len(known) else 0
    chosen = {"weekday", "week_sin", "week_cos"}
    if len(known) and bool((known % DAY != 0).any()):
        chosen |= {"hour", "day_sin", "day_cos"}
    if span >= YEAR:
        chosen |= {"month", "year_sin", "year_cos"}
    if not is_time:
        chosen |= {"days"} | ({"year"} if span >= YEAR else set()) | ({"age"} if has_age else set())
    return [part for part in PARTS if part in chosen]


def to_micros(name: str, value: Any) -> int:
    """Return microseconds since 1970 UTC of a datetime, a date or an ISO-8601 text; without an offset it is UTC."""
    if isinstance(value, str):
        value = parse_instant(name, value)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if not isinstance(value, datetime):
        raise wrong_value(name, value, WANTED)
    offset = value.utcoffset()
    micros = _count_micros(value.replace(tzinfo=None) - _EPOCH)
    return micros if offset is None else micros - _count_micros(offset)


def _count_micros(delta: timedelta) -> int:
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def read_iso(text: str) -> datetime | None:
    """Return the instant that a text writes as YYYY-MM-DD[THH:MM[:SS[.ffffff]][offset]], None for any other text."""
    try:
        return datetime.fromisoformat(text) if _ISO.fullmatch(text) else None
    except ValueError:
        return None


def parse_instant(name: str, text: str) -> datetime:
    """Return the instant of an ISO-8601 text; raises Refusal for any other."""
    instant = read_iso(text)
    if instant is None:
        raise wrong_value(name, text, WANTED)
    return instant


def wrong_value(name: str, value: Any, wanted: str) -> Refusal:
    """Return the refusal of a value that its column cannot hold."""
    return Refusal(f"column `{name}` holds {value!r:.80} ({type(value).__name__}): send {wanted}, or null.")
