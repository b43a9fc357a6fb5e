"""The examples in their file, held against the contract one row group at a time."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from perennial.data.contract import Column
from perennial.data.validation import refuse_broken_examples, rule_masks
from perennial.io.tables import read_groups


def count_broken(path: str | Path, columns: Sequence[Column]) -> Counter[str]:
    """Return {rule: how many rows of a Parquet file break it} for some of its columns."""
    counts: Counter[str] = Counter()
    for group in read_groups(path, [column.name for column in columns]):
        masks = rule_masks(group.to_pandas(), columns)
        counts.update({rule: int(mask.sum()) for rule, mask in masks.items()})
    return counts


def check_examples(path: str | Path, columns: Sequence[Column]) -> None:
    """Raise Refusal when an example breaks what the contract says of `columns`: range, allowed or nullable."""
    refuse_broken_examples(count_broken(path, columns))
