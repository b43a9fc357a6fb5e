"""What a row is, when it happened, and which rows belong together."""

import re
from collections.abc import Mapping

import pandas as pd

from perennial.adoption.cells import Reading
from perennial.adoption.suspects import is_personal

FEWEST_DAYS = 20  # a shorter span cannot be divided into months that learn, choose and judge
FEWEST_GROUPS = 100  # a fifth of fewer is too few to judge by
LONGEST_YEARS = 30  # dates that reach further back are of birth, not of what happened
_KEY = re.compile(r"(?i:(^|[_\s])(id|key|uuid|guid|no|number|code|ref)$)|[a-z](Id|ID)$")
_TIME = re.compile(r"date|time|created|_at$|stamp|when|day$|pickup|start", re.IGNORECASE)
_YEAR = re.compile(r"(^|[_\W])(year|yr|jahr)$|[a-z]Year$", re.IGNORECASE)
_BIRTH = re.compile(r"birth|dob|born", re.IGNORECASE)


def is_key_name(name: str) -> bool:
    """Tell whether a column is called like a key."""
    return bool(_KEY.search(name))


def find_key(readings: Mapping[str, Reading], rows: int, target: str) -> str | None:
    """Return the column that numbers or names every row, or None: the first by its name, else the first identifier.

    What names or reaches a person is none, for keys are recorded.
    """
    unique = [
        name
        for name, reading in readings.items()
        if name != target
        and not is_personal(name, reading.cells)
        and reading.dtype in ("id", "category", "numeric")
        and reading.cells.nunique() == rows
        and (reading.dtype != "numeric" or reading.cells.str.fullmatch(r"\d+").all())
    ]
    named = [name for name in unique if _KEY.search(name)]
    words = [name for name in unique if readings[name].dtype == "id"]
    return next(iter([*named, *words]), None)


def find_time(typed: Mapping[str, pd.Series]) -> str | None:
    """Return the column of instants by which rows happened, or None.

    It is known on every row, spans at least `FEWEST_DAYS` days, is not a date of birth, and is seldom after another.
    """
    instants = {name: values for name, values in typed.items() if _may_be_time(name, values)}
    if not instants:
        return None
    named = [name for name in instants if _TIME.search(name)] or list(instants)
    return min(named, key=lambda name: instants[name].mean())


def _may_be_time(name: str, values: pd.Series) -> bool:
    if not pd.api.types.is_datetime64_any_dtype(values) or values.isna().any() or _BIRTH.search(name):
        return False
    days = (values.max() - values.min()).days
    return bool(FEWEST_DAYS <= days <= LONGEST_YEARS * 366 and values.dt.normalize().nunique() >= FEWEST_DAYS)


def is_year(name: str, values: pd.Series) -> bool:
    """Tell whether a typed column is called a year and holds several, none of them missing."""
    if not _YEAR.search(name) or not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return False
    return bool(values.nunique() > 1 and values.between(1900, 2100).all() and (values % 1 == 0).all())


def find_group(readings: Mapping[str, Reading], key: str | None, target: str, rows: int) -> str | None:
    """Return the column that says whose row it is: an identifier with at least two rows of each on average."""
    for name, reading in readings.items():
        count = reading.cells.nunique()
        named = _KEY.search(name) and not name.lower().endswith("code")
        if name not in (key, target) and named and len(reading.cells) == rows and FEWEST_GROUPS <= count <= rows / 2:
            return name
    return None
