"""Numbers as people write them: with units, signs and thousands; and words that are nearly numbers."""

import re
from collections.abc import Callable, Sequence

import pandas as pd

DECIMAL_COMMA = "decimal comma"
PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+")
UNIT = re.compile(r"([$€£¥])?\s*([+-]?[\d.,]+(?:[eE][+-]?\d+)?)\s*([%€$£])?")
_APART = " '\u00a0\u2009\u202f\u2019"  # between thousands in Sweden, Switzerland, France
GROUPED = re.compile(rf"([^\d]*[1-9]\d{{0,2}}(?:[{_APART}]\d{{3}})+)([.,]\d+)?([^\d]*)")
_BRACKETED = re.compile(r"\(([^()]*\d[^()]*)\)")
_SIGN_BEFORE_UNIT = re.compile(r"([+-])\s?([$€£¥])\s?(\d.*)")
_SENTINELS = (-9, -99, -999, -9999, -99999, 999, 9999, 99999, 999999)
_DOUBTED = 20  # values, fewer of which may well be words
_MEASURE = re.compile(r"[+-]?[\d.,]+\s?([^\W\d_]{1,5})")


def write_number(value: str) -> str:
    """Return a number with its sign before its digits and no blank among them; anything else as it is."""
    value = value.replace("\u2212", "-")
    if bracketed := _BRACKETED.fullmatch(value):
        value = f"-{bracketed[1]}"
    if grouped := GROUPED.fullmatch(value):
        value = grouped[1].translate(dict.fromkeys(map(ord, _APART))) + (grouped[2] or "") + grouped[3]
    signed = _SIGN_BEFORE_UNIT.fullmatch(value)
    return f"{signed[2]}{signed[1]}{signed[3]}" if signed else value


def plain_bodies(bodies: set[str]) -> tuple[Callable[[str], str], str] | None:
    """Return how numbers without their units are written plainly and what that is called; None where they differ."""
    if all(PLAIN.fullmatch(body) for body in bodies):
        return str, ""
    if all(_THOUSANDS.fullmatch(body) or PLAIN.fullmatch(body) for body in bodies):
        return lambda body: body.replace(",", ""), "thousands separated by commas"
    if all(_DECIMAL_COMMA.fullmatch(body) or body.lstrip("+-").isdigit() for body in bodies):
        return lambda body: body.replace(".", "").replace(",", "."), DECIMAL_COMMA
    return None


def _is_number(value: str) -> bool:
    found = UNIT.fullmatch(value)
    return bool(found) and any(form.fullmatch(found[2]) for form in (PLAIN, _THOUSANDS, _DECIMAL_COMMA) if found)


def doubt_number(numbers: pd.Series) -> str:
    """Say that a number such as -999, which comes again and again far from the rest, may stand for a missing cell."""
    for mark in _SENTINELS:
        marked = numbers == mark
        rest = numbers[~marked]
        if marked.sum() > 1 and len(rest) and rest.nunique() >= _DOUBTED:
            room = max(float(rest.max() - rest.min()), 1.0)
            if min(abs(mark - rest.min()), abs(mark - rest.max())) > room:
                return (
                    f"{mark} stands on {int(marked.sum()):,} rows, far from the rest; empty those if it means missing"
                )
    return ""


def doubt_words(distinct: Sequence[str]) -> str:
    """Say that words would be numbers but for what is written beside some of them, or nothing."""
    if len(distinct) < _DOUBTED:
        return ""
    odd = [value for value in distinct if not _is_number(write_number(value))]
    if 0 < len(odd) <= 0.2 * len(distinct):
        return f"all but {len(odd)} of its {len(distinct):,} values are numbers; others are such as {odd[0]!r}"
    units = {found[1].strip() for value in distinct if (found := _MEASURE.fullmatch(value))}
    measured = all(_MEASURE.fullmatch(value) for value in distinct)
    return f"its values are numbers with {units.pop()!r} behind them" if measured and len(units) == 1 else ""
