"""LightGBM's trees as joined arrays, and which way a row goes at each of their nodes: numpy alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.model.packing import Floats, Integers, Tree, read_trees

Flags = NDArray[np.bool_]
_ZERO = float(np.float32(1e-35))  # LightGBM's: what is no farther from 0 is 0
_CATEGORICAL, _LEFT_WHEN_MISSING = 1, 2


@dataclass(frozen=True)
class Nodes:
    """What the inner nodes of all trees ask: (nodes,) arrays; the last four are of those that ask for a category."""

    reading: Integers
    """The place, among the readings of a row one after the other, of the number that a node compares."""
    threshold: Floats
    categorical: Integers
    feature: Integers
    begin: Integers
    size: Integers
    """Where the flags of a node's categories begin, and how many there are."""
    flags: Flags
    """Whether a category goes left, of all nodes; the last is of any that no flag is for: false."""


@dataclass(frozen=True)
class Forest:
    """Trees to be added, and what the inner nodes of all of them ask."""

    features: int
    outputs: int
    nodes: Nodes
    trees: tuple[Tree, ...]
    """Those that split, in the order of their nodes."""
    output: tuple[int, ...]
    """(trees,)"""
    constant: Floats
    """(outputs,) what the trees add that do not split."""


def read_forest(text: str) -> Forest | None:
    """Return the trees of LightGBM's text; None where a leaf is not one number to be added."""
    facts, trees = read_trees(text)
    if "average_output" in facts or any(tree["linear"] != "0" for tree in trees):
        return None
    features, outputs = int(facts["max_feature_idx"]) + 1, int(facts["num_tree_per_iteration"])
    output = np.arange(len(trees)) % outputs
    splits = np.array([tree["leaves"] > 1 for tree in trees], dtype=bool)
    alone = [tree["leaf_value"][0] for tree in trees if tree["leaves"] == 1]
    grown = [tree for tree in trees if tree["leaves"] > 1]
    return Forest(
        features=features,
        outputs=outputs,
        nodes=_read_nodes(grown, features),
        trees=tuple(grown),
        output=tuple(output[splits].tolist()),
        constant=np.bincount(output[~splits], alone, minlength=outputs).astype(np.float64),
    )


def _join(trees: Sequence[Tree], name: str, dtype: Any = np.int64) -> NDArray[Any]:
    return np.concatenate([np.empty(0, dtype=dtype), *(tree[name] for tree in trees)])


def _read_nodes(trees: Sequence[Tree], features: int) -> Nodes:
    feature, decision = _join(trees, "split_feature"), _join(trees, "decision_type")
    threshold = _join(trees, "threshold", np.float64)
    missing, left = (decision >> 2) & 3, (decision & _LEFT_WHEN_MISSING) > 0
    categorical = np.flatnonzero(decision & _CATEGORICAL)
    # Each tree has its own list of sets, and a set begins at a boundary: whole words of 32 flags.
    sizes = [np.diff(tree["cat_boundaries"]) for tree in trees]
    first_set = np.cumsum([0, *map(len, sizes)])[:-1]
    tree_of = np.repeat(np.arange(len(trees)), [len(tree["split_feature"]) for tree in trees])
    sets = first_set[tree_of[categorical]] + threshold[categorical].astype(np.int64)
    words = np.concatenate([np.empty(0, dtype=np.int64), *sizes])
    flags = np.unpackbits(_join(trees, "cat_threshold").astype("<u4").view(np.uint8), bitorder="little")
    return Nodes(
        reading=feature + features * np.select([missing == 0, missing == 1], [0, 2 - left], 4 - left),
        threshold=threshold,
        categorical=categorical,
        feature=feature[categorical],
        begin=32 * (np.cumsum(words) - words)[sets],
        size=32 * words[sets],
        flags=np.append(flags.astype(bool), False),
    )


def go_left(nodes: Nodes, row: Floats) -> Flags:
    """Return for each node whether a row (features,) goes left there, as LightGBM decides.

    A row is read in five ways: nodes that know nothing of missing values take them for 0; to others 0 and missing, or
    missing alone, are less than any threshold, or no less.
    """
    exact = np.where(np.abs(row) <= _ZERO, 0.0, row)
    missing = np.isnan(exact)
    plain = np.where(missing, 0.0, exact)
    nothing = plain == 0.0
    readings = (
        plain,
        np.where(nothing, -np.inf, plain),
        np.where(nothing, np.nan, plain),
        np.where(missing, -np.inf, exact),
        exact,
    )
    left: Flags = np.concatenate(readings).take(nodes.reading) <= nodes.threshold
    if len(nodes.categorical):
        known = (exact > -1.0) & (exact < 2.0**31)
        code = np.where(known, exact, -1.0).astype(np.int64).take(nodes.feature)
        has_flag = (code >= 0) & (code < nodes.size)
        left[nodes.categorical] = nodes.flags[np.where(has_flag, nodes.begin + code, -1)]
    return left
