"""Columns that are encoded by what was learned of their outcomes: free text, and categories of very many levels.

What they say of a training row is learned without that row, or the model would trust them too much.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from sklearn.linear_model import Ridge
from threadpoolctl import threadpool_limits

from perennial.model.encoder import Array
from perennial.model.text import SLOTS, hash_words, split_words

PARTS = 5
FEWEST_LEVELS, LEVEL_ROWS = 10, 50  # more levels with fewer rows each have means: trees and one-hot columns starve
FIT_ROWS = 20_000  # texts that weights are fitted on, evenly thinned
PENALTY = 10.0  # of the ridge; as good as a logistic fit on generated remarks from 300 to 10,000 rows
PRIOR_ROWS = 10.0  # a level seen in few rows leans on the overall mean by this many rows
MOST_LEVELS = 20_000
_TAIL = 0.01  # a regression's outcomes beyond these quantiles count as the quantile

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Truth:
    """The outcomes of training rows: class numbers or values (n,), the number of classes, weights, and groups."""

    y: Array
    classes: int
    weights: Array | None = None
    groups: pd.Series | None = None

    @property
    def outputs(self) -> int:
        """How many numbers a learned column has: one per class, one for two classes or a regression."""
        return self.classes if self.classes > 2 else 1


def read_outcomes(truth: Truth) -> Array:
    """Return what is averaged, (n, outputs): flags of the classes, or values without their tails."""
    if truth.classes > 2:
        return np.equal.outer(truth.y, np.arange(truth.classes)).astype(np.float64)
    if truth.classes == 2:
        return truth.y[:, None]
    low, high = np.quantile(truth.y, [_TAIL, 1 - _TAIL], method="nearest")
    return np.clip(truth.y, low, high)[:, None]


def _mean(outcomes: Array, weights: Array | None) -> Array:
    known = weights is not None and bool(weights.sum() > 0)
    return np.asarray(np.average(outcomes, axis=0, weights=weights if known else None))


def _round(values: Array) -> Any:
    return [_round(value) for value in values] if values.ndim else float(f"{values:.5g}")


def fit_text(texts: Sequence[Any], truth: Truth, rows: Codes) -> dict[str, Any]:
    """Return the weights of the slots of free text, fitted by ridge regression on these of the training rows.

    They are a list of `SLOTS` numbers per outcome; `texts` holds missing as None.
    """
    outcomes = read_outcomes(truth)
    # Of all training rows: the mean of the other parts is low where that of a part is high, which would tell it.
    prior = _mean(outcomes, truth.weights)
    chosen = [row for row in rows[:: max(1, -(-len(rows) // FIT_ROWS))] if texts[row] is not None]
    design = build_design([texts[row] for row in chosen])
    if not design.nnz:
        return {"intercept": _round(prior), "weights": [[0.0] * SLOTS] * truth.outputs}
    weights = None if truth.weights is None else truth.weights[chosen]
    with threadpool_limits(1):
        model = Ridge(alpha=PENALTY, fit_intercept=False, solver="sparse_cg", tol=1e-5)
        model.fit(design, outcomes[chosen] - _mean(outcomes[chosen], weights), sample_weight=weights)
    return {"intercept": _round(prior), "weights": _round(np.atleast_2d(model.coef_))}


def build_design(texts: Sequence[str]) -> Any:
    """Return the sparse design (texts, `SLOTS`): how often a slot comes, over the root of how many there are."""
    found = [hash_words(split_words(text)) for text in texts]
    counts = np.array([len(slots) for slots in found], dtype=np.int64)
    values = np.repeat(1.0 / np.sqrt(np.maximum(counts, 1)), counts)
    columns = np.array([slot for slots in found for slot in slots], dtype=np.int64)
    design = sparse.csr_matrix((values, columns, np.concatenate([[0], np.cumsum(counts)])), shape=(len(texts), SLOTS))
    design.sum_duplicates()
    return design


def has_means(levels: int, rows: int, most: int) -> bool:
    """Tell whether a category is told by mean outcomes too: more levels than are kept, or many of few rows."""
    return levels > most or (levels > FEWEST_LEVELS and rows < LEVEL_ROWS * levels)


def fit_means(texts: Sequence[Any], truth: Truth, rows: Codes) -> dict[str, Any]:
    """Return the mean outcomes of every level that at least two of these training rows hold, smoothed.

    Means lean on the overall mean as in Micci-Barreca, A preprocessing scheme for high-cardinality categorical
    attributes, SIGKDD Explorations 3(1), 2001.
    """
    codes, levels = pd.factorize(pd.Series([texts[row] for row in rows], dtype=object), sort=False)
    known, weights = codes >= 0, np.ones(len(rows)) if truth.weights is None else truth.weights[rows]
    outcomes, size = read_outcomes(truth)[rows], len(levels)
    held = np.bincount(codes[known], minlength=size)
    mass = np.bincount(codes[known], weights=weights[known], minlength=size)
    prior = _mean(read_outcomes(truth), truth.weights)
    sums = [np.bincount(codes[known], weights=(weights * one)[known], minlength=size) for one in outcomes.T]
    means = (np.array(sums).T.reshape(size, truth.outputs) + PRIOR_ROWS * prior) / (mass + PRIOR_ROWS)[:, None]
    ranked = sorted((-int(held[at]), str(levels[at]), at) for at in range(size) if held[at] > 1)[:MOST_LEVELS]
    return {"means": {name: _round(means[at]) for _, name, at in sorted(ranked, key=lambda one: one[1])}}


def part_rows(truth: Truth, values: Sequence[Any], *, apart: bool) -> Codes:
    """Return the part 0 to `PARTS` - 1 of each row: whole groups; else equal values together, or by turns."""
    units = truth.groups if truth.groups is not None else pd.Series(values if apart else range(len(values)))
    codes, _ = pd.factorize(units)
    codes = np.where(codes < 0, np.arange(len(codes)), codes)
    return np.asarray(codes % PARTS, dtype=np.int64)


def predict_apart(
    values: Sequence[Any], truth: Truth, parts: Codes, fit: Callable[[Codes], Callable[[Sequence[Any]], Array]]
) -> Array:
    """Return what is said of each row by what was fitted on the rows of the other parts, (n, features)."""
    blocks: list[tuple[Codes, Array]] = []
    for part in range(PARTS):
        asked = np.flatnonzero(parts == part)
        encode = fit(np.flatnonzero(parts != part))
        blocks.append((asked, encode([values[int(row)] for row in asked])))
    found = np.empty((len(values), blocks[0][1].shape[1]))
    for asked, block in blocks:
        found[asked] = block
    return found


def is_learned(column: Mapping[str, Any]) -> bool:
    """Tell whether a column of an encoder's state speaks by what was learned of outcomes."""
    return column["kind"] == "text" or "means" in column
