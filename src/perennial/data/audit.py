"""The point-in-time audit: which cuts to replay, and what may not differ when the future is masked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from perennial.refusal import Refusal

Instants = npt.NDArray[np.datetime64]
MICROSECOND = np.timedelta64(1, "us")
MINUTE = 60_000_000 * MICROSECOND
HOUR = 60 * MINUTE
TOLERANCE = 1e-9
SHOWN = 5


@dataclass(frozen=True)
class Difference:
    """A column that differs between the full and the masked run, in how many rows, and one of them."""

    column: str
    rows: int
    key: str
    full: str
    masked: str
    cut: str


def _draw(rng: np.random.Generator, instants: Instants, count: int) -> Instants:
    return rng.choice(instants, size=min(count, len(instants)), replace=False) if len(instants) else instants[:0]


def choose_cuts(
    decisions: Instants,
    instants: Mapping[str, Instants],
    *,
    random: int,
    adversarial: int,
    days: Sequence[str],
    seed: int,
) -> list[tuple[str, np.datetime64]]:
    """Return (kind, instant) of the cuts to replay, in order of time.

    `decisions` (n,) and each of `instants` (m,), by the name of their column, are UTC. Cuts are `random` within the
    hour after a decision (a cut where nobody decides compares nothing), `adversarial` of each kind (a minute after a
    decision, midnight, just before and at each kind of instant), and noon and the small hours of each of `days`.
    """
    rng = np.random.default_rng(seed)
    busy, decisions = _draw(rng, np.sort(decisions), random), np.unique(decisions)
    first, last = decisions[0], decisions[-1]
    midnights = np.arange(first.astype("datetime64[D]") + 1, last.astype("datetime64[D]") + 1)
    drawn = {
        "random": busy + rng.integers(1, HOUR // MICROSECOND, len(busy)) * MICROSECOND,
        "a minute after a decision": _draw(rng, decisions, adversarial) + MINUTE,
        "midnight": _draw(rng, midnights.astype("datetime64[us]"), adversarial),
    }
    for name in sorted(instants):
        chosen = _draw(rng, np.unique(instants[name][~np.isnat(instants[name])]), adversarial)
        drawn[f"just before {name}"], drawn[f"at {name}"] = chosen - MINUTE, chosen
    for day in days:
        start = np.datetime64(day, "us")
        drawn[f"the day {day}"] = start + np.array([5, 7, 12, 18], dtype="timedelta64[h]")
    cuts = {cut: kind for kind, chosen in drawn.items() for cut in chosen.astype("datetime64[us]")}
    return [(cuts[cut], cut) for cut in sorted(cuts) if first < cut <= last]


def choose_whole_cuts(decisions: Instants, count: int, seed: int) -> list[np.datetime64]:
    """Return the instants, a minute after as many decisions, at which every decision before is compared.

    They are drawn from the last tenth of the instants, where the most lies before them.
    """
    instants = np.unique(decisions)
    later = instants[max(1, len(instants) * 9 // 10) :]
    return [*np.sort(_draw(np.random.default_rng([seed, 1]), later, count) + MINUTE)]


def group_cuts(cuts: Sequence[np.datetime64], apart: np.timedelta64, most: int) -> list[list[np.datetime64]]:
    """Return the cuts in groups of at most `most`, those of one group at least `apart` from each other."""
    groups: list[list[np.datetime64]] = []
    for cut in sorted(cuts):
        fitting = next((group for group in groups if len(group) < most and cut - group[-1] >= apart), None)
        if fitting is None:
            groups.append([cut])
        else:
            fitting.append(cut)
    return groups


def _unequal_numbers(left: npt.NDArray[np.float64], right: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Tell which numbers differ by more than 1e-9, relative to numbers above 1 and to a column that stays below."""
    finite = np.abs(left[np.isfinite(left)])
    scale = np.maximum(np.abs(left), min(1.0, finite.max(initial=0.0)))
    with np.errstate(invalid="ignore"):
        return np.asarray((left != right) & ~(np.abs(left - right) <= TOLERANCE * scale))


def _unequal(full: pd.Series, masked: pd.Series) -> npt.NDArray[np.bool_]:
    both_missing = (full.isna() & masked.isna()).to_numpy(dtype=bool)
    if pd.api.types.is_numeric_dtype(full) and pd.api.types.is_numeric_dtype(masked):
        left, right = (one.to_numpy(dtype=np.float64, na_value=np.nan) for one in (full, masked))
        return np.asarray(_unequal_numbers(left, right) & ~both_missing)
    same = (full.astype(object) == masked.astype(object)).fillna(False).to_numpy(dtype=bool)
    return np.asarray(~(same | both_missing))


def compare_features(
    full: pd.DataFrame, masked: pd.DataFrame, *, key: str, columns: Sequence[str], cut: str
) -> list[Difference]:
    """Return what differs between the decisions of the full run and of the run masked at `cut`.

    Both frames hold the same decisions, one row per `key`; a decision that only one of them has is a difference of
    the column `key`. Numbers are equal within 1e-9.
    """
    left, right = (frame.set_index(key).sort_index() for frame in (full, masked))
    lost = left.index.symmetric_difference(right.index)
    found = []
    if len(lost):
        place = ("there", "absent") if lost[0] in left.index else ("absent", "there")
        found.append(Difference(key, len(lost), str(lost[0]), *place, cut))
    shared = left.index.intersection(right.index)
    for column in columns:
        unequal = _unequal(left.loc[shared, column], right.loc[shared, column])
        if unequal.any():
            row = shared[int(np.argmax(unequal))]
            values = (str(left.loc[row, column]), str(right.loc[row, column]))
            found.append(Difference(column, int(unequal.sum()), str(row), *values, cut))
    return found


def refuse_peeking(differences: Sequence[Difference], rows: int) -> None:
    """Raise Refusal naming the columns that peek, with an example row and both values."""
    if not differences:
        return
    totals: dict[str, int] = {}
    for one in differences:
        totals[one.column] = totals.get(one.column, 0) + one.rows
    first = {one.column: one for one in reversed(differences)}
    worst = sorted(totals, key=lambda column: (-totals[column], column))[:SHOWN]
    told = "; ".join(
        f"{name} ({totals[name]} rows; at {first[name].cut} row {first[name].key} is {first[name].full} in full "
        f"and {first[name].masked} when the future is masked)"
        for name in worst
    )
    raise Refusal(
        f"data/examples.sql peeks into the future: of {rows} decisions replayed, {len(totals)} columns change: {told}. "
        "Use only what has an instant at or before the decision."
    )


def summarise_audit(cuts: Sequence[tuple[str, np.datetime64]], rows: int, columns: int) -> dict[str, Any]:
    """Return the facts of an audit that found nothing; one that compared nothing has not passed."""
    kinds: dict[str, int] = {}
    for kind, _ in cuts:
        kinds[kind] = kinds.get(kind, 0) + 1
    return {
        "auditable": True,
        "passed": rows > 0,
        "cuts": [{"kind": kind, "count": kinds[kind]} for kind in sorted(kinds)],
        "cuts_total": len(cuts),
        "rows_compared": rows,
        "columns_compared": columns,
        "differences": [],
    }
