"""Numbers that know a regression's answer together: as a sum, as a product, or but for a few fixed amounts."""

from collections.abc import Mapping
from itertools import combinations, product

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

EXPLAINED = 0.98  # share of a regression's variance that a few columns together explain only when they contain it
EXPLAINED_LOGS = 0.995  # of logarithms: sizes of one thing are near powers of each other without being the answer
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
    parts, share = find_sum(columns, target)
    if parts:
        return dict.fromkeys(parts, f"a weighted sum of {' and '.join(parts)} is nearly the target (R² {share:.3f})")
    if factors := find_product(columns, target):
        return dict.fromkeys(factors, f"a product of powers of {' and '.join(factors)} is nearly the target")
    signed = find_difference(columns, target)
    said = " ".join(signed.values()).removeprefix("+ ")
    return dict.fromkeys(signed, f"the target differs from {said} by few amounts")


def find_sum(columns: Mapping[str, Floats], target: Floats, explained: float = EXPLAINED) -> tuple[list[str], float]:
    """Return the names of the few numbers whose weighted sum is nearly the target, none where it is not, and its R².

    Forward selection by least squares of at most `TOGETHER` columns, then those that are not needed are let go.
    """
    filled = {name: _scaled(_filled(values)) for name, values in columns.items()}
    target = _scaled(target)
    chosen: list[str] = []
    while len(chosen) < min(TOGETHER, len(filled)) and _explained(filled, chosen, target) < explained:
        rest = [name for name in filled if name not in chosen]
        chosen.append(max(rest, key=lambda name: _explained(filled, [*chosen, name], target)))
    if _explained(filled, chosen, target) < explained:
        return [], 0.0
    for name in list(chosen):
        others = [other for other in chosen if other != name]
        if others and _explained(filled, others, target) >= explained:
            chosen = others
    return chosen, _explained(filled, chosen, target)


def find_product(columns: Mapping[str, Floats], target: Floats) -> list[str]:
    """Return the names of the few numbers a product of whose powers is nearly the target: of logarithms, a sum.

    Only of numbers that are above 0 in nearly every row.
    """
    kept = target > 0
    for values in columns.values():
        positive = values > 0
        kept = kept & positive if positive.mean() > EXPLAINED else kept
    if kept.sum() < max(FEWEST, EXPLAINED * len(target)):
        return []
    logs = {name: np.log(values[kept]) for name, values in columns.items() if (values[kept] > 0).all()}
    return find_sum(logs, np.log(target[kept]), EXPLAINED_LOGS)[0] if logs else []


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
    if any(_covered(truth - sign * values) >= COVERED for values in whole.values() for sign in (1, -1)):
        return {}  # one alone is near it, as a promised day is, and an error of few values is honest
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
