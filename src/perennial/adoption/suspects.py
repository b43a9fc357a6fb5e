"""Columns that know the answer alone, or because they happen afterwards; and those about persons."""

import re
from collections import Counter

import numpy as np
import pandas as pd

from perennial.data.association import associate, class_codes, level_codes, rank_codes

AUC, CORRELATION = 0.9, 0.99
TEXTS, WORDS = 5_000, 300  # rows of free text that are looked at, and how many of their most frequent words
BINS = 32
_PERSONAL = re.compile(
    r"\be.?mail|phone|telefon|\btel\b|\bfax\b|mobile|\bssn\b|social.?sec|passport|(first|last|sur|full|middle|nick|nach|vor)"
    r".?name|\b(customer|client|patient|user|contact|person|employee|member|guest|passenger|owner)s?.?name\b"
    r"|\badd?ress|street|stra(ss|ß)e|\biban\b|card.?number|\bip\b",
    re.IGNORECASE,
)
_SENSITIVE = re.compile(
    r"^(gender|sex|race|ethnic\w*|religion|nationality|marital.?status|disab\w*|citizen\w*)$", re.IGNORECASE
)
_REACHES = re.compile(
    r"[^@\s]+@[^@\s]+\.[^@\s]+|(\d{1,3}\.){3}\d{1,3}|\+\d[\d ()/-]{6,}\d|\(\d{2,5}\) ?[\d -]{4,}\d"
)  # an e-mail, an address on the network, a telephone


def is_personal(name: str, cells: pd.Series) -> bool:
    """Tell whether a column names persons or reaches them, by its name or by what its cells look like."""
    sample = [str(value) for value in cells.dropna().head(100)]
    reaching = sum(bool(_REACHES.fullmatch(value)) for value in sample)
    return bool(_PERSONAL.search(_spaced(name))) or (len(sample) > 0 and reaching > 0.5 * len(sample))


def _spaced(name: str) -> str:
    return re.sub(r"[_\W]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)).strip()


def is_sensitive(name: str, dtype: str) -> bool:
    """Tell whether a column is a trait that decisions must not turn on, by its name; only words and flags are."""
    return dtype in ("category", "boolean") and bool(_SENSITIVE.match(_spaced(name)))


def suspect_alone(column: pd.Series, target: pd.Series, task: str) -> str | None:
    """Say why one typed column nearly decides the target (no row missing in it), or None."""
    numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    values = column.to_numpy(dtype=np.float64, na_value=np.nan) if numeric else None
    codes = level_codes(column) if values is None else rank_codes(values, BINS)
    found = associate(codes=codes, values=values, target=class_codes(target, task), task=task)
    limit = AUC if found["measure"] == "AUC" else CORRELATION
    if found["value"] is None or abs(found["value"]) < limit:
        return None
    return f"alone it nearly decides the target ({found['measure']} {found['value']:.3f})"


def suspect_words(texts: pd.Series, target: pd.Series, task: str) -> str | None:
    """Say that a single word of free text nearly decides the target, or None; the word itself is not said."""
    rows = texts.index[:: max(1, -(-len(texts) // TEXTS))]
    words = texts.loc[rows].fillna("").astype("str").str.lower().str.findall(r"\w+").map(set)
    counts = Counter(word for each in words for word in each)
    often = [word for word, count in counts.most_common(WORDS) if 0.02 <= count / len(rows) <= 0.98]
    for word in often:
        held = words.map(lambda each, word=word: word in each).astype("boolean")
        if said := suspect_alone(held, target.loc[rows], task):
            return said.replace("alone it", "one of its words alone")
    return None


def happens_after(instants: pd.Series, time: pd.Series) -> str | None:
    """Say that an instant is never before the time of its row and mostly later, or None."""
    known = instants.notna() & time.notna()
    if not known.any():
        return None
    later = (instants[known] > time[known]).mean()
    never_before = bool((instants[known] >= time[known]).all())
    return f"it happens after {time.name} in {later:.0%} of the rows" if never_before and later > 0.5 else None


def typed_column(cells: pd.Series, dtype: str) -> pd.Series:
    """Return plain text cells as numbers, instants, flags or words, for looking at them."""
    if dtype == "numeric":
        return pd.to_numeric(cells, errors="coerce")
    if dtype == "datetime":
        return pd.to_datetime(cells, errors="coerce", format="ISO8601")
    if dtype == "boolean":
        return cells.isin(["true", "1"]).astype("boolean")
    return cells
