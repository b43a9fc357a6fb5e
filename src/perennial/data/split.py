"""Who learns and who judges: each row of the examples gets a role and a fold, by time or by a stable hash.

Roles are train, valid, test, unlabelled and purged. Train rows carry a fold 0..folds-1, valid rows the fold `folds`,
all others -1. Each fold is scored by a model of the folds before it.
"""

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from perennial.refusal import Refusal

ROLES = ("train", "valid", "test", "unlabelled", "purged")
LEARNING = ("train", "valid")
DAY = np.timedelta64(1, "D")
Words = npt.NDArray[np.object_]
Instants = npt.NDArray[np.datetime64]
Mask = npt.NDArray[np.bool_]
Folds = npt.NDArray[np.int8]


@dataclass(frozen=True)
class SplitSizes:
    """Spans in whole days where there is time, shares of the rows where there is none, and folds inside train."""

    test_days: int
    valid_days: int
    folds: int
    test_share: float
    valid_share: float
    seed: int


def check_sizes(sizes: SplitSizes) -> None:
    """Raise Refusal when a size cannot be meant."""
    if sizes.folds < 2 or sizes.folds > 100:
        raise Refusal(f"split.folds is {sizes.folds}: give 2 to 100, since fold 0 only ever trains.")
    if min(sizes.test_days, sizes.valid_days) < 1:
        raise Refusal(f"split.test_days is {sizes.test_days}, split.valid_days {sizes.valid_days}: give at least 1.")
    if min(sizes.test_share, sizes.valid_share) <= 0 or sizes.test_share + sizes.valid_share >= 1:
        raise Refusal(
            f"split.test_share {sizes.test_share} and split.valid_share {sizes.valid_share} must be above 0 "
            "and leave rows to train on."
        )


def hash_shares(keys: Sequence[object], seed: int) -> npt.NDArray[np.float64]:
    """Return one number in [0, 1) per key, shape (n,), the same on every machine and in any order of rows."""
    digests = b"".join(hashlib.blake2b(f"{seed}\n{key}".encode(), digest_size=8).digest() for key in keys)
    return (np.frombuffer(digests, dtype=">u8") >> np.uint64(11)).astype(np.float64) / 2.0**53


def _first_midnight_after(instant: np.datetime64) -> np.datetime64:
    day: np.datetime64 = instant.astype("datetime64[D]")
    return day if day == instant else day + DAY


def cut_dates(last: np.datetime64, sizes: SplitSizes) -> tuple[np.datetime64, np.datetime64]:
    """Return the midnights at which valid and test start, counted back in whole days from the end of the last one."""
    test_start = _first_midnight_after(last) - sizes.test_days * DAY
    return test_start - sizes.valid_days * DAY, test_start


def roles_by_time(times: Instants, valid_start: np.datetime64, test_start: np.datetime64) -> Words:
    """Return the role of each instant, shape (n,): three consecutive spans."""
    return np.select([times >= test_start, times >= valid_start], ["test", "valid"], "train").astype(object)


