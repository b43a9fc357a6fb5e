"""Dates as people write them."""

import re
from collections.abc import Sequence
from datetime import datetime

import pandas as pd

SAMPLE = 200
_DAYS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y"),
    *("%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y", "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%Y%m%d"),
    *("%d-%b-%y", "%d %b %y", "%d/%b/%Y", "%Y.%m.%d", "%b %d %Y", "%a, %d %b %Y", "%A, %d %B %Y", "%A, %B %d, %Y"),
    *("%Y-%m", "%Y/%m", "%m/%Y", "%m.%Y", "%b %Y", "%B %Y", "%b-%Y"),
)
_TIMES = (
    *("", " %H:%M:%S", " %H:%M", "T%H:%M:%S", " %H:%M:%S.%f", "T%H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p"),
    *("T%H:%M", ":%H:%M:%S", " %H:%M:%S GMT"),
)
FORMS = (*(day + time for day in _DAYS for time in _TIMES), "%a %b %d %H:%M:%S %Y")
LIKE_DATE = re.compile(
    r"\d{1,4}[-/. ]\s?\w|\d{8}(?!\d)|(mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)",
    re.IGNORECASE,
)
ISO_OFFSET = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z| ?UTC|[+-]\d\d(:?\d\d)?)")
STAMPS = (("%Y%m%d", 8, "days written 20130601"), ("%Y%m%d%H%M%S", 14, "instants written 20130601235900"))


def fits(values: Sequence[str], form: str) -> bool:
    """Tell whether every value is written in a form of dates."""
    try:
        for value in values:
            datetime.strptime(value, form)
    except ValueError:
        return False
    return True


def parse_all(cells: pd.Series, form: str) -> pd.Series | None:
    """Return cells as instants, None where one is not of that form."""
    try:
        return pd.to_datetime(cells, format=form)
    except ValueError:
        return None
