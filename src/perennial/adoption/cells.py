"""What the text cells of one column mean: numbers, dates, codes, words; and the cells written plainly."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import pandas as pd

SURE_MISSING = ("", "NA", "N/A", "#N/A", "NaN", "nan", "NULL", "null", "?")
PERHAPS_MISSING = ("-", "--", ".", "None", "none", "n/a", "na", "missing", "unknown", "Unknown")
_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+")
_UNIT = re.compile(r"([$€£¥])?\s*([+-]?[\d.,]+(?:[eE][+-]?\d+)?)\s*([%€$£])?")
_DAYS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y"),
    *("%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y", "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%Y%m%d"),
)
_TIMES = ("", " %H:%M:%S", " %H:%M", "T%H:%M:%S", " %H:%M:%S.%f", "T%H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")
_SAMPLE = 200
DECIMAL_COMMA = "decimal comma"
_ISO_OFFSET = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)")


@dataclass(frozen=True)
class Reading:
    """How the cells of a column are read: a contract dtype, the cells as plain text, and what was done to them.

    `form` names how the cells are written where a few of them alone might be read otherwise, as `read_form` takes it.
    """

    dtype: str
    cells: pd.Series
    note: str = ""
    doubt: str = ""
    unit: str = ""
    form: str = ""


def find_missing(cells: pd.Series) -> tuple[str, ...]:
    """Return which spellings stand for a missing cell: the sure ones, and others where all the rest are numbers."""
    values = set(cells.unique())
    sure = tuple(mark for mark in SURE_MISSING if mark in values)
    perhaps = [mark for mark in PERHAPS_MISSING if mark in values]
    rest = values - set(sure) - set(perhaps)
    return (*sure, *perhaps) if perhaps and rest and all(_PLAIN.fullmatch(value) for value in rest) else sure


def read_cells(cells: pd.Series) -> Reading:
    """Return how a column of present text cells is read; the cells keep their index.

    Numbers with thousands separators, a decimal comma or a unit, and dates in common formats are written plainly.
    """
    distinct = [str(value) for value in cells.unique()]
    if not distinct:
        return Reading("category", cells)
    for read in (_read_boolean, _read_codes, _read_numbers, _read_dates):
        found = read(cells, distinct)
        if found is not None:
            return found
    return _read_words(cells, distinct)


def _read_boolean(cells: pd.Series, distinct: Sequence[str]) -> Reading | None:
    words = {value.lower() for value in distinct}
    return Reading("boolean", cells.str.lower()) if words in ({"true", "false"}, {"0", "1"}) else None


def _read_codes(cells: pd.Series, distinct: Sequence[str]) -> Reading | None:
    digits = all(value.isascii() and value.isdigit() for value in distinct)
    if digits and any(len(value) > 1 and value.startswith("0") for value in distinct):
        return Reading("category", cells, "digits with leading zeros are a code, not a number")
    if digits and any(len(value) > 15 for value in distinct):
        return Reading("id", cells, "more digits than a number holds exactly: an identifier")
    return None


def _read_numbers(cells: pd.Series, distinct: Sequence[str]) -> Reading | None:
    stripped = [value.strip() for value in distinct]
    if all(_PLAIN.fullmatch(value) for value in stripped):
        return _read_stamps(cells, stripped) or Reading("numeric", cells.str.strip())
    parts = [_UNIT.fullmatch(value) for value in stripped]
    if not all(parts):
        return None
    units = {(part[1] or "") + (part[3] or "") for part in parts if part}
    bodies = {value: part[2] for value, part in zip(distinct, parts, strict=True) if part}
    unit = units.pop() if len(units) == 1 else None
    plainly = _plain_bodies(set(bodies.values()))
    if unit is None or plainly is None:
        return None
    change, note = plainly
    said = "; ".join(filter(None, (note, f"written with {unit}" if unit else "")))
    plain = cells.map({value: change(body) for value, body in bodies.items()})
    return Reading("numeric", plain, said, unit=unit, form=note if note == DECIMAL_COMMA else "")


def _plain_bodies(bodies: set[str]) -> tuple[Callable[[str], str], str] | None:
    if all(_PLAIN.fullmatch(body) for body in bodies):
        return str, ""
    if all(_THOUSANDS.fullmatch(body) or _PLAIN.fullmatch(body) for body in bodies):
        return lambda body: body.replace(",", ""), "thousands separated by commas"
    if all(_DECIMAL_COMMA.fullmatch(body) or body.lstrip("+-").isdigit() for body in bodies):
        return lambda body: body.replace(".", "").replace(",", "."), DECIMAL_COMMA
    return None


def _read_stamps(cells: pd.Series, distinct: Sequence[str]) -> Reading | None:
    """Whole numbers that are all days such as 20130601, or seconds or milliseconds since 1970 from 2001 to 2035."""
    if len(distinct) < 3 or not all(value.isdigit() for value in distinct):
        return None
    if all(len(value) == 8 and value[:2] in ("19", "20") for value in distinct) and _fits(distinct, "%Y%m%d"):
        return Reading(
            "datetime", pd.to_datetime(cells, format="%Y%m%d").astype("str"), "days written 20130601", form="%Y%m%d"
        )
    units: tuple[tuple[Literal["s", "ms"], int, int], ...] = (("s", 1, 10), ("ms", 1000, 13))
    for unit, scale, digits in units:
        if all(len(value) == digits for value in distinct):
            years = {datetime.fromtimestamp(int(value) / scale, UTC).year for value in (min(distinct), max(distinct))}
            if min(years) >= 2001 and max(years) <= 2035:
                instants = pd.Series(pd.to_datetime(cells.astype("int64").to_numpy(), unit=unit), index=cells.index)
                return Reading("datetime", instants.astype("str"), f"{unit} since 1970 in UTC", form=unit)
    return None


def _fits(values: Sequence[str], form: str) -> bool:
    try:
        for value in values:
            datetime.strptime(value, form)
    except ValueError:
        return False
    return True


def _parse_all(cells: pd.Series, form: str) -> pd.Series | None:
    try:
        return pd.to_datetime(cells, format=form)
    except ValueError:
        return None


def _read_dates(cells: pd.Series, distinct: Sequence[str]) -> Reading | None:
    if all(_ISO_OFFSET.fullmatch(value) for value in distinct):
        instants = pd.to_datetime(cells, utc=True, format="ISO8601").dt.tz_localize(None)
        return Reading("datetime", instants.astype("str"), "instants with an offset, kept in UTC")
    sample = distinct[:_SAMPLE]
    likely = [day + time for day in _DAYS for time in _TIMES if _fits(sample, day + time)]
    parsed = {form: found for form in likely if (found := _parse_all(cells, form)) is not None}
    if not parsed:
        return None
    form, instants = next(iter(parsed.items()))
    others = [other for other, found in parsed.items() if not found.equals(instants)]
    doubt = f"also reads as {others[0]}" if others else ""
    note = "" if form.startswith("%Y-%m-%d") else f"dates written {form}"
    return Reading("datetime", instants.astype("str"), note, doubt, form=form if note else "")


def _read_words(cells: pd.Series, distinct: Sequence[str]) -> Reading:
    spaced = sum(value.count(" ") >= 2 for value in distinct) / len(distinct)
    # Phrases that come again and again are the names of levels.
    if len(distinct) > 20 and len(distinct) > 0.05 * len(cells) and spaced > 0.5:
        return Reading("text", cells, "free text")
    if len(distinct) > 50 and len(distinct) > 0.5 * len(cells):
        return Reading("id", cells, "almost every row has another value")
    return Reading("category", cells)
