import numpy as np
import pandas as pd

from perennial.data.split import split_by_time
from perennial.data.split_facts import summarise_split
from tests.data.test_split import ALL, DAYS, sizes


def test_summary_counts_and_means() -> None:
    roles, folds = split_by_time(DAYS, ALL, None, np.datetime64("2013-01-11", "us"), sizes())
    facts = summarise_split(roles, folds, DAYS, pd.Series([True, False] * 5))
    assert facts["roles"]["test"] == {
        **{"rows": 2, "target_mean": 0.5},
        **{"first": "2013-01-09T12:00:00", "last": "2013-01-10T12:00:00"},
    }
    assert facts["fold_rows"] == [3, 3, 2]
    named = summarise_split(roles, folds, None, pd.Series(["a", "b"] * 5))
    assert named["roles"]["valid"] == {"rows": 2, "target_shares": {"a": 0.5, "b": 0.5}}