def folds_by_time(times: Instants, first: np.datetime64, valid_start: np.datetime64, folds: int) -> Folds:
    """Return 0..folds-1 for instants of train, shape (n,): consecutive spans of equally many whole days, ±1."""
    days = max(1, int((valid_start - first.astype("datetime64[D]")) / DAY))
    number = (times.astype("datetime64[D]") - first.astype("datetime64[D]")) / DAY
    return np.asarray(np.clip(number.astype(np.int64) * folds // days, 0, folds - 1), dtype=np.int8)


def roles_by_hash(shares: npt.NDArray[np.float64], sizes: SplitSizes) -> tuple[Words, Folds]:
    """Return role and fold of each share in [0, 1): test first, then valid, the rest in equal folds."""
    edges = sizes.test_share + sizes.valid_share
    roles = np.select([shares < sizes.test_share, shares < edges], ["test", "valid"], "train").astype(object)
    within = np.clip((shares - edges) / (1 - edges), 0, 1 - 1e-9)
    return roles, (within * sizes.folds).astype(np.int8)


def _with_folds(roles: Words, folds: Folds, valid_fold: int) -> Folds:
    return np.asarray(np.where(roles == "train", folds, np.where(roles == "valid", valid_fold, -1)), dtype=np.int8)


def split_by_time(
    times: Instants, labelled: Mask, known_at: Instants | None, as_of: np.datetime64, sizes: SplitSizes
) -> tuple[Words, Folds]:
    """Return role and fold by time; rows learned from whose label came after test started are purged.

    The spans are counted back from `as_of`, or from the last labelled instant where that is more than a day earlier.
    """
    if not labelled.any():
        raise Refusal("data/examples.parquet has no labelled row: move problem.as_of later or mend data/examples.sql.")
    end = min(as_of, times[labelled].max() + np.timedelta64(1, "us"))
    valid_start, test_start = cut_dates(end, sizes)
    roles = roles_by_time(times, valid_start, test_start)
    if known_at is not None:
        late = np.isin(roles, LEARNING) & ~(known_at < test_start)
        roles = np.where(late, "purged", roles)
    roles = np.where(labelled, roles, "unlabelled")
    folds = folds_by_time(times, times[labelled].min(), valid_start, sizes.folds)
    return roles, _with_folds(roles, folds, sizes.folds)


def units_of(frame: pd.DataFrame, key: str, group: str | None) -> list[object]:
    """Return what must not be divided, per row: its group where it has one, else its key."""
    if group is None:
        return list(frame[key])
    return list(frame[group].astype(object).where(frame[group].notna(), frame[key]))


def split_by_hash(units: Sequence[object], labelled: Mask, sizes: SplitSizes) -> tuple[Words, Folds]:
    """Return role and fold by the hash of each row's unit (its group, or its key): a unit is never divided."""
    roles, folds = roles_by_hash(hash_shares(units, sizes.seed), sizes)
    roles = np.where(labelled, roles, "unlabelled")
    return roles, _with_folds(roles, folds, sizes.folds)


def times_of(frame: pd.DataFrame, time: str | None) -> Instants | None:
    """Return the instants of a column, shape (n,); None for a table without time."""
    return None if time is None else frame[time].to_numpy("datetime64[us]")


def assign_rows(
    frame: pd.DataFrame,
    sizes: SplitSizes,
    *,
    target: str,
    key: str,
    time: str | None,
    group: str | None,
    known_at: str | None,
    as_of: str,
) -> tuple[Words, Folds]:
    """Return the role and fold of every example, checked; the names are columns of `frame`, `as_of` is UTC.

    Raises Refusal when a key repeats, a role or a fold stays empty, or spans or groups overlap.
    """
    check_keys(frame[key], key)
    labelled, times = frame[target].notna().to_numpy(bool), times_of(frame, time)
    if times is None:
        roles, folds = split_by_hash(units_of(frame, key, group), labelled, sizes)
    else:
        roles, folds = split_by_time(times, labelled, times_of(frame, known_at), np.datetime64(as_of, "us"), sizes)
        if group is not None:
            roles, folds = purge_groups(frame[group], roles, folds)
        check_order(times, roles, folds)
    refuse_empty(roles, folds, sizes.folds)
    if group is not None:
        check_groups(frame[group], roles, group)
    return roles, folds


def refuse_empty(roles: Words, folds: Folds, count: int) -> None:
    """Raise Refusal when a role or a fold has no row."""
    missing = [role for role in ("train", "valid", "test") if not (roles == role).any()]
    missing += [f"fold {fold}" for fold in range(count) if not (folds == fold).any()]
    if missing:
        raise Refusal(
            f"The split leaves no labelled row for {', '.join(missing)}: make split.test_days, split.valid_days or "
            "split.folds smaller, or move problem.as_of later."
        )


def check_keys(keys: "pd.Series[Any]", name: str) -> None:
    """Raise Refusal when a key occurs twice, whatever the roles."""
    repeated = keys[keys.duplicated()]
    if len(repeated):
        raise Refusal(
            f"data/examples.parquet has {len(repeated)} repeated values of {name}, such as {repeated.iloc[0]!r}: "
            "one row per decision; mend data/examples.sql."
        )


def check_groups(groups: "pd.Series[Any]", roles: Words, name: str) -> None:
    """Raise Refusal when a group is both learned from and tested on."""
    both = set(groups[np.isin(roles, LEARNING)].dropna()) & set(groups[roles == "test"].dropna())
    if both:
        raise Refusal(f"{len(both)} groups of {name} are in train and in test, such as {min(both, key=str)!r}.")


def purge_groups(groups: "pd.Series[Any]", roles: Words, folds: Folds) -> tuple[Words, Folds]:
    """Return role and fold with every learned row purged whose group is also in test."""
    tested = set(groups[roles == "test"].dropna())
    purged = np.isin(roles, LEARNING) & groups.isin(tested).to_numpy(bool)
    return np.where(purged, "purged", roles), np.where(purged, -1, folds).astype(np.int8)


def check_order(times: Instants, roles: Words, folds: Folds) -> None:
    """Raise Refusal when a row of a fold is later than a row of the next, or a learned row than a test row."""
    spans = [times[folds == fold] for fold in range(int(folds.max()) + 1)] + [times[roles == "test"]]
    spans = [span for span in spans if len(span)]
    for number, (before, after) in enumerate(itertools.pairwise(spans)):
        if before.max() >= after.min():
            raise Refusal(f"Span {number} of the split ends {before.max()}, after the next one starts {after.min()}.")
