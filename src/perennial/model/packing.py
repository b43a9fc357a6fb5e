"""LightGBM's text in a tenth of its bytes: what predicting and explaining read, each number exactly.

Left out are gains, weights and values of inner nodes, importances and the ranges of features; counts of inner nodes are
sums of those of their leaves. A line of JSON says what follows, then come the columns, a bit field each.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.model.bits import count_bits, pack_bits, size_of, unpack_bits
from perennial.refusal import Refusal

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Tree = dict[str, Any]
_COLUMNS = ("leaves", "split", "feature", "place", "decision", "counts", "cats", "boundaries", "words", "table_sizes")
_KEPT = ("version", "num_class", "num_tree_per_iteration", "label_index", "max_feature_idx", "objective")
_INTS = ("split_feature", "decision_type", "left_child", "right_child", "leaf_count", "internal_count")


def pack_trees(text: str) -> bytes | None:
    """Return LightGBM's text packed; None where it holds what this form has no place for.

    Such as linear leaves, or trees that are averaged instead of added.
    """
    facts, trees = read_trees(text)
    if "average_output" in facts:
        return None
    packed = _pack({name: facts[name] for name in _KEPT if name in facts}, trees)
    _, again = read_trees(unpack_trees(packed))
    return packed if all(map(_is_same, trees, again)) and len(trees) == len(again) else None


def read_trees(text: str) -> tuple[dict[str, str], list[Tree]]:
    """Return the facts at the head of LightGBM's text, by name, and its trees."""
    head, *parts = text.split("\nTree=")
    facts = {name: fact for name, _, fact in (line.partition("=") for line in head.splitlines())}
    return facts, [_read_tree(part) for part in parts]


def _read_tree(part: str) -> Tree:
    """Return what is kept of one tree, and what must be as it nearly always is."""
    lines = dict(line.split("=", 1) for line in part.split("\nend of trees")[0].splitlines() if "=" in line)
    leaves = int(lines["num_leaves"])
    tree: Tree = {name: _read_integers(lines, name) for name in _INTS}
    if leaves == 1:
        tree["leaf_count"] = np.zeros(1, dtype=np.int64)
    tree["threshold"] = np.array(list(map(float, lines.get("threshold", "").split())), dtype=np.float64)
    tree["leaf_value"] = np.array(list(map(float, lines["leaf_value"].split())), dtype=np.float64)
    for name in ("cat_boundaries", "cat_threshold"):
        tree[name] = _read_integers(lines, name)
    return tree | {"leaves": leaves, "shrinkage": lines["shrinkage"], "linear": lines.get("is_linear", "0")}


def _read_integers(lines: Mapping[str, str], name: str) -> Integers:
    # Several times as fast as numpy's own reading of a list of texts.
    return np.array(list(map(int, lines.get(name, "").split())), dtype=np.int64)


def _is_same(one: Tree, other: Tree) -> bool:
    return one.keys() == other.keys() and all(
        one[name].tobytes() == other[name].tobytes() if isinstance(one[name], np.ndarray) else one[name] == other[name]
        for name in one
    )


def _pack(facts: Mapping[str, str], trees: list[Tree]) -> bytes:
    feature, threshold = _join(trees, "split_feature"), np.concatenate([[], *(tree["threshold"] for tree in trees)])
    # By their bits: a threshold of -0.0 is not one of 0.0.
    pairs = np.column_stack([feature, threshold.view(np.int64)])
    table, inverse = np.unique(pairs, axis=0, return_inverse=True)
    sizes = np.bincount(table[:, 0], minlength=int(facts["max_feature_idx"]) + 1)
    begins = np.cumsum([0, *sizes])
    columns = {
        "leaves": [tree["leaves"] for tree in trees],
        "split": np.concatenate([[], *(_follow_splits(tree["left_child"]) for tree in trees)]),
        "feature": feature,
        "place": inverse.reshape(-1) - begins[feature],
        "decision": _join(trees, "decision_type"),
        "counts": _join(trees, "leaf_count"),
        "cats": [len(tree["cat_boundaries"]) for tree in trees],
        "boundaries": _join(trees, "cat_boundaries"),
        "words": _join(trees, "cat_threshold"),
        "table_sizes": sizes,
    }
    bits = {name: (count_bits(columns[name]), len(columns[name])) for name in _COLUMNS}
    shrinkages = sorted({tree["shrinkage"] for tree in trees})
    header = {**facts, "columns": bits, "shrinkages": shrinkages, "table": len(table)}
    header |= {"shrunk": [shrinkages.index(tree["shrinkage"]) for tree in trees]} if len(shrinkages) > 1 else {}
    floats = np.concatenate([table[:, 1].astype("<i8").view("<f8"), *(tree["leaf_value"] for tree in trees)])
    body = b"".join(pack_bits(columns[name], bits[name][0]) for name in _COLUMNS)
    return json.dumps(header, sort_keys=True).encode() + b"\n" + body + floats.astype("<f8").tobytes()


