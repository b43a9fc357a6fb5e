"""The examples and what the split made of each; apart from learning, so that who judges does not import what fits."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from perennial.data.cross_validation import REPEAT
from perennial.io.tables import read_table


def read_assigned(key: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the examples, and role and folds of each in the same order."""
    examples, split = read_table("data/examples.parquet"), read_table("data/split.parquet")
    return examples, examples[[key]].merge(split, on=key, how="left", validate="one_to_one").drop(columns=[key])


def repeats_of(split: pd.DataFrame) -> npt.NDArray[np.int8] | None:
    """Return the fold of each row in each repeat, (n, repeats); None where a span judges."""
    names = [name for name in split.columns if str(name).startswith(REPEAT)]
    return split[names].to_numpy(np.int8) if names else None
