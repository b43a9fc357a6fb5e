"""Every row judges once in each repeat, and never beside a row of its own group."""

import numpy as np
import pandas as pd
import pytest

from perennial.data.cross_validation import assign_repeats, check_method, deal_folds
from perennial.refusal import Refusal


def make_rows(rows: int = 300) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "key": [f"k{number}" for number in range(rows)],
            "team": [f"t{number}" for number in draw.integers(0, 60, rows)],
            "yes": np.where(np.arange(rows) < 20, None, draw.random(rows) < 0.1),
            "size": draw.normal(size=rows),
        }
    )


def test_every_labelled_row_has_a_fold_in_each_repeat_and_the_repeats_differ() -> None:
    roles, folds = assign_repeats(make_rows(), target="yes", key="key", group=None, folds=5, repeats=3, seed=0)
    assert (roles[:20] == "unlabelled").all()
    assert (roles[20:] == "train").all()
    assert (folds[:20] == -1).all()
    for repeat in range(3):
        assert np.bincount(folds[20:, repeat]).tolist() == [56] * 5
    assert (folds[20:, 0] != folds[20:, 1]).mean() > 0.6


def test_every_fold_has_its_part_of_a_rare_class() -> None:
    classes = ["yes"] * 20 + ["no"] * 280
    folds = deal_folds(range(300), classes, 5, 0, 0)
    assert np.bincount(folds[:20]).tolist() == [4] * 5


def test_a_group_is_never_divided() -> None:
    rows = make_rows()
    _, folds = assign_repeats(rows, target="size", key="key", group="team", folds=4, repeats=2, seed=0)
    for repeat in range(2):
        assert set(pd.Series(folds[:, repeat]).groupby(rows["team"]).nunique()) == {1}


def test_the_folds_do_not_depend_on_the_order_of_the_rows() -> None:
    rows, mixed = make_rows(), make_rows().sample(frac=1, random_state=1)
    options = {"target": "size", "key": "key", "group": None, "folds": 5, "repeats": 2, "seed": 3}
    found = [
        pd.DataFrame(assign_repeats(one, **options)[1], index=one["key"]).sort_index()  # type: ignore[arg-type]
        for one in (rows, mixed)
    ]
    pd.testing.assert_frame_equal(*found)


def test_rows_in_time_are_not_judged_crosswise() -> None:
    with pytest.raises(Refusal, match="would learn from the future"):
        check_method("cross_validation", "at", 5)
    with pytest.raises(Refusal, match="at least 3"):
        check_method("cross_validation", None, 2)
    check_method("span", "at", 2)


def test_fewer_groups_than_folds_are_refused() -> None:
    rows = make_rows().assign(team=lambda frame: frame["team"].str[:2])
    few = rows[rows["team"].isin(["t1", "t2"])]
    with pytest.raises(Refusal, match="fewer than 5 labelled groups of team"):
        assign_repeats(few, target="size", key="key", group="team", folds=5, repeats=1, seed=0)