def _join(trees: list[Tree], name: str) -> Integers:
    return np.concatenate([np.empty(0, dtype=np.int64), *(tree[name] for tree in trees)])


def _follow_splits(left: Integers) -> list[int]:
    """Return which leaf each split took: a leaf keeps its number on the left side."""
    taken = []
    for node in range(len(left)):
        while node >= 0:
            node = int(left[node])
        taken.append(~node)
    return taken


def unpack_trees(packed: bytes) -> str:
    """Return the text that LightGBM reads: the same trees, with what is needed to predict and to explain.

    Raises Refusal for anything that `pack_trees` has not packed.
    """
    try:
        return _unpack(packed)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise Refusal(f"the packed trees cannot be read ({type(error).__name__}): train the model again.") from None


def _unpack(packed: bytes) -> str:
    line, _, body = packed.partition(b"\n")
    header = json.loads(line)
    columns, floats = _read_columns(header, body)
    width = int(header["max_feature_idx"]) + 1
    said = [f"{name}={header[name]}" for name in _KEPT if name in header]
    names = " ".join(f"Column_{number}" for number in range(width))
    said += [f"feature_names={names}", f"feature_infos={' '.join(['none'] * width)}"]
    trees = (f"Tree={number}\n{text}" for number, text in enumerate(_write_trees(header, columns, floats)))
    return "\n".join(["tree", *said, "", *trees, "end of trees", ""])


def _read_columns(header: Mapping[str, Any], body: bytes) -> tuple[dict[str, Integers], Floats]:
    columns, start = {}, 0
    for name in _COLUMNS:
        bits, count = header["columns"][name]
        end = start + size_of(bits, count)
        columns[name] = unpack_bits(body[start:end], bits, count).astype(np.int64)
        start = end
    return columns, np.frombuffer(body[start:], dtype="<f8")


def _write_trees(header: Mapping[str, Any], columns: Mapping[str, Integers], floats: Floats) -> Iterator[str]:
    begins = np.cumsum([0, *columns["table_sizes"]])
    thresholds = floats[begins[columns["feature"]] + columns["place"]]
    values, shrinkages = floats[header["table"] :], header["shrinkages"]
    node = leaf = boundary = word = 0
    for number, (leaves, cats) in enumerate(zip(columns["leaves"].tolist(), columns["cats"].tolist(), strict=True)):
        nodes, own = slice(node, node + leaves - 1), slice(leaf, leaf + leaves)
        boundaries = columns["boundaries"][boundary : boundary + cats]
        words = columns["words"][word : word + (int(boundaries[-1]) if cats else 0)]
        left, right = _grow(columns["split"][nodes].tolist())
        counts = columns["counts"][own]
        lines: dict[str, Any] = {"num_leaves": [leaves], "num_cat": [max(0, cats - 1)]}
        lines |= {"split_feature": columns["feature"][nodes], "threshold": thresholds[nodes]}
        lines |= {"decision_type": columns["decision"][nodes], "left_child": left, "right_child": right}
        lines |= {"leaf_value": values[own], "leaf_count": counts, "internal_count": _sum_counts(left, right, counts)}
        lines |= {"cat_boundaries": boundaries, "cat_threshold": words} if cats else {}
        lines |= {"is_linear": [0]}
        shrinkage = shrinkages[header["shrunk"][number] if "shrunk" in header else 0]
        yield "".join(f"{name}={_write(each)}\n" for name, each in lines.items()) + f"shrinkage={shrinkage}\n\n"
        node, leaf, boundary, word = nodes.stop, own.stop, boundary + cats, word + len(words)


def _write(values: Any) -> str:
    return " ".join(map(repr, np.asarray(values).tolist()))


def _grow(split: list[int]) -> tuple[list[int], list[int]]:
    """Return the left and right children of the nodes that split these leaves one after the other."""
    left, right = [0] * len(split), [0] * len(split)
    holders: dict[int, tuple[list[int], int]] = {}  # of each leaf so far: the side and the node it hangs from
    for node, leaf in enumerate(split):
        if node:
            side, parent = holders[leaf]
            side[parent] = node
        left[node], right[node] = ~leaf, ~(node + 1)
        holders[leaf], holders[node + 1] = (left, node), (right, node)
    return left, right


def _sum_counts(left: list[int], right: list[int], counts: Integers) -> list[int]:
    """Return how many rows came by each node; a child is later than its parent."""
    known, sums = counts.tolist(), [0] * len(left)
    for node in reversed(range(len(left))):
        sums[node] = sum(known[~child] if child < 0 else sums[child] for child in (left[node], right[node]))
    return sums
