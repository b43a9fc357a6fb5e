"""What the text cells of one column mean: numbers, dates, codes, words; and the cells written plainly."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import pandas as pd

from perennial.adoption.dates import FORMS, ISO_OFFSET, LIKE_DATE, SAMPLE, STAMPS, fits, parse_all
from perennial.adoption.numerals import (
    DECIMAL_COMMA,
    GROUPED,
    PLAIN,
    UNIT,
    doubt_number,
    doubt_words,
    plain_bodies,
    write_number,
)

SURE_MISSING = (
    *("", "NA", "N/A", "#N/A", "NaN", "nan", "NULL", "null", "Null", "(null)", "?", "\\N", "<NA>", "NaT"),
    *("#DIV/0!", "#VALUE!", "#REF!", "#NULL!", "#NUM!", "#NAME?"),
)
# Where all the rest are numbers or dates, in any case of letters.
PERHAPS_MISSING = (
    *("-", "--", "---", ".", "..", "*", "_", "none", "n/a", "na", "n.a.", "nil", "missing", "unknown", "not available"),
    *("0000-00-00", "0000-00-00 00:00:00"),
)


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


def find_missing(cells: pd.Series, dtype: str | None = None) -> tuple[str, ...]:
    """Return which spellings stand for a missing cell: the sure ones, and others where the rest are numbers or dates.

    `dtype` is what the column is known to hold, if it is.
    """
    values = set(cells.unique())
    sure = tuple(mark for mark in SURE_MISSING if mark in values)
    perhaps = sorted(value for value in values - set(sure) if value.lower() in PERHAPS_MISSING)
    rest = sorted(values - set(sure) - set(perhaps))
    if not perhaps or not (dtype or rest):
        return sure
    measured = (dtype or _read_rest(rest)) in ("numeric", "datetime")
    return (*sure, *perhaps) if measured else sure


def _read_rest(values: Sequence[str]) -> str:
    if all(PLAIN.fullmatch(value) for value in values):
        return "numeric"
    return read_cells(pd.Series(values, dtype="str")).dtype


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
    if all(PLAIN.fullmatch(value) for value in stripped):
        plain_cells = cells.str.strip()
        return _read_stamps(cells, stripped) or Reading(
            "numeric", plain_cells, doubt=doubt_number(pd.to_numeric(plain_cells))
        )
    # Digits that all stand in groups, and never with a fraction, may be telephone numbers.
    if not all(" " in value and (found := GROUPED.fullmatch(value)) and not found[2] for value in stripped):
        stripped = [write_number(value) for value in stripped]
    parts = [UNIT.fullmatch(value) for value in stripped]
    if not all(parts):
        return None
    units = {(part[1] or "") + (part[3] or "") for part in parts if part}
    bodies = {value: part[2] for value, part in zip(distinct, parts, strict=True) if part}
    unit = units.pop() if len(units) == 1 else None
    plainly = plain_bodies(set(bodies.values()))
    if unit is None or plainly is None:
        return None
    change, note = plainly
    said = "; ".join(filter(None, (note, f"written with {unit}" if unit else "")))
    plain = cells.map({value: change(body) for value, body in bodies.items()})
    return Reading("numeric", plain, said, unit=unit, form=note if note == DECIMAL_COMMA else "")


def _read_stamps(cells: pd.Series, distinct: Sequence[str]) -> Reading | None:
    """Whole numbers that are all days such as 20130601, or seconds or milliseconds since 1970 from 2001 to 2035."""
    if len(distinct) < 3 or not all(value.isdigit() for value in distinct):
        return None
    for form, length, note in STAMPS:
        dated = all(len(value) == length and value[:2] in ("19", "20") for value in distinct)
        if dated and fits(distinct, form):
            return Reading("datetime", pd.to_datetime(cells, format=form).astype("str"), note, form=form)
    units: tuple[tuple[Literal["s", "ms"], int, int], ...] = (("s", 1, 10), ("ms", 1000, 13))
    for unit, scale, digits in units:
        if all(len(value) == digits for value in distinct):
            years = {datetime.fromtimestamp(int(value) / scale, UTC).year for value in (min(distinct), max(distinct))}
            if min(years) >= 2001 and max(years) <= 2035:
                instants = pd.Series(pd.to_datetime(cells.astype("int64").to_numpy(), unit=unit), index=cells.index)
                return Reading("datetime", instants.astype("str"), f"{unit} since 1970 in UTC", form=unit)
    return None


def _read_dates(cells: pd.Series, distinct: Sequence[str]) -> Reading | None:
    if all(ISO_OFFSET.fullmatch(value) for value in distinct):
        instants = pd.to_datetime(cells.str.replace(r" ?UTC$", "Z", regex=True), utc=True, format="ISO8601")
        instants = instants.dt.tz_localize(None)
        return Reading("datetime", instants.astype("str"), "instants with an offset, kept in UTC")
    sample = distinct[:SAMPLE]
    if not all(LIKE_DATE.match(value) for value in sample):
        return None
    likely = [form for form in FORMS if fits(sample, form)]
    parsed = {form: found for form in likely if (found := parse_all(cells, form)) is not None}
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
    doubt = doubt_words(distinct)
    if len(distinct) > 50 and len(distinct) > 0.5 * len(cells):
        return Reading("id", cells, "almost every row has another value", doubt)
    return Reading("category", cells, doubt=doubt)
