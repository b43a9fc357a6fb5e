"""Numbers that know a regression's answer together: as a sum, as a product, or but for a few fixed amounts."""

from collections.abc import Mapping
from itertools import combinations, product

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

EXPLAINED = 0.98  # share of a regression's variance that a few columns together explain only when they contain it
TOGETHER = 4
FEWEST = 50
AMOUNTS, COVERED, COVERED_BEFORE = 10, 0.95, 0.7
MOST_COMPARED, COMPARED_ROWS = 16, 2_000


def suspect_together(columns: Mapping[str, Floats], target: Floats) -> dict[str, str]:
    """Return {name: reason} for the few numbers that together know the target of a regression.

    They do by a weighted sum, by a product of their powers, or by a difference that takes few values. Each column is
    as long as the target, with NaN where a number is missing; the target has none missing.
    """
    if len(target) < FEWEST or not columns:
        return {}
    by_sum = find_sum(columns, target)
    if by_sum:
        share = _explained({name: _scaled(_filled(columns[name])) for name in by_sum}, by_sum, _scaled(target))
        return dict.fromkeys(by_sum, f"a weighted sum of {_listed(by_sum)} is nearly the target (R² {share:.3f})")
    if by_product := find_product(columns, target):
        return dict.fromkeys(by_product, f"a product of powers of {_listed(by_product)} is nearly the target")
    by_rest = find_difference(columns, target)
    said = f"the target differs from {' '.join(by_rest.values())} by few amounts".replace("from + ", "from ")
    return dict.fromkeys(by_rest, said)


def find_sum(columns: Mapping[str, Floats], target: Floats) -> list[str]:
    """Return the names of the few numbers whose weighted sum is nearly the target, none if there are no such.

    Forward selection by least squares of at most `TOGETHER` columns, then those that are not needed are let go.
    """
    filled = {name: _scaled(_filled(values)) for name, values in columns.items()}
    target = _scaled(target)
    chosen: list[str] = []
    while len(chosen) < min(TOGETHER, len(filled)) and _explained(filled, chosen, target) < EXPLAINED:
        rest = [name for name in filled if name not in chosen]
        chosen.append(max(rest, key=lambda name: _explained(filled, [*chosen, name], target)))
    if _explained(filled, chosen, target) < EXPLAINED:
        return []
    for name in list(chosen):
        others = [other for other in chosen if other != name]
        if others and _explained(filled, others, target) >= EXPLAINED:
            chosen = others
    return chosen


def find_product(columns: Mapping[str, Floats], target: Floats) -> list[str]:
    """Return the names of the few numbers a product of whose powers is nearly the target: of logarithms, a sum.

    Only of numbers that are above 0 in nearly every row.
    """
    above = np.where(target > 0, target, np.nan)
    for values in columns.values():
        positive = values > 0
        above = np.where(positive, above, np.nan) if positive.mean() > EXPLAINED else above
    kept = np.isfinite(above)
    if kept.sum() < max(FEWEST, EXPLAINED * len(target)):
        return []
    logs = {name: np.log(values[kept]) for name, values in columns.items() if (values[kept] > 0).all()}
    return find_sum(logs, np.log(above[kept])) if logs else []


def find_difference(columns: Mapping[str, Floats], target: Floats) -> dict[str, str]:
    """Return {name: with its sign} for two numbers whose sum or difference is the target but for a few amounts.

    As a total less its largest part is the other part, but for fees: ten amounts cover `COVERED` of the rows, where
    the ten most frequent values of the target cover less than `COVERED_BEFORE`.
    """
    rows = np.arange(len(target))[:: max(1, len(target) // COMPARED_ROWS)]
    truth = target[rows]
    if _covered(truth) >= COVERED_BEFORE:
        return {}
    whole = {name: values[rows] for name, values in columns.items() if np.isfinite(values[rows]).all()}
    near = sorted(whole, key=lambda name: -abs(_correlation(whole[name], truth)))[:MOST_COMPARED]
    best, found = COVERED, dict[str, str]()
    for (a, b), (first, second) in product(combinations(near, 2), product((1, -1), repeat=2)):
        covered = _covered(truth - first * whole[a] - second * whole[b])
        if covered >= best:
            best, found = covered, {a: f"{'+' if first > 0 else '-'} {a}", b: f"{'+' if second > 0 else '-'} {b}"}
    return dict(sorted(found.items(), key=lambda item: item[1][0] == "-"))


def _covered(values: Floats) -> float:
    """Return the share of rows that hold one of the most frequent values."""
    counts = np.unique(np.round(values, 6), return_counts=True)[1]
    return float(np.sort(counts)[-AMOUNTS:].sum() / len(values))


def _correlation(values: Floats, target: Floats) -> float:
    spread = values.std() * target.std()
    return float(((values - values.mean()) * (target - target.mean())).mean() / spread) if spread > 0 else 0.0


def _listed(names: list[str]) -> str:
    return " and ".join(names)


def _filled(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, 0.0)


def _explained(columns: Mapping[str, Floats], names: list[str], target: Floats) -> float:
    if not names:
        return 0.0
    matrix = np.column_stack([np.ones(len(target)), *(columns[name] for name in names)])
    fitted, *_ = np.linalg.lstsq(matrix, target, rcond=None)
    total = float(((target - target.mean()) ** 2).sum())
    return 1.0 - float(((target - matrix @ fitted) ** 2).sum()) / total if total > 0 else 0.0


def _scaled(values: Floats) -> Floats:
    """Return numbers as shares of the largest, whose squares no double is too small for."""
    largest = float(np.abs(values).max(initial=0.0))
    return values / largest if largest > 0 else values
