from typing import Any

import numpy as np
import pandas as pd
import pytest

from perennial.data.split import (
    SplitSizes,
    assign_rows,
    check_groups,
    check_keys,
    check_order,
    check_sizes,
    cut_dates,
    folds_by_time,
    hash_shares,
    purge_groups,
    refuse_empty,
    split_by_hash,
    split_by_time,
    units_of,
)
from perennial.refusal import Refusal


def sizes(**changes: Any) -> SplitSizes:
    plain = {"test_days": 2, "valid_days": 2, "folds": 2, "test_share": 0.2, "valid_share": 0.2, "seed": 0}
    return SplitSizes(**(plain | changes))


def instants(*texts: str) -> np.ndarray:
    return np.array(texts, dtype="datetime64[us]")


DAYS = instants(*(f"2013-01-{day:02d}T12:00" for day in range(1, 11)))
ALL = np.ones(10, dtype=bool)


@pytest.mark.parametrize(
    ("last", "valid", "test"),
    [
        ("2013-09-01T00:00", "2013-06-01", "2013-07-01"),
        ("2013-08-31T00:01", "2013-06-01", "2013-07-01"),
        ("2013-08-31T23:59:59.999999", "2013-06-01", "2013-07-01"),
        ("2013-09-01T00:00:00.000001", "2013-06-02", "2013-07-02"),
    ],
)
def test_spans_are_whole_days_counted_back(last: str, valid: str, test: str) -> None:
    got = cut_dates(np.datetime64(last, "us"), sizes(test_days=62, valid_days=30))
    assert got == (np.datetime64(valid), np.datetime64(test))


def test_roles_and_folds_of_ten_days() -> None:
    roles, folds = split_by_time(DAYS, ALL, None, np.datetime64("2013-01-11", "us"), sizes())
    assert roles.tolist() == ["train"] * 6 + ["valid"] * 2 + ["test"] * 2
    assert folds.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, -1, -1]


def test_a_late_as_of_counts_back_from_the_last_label() -> None:
    roles, _ = split_by_time(DAYS, ALL, None, np.datetime64("2014-01-01", "us"), sizes())
    assert roles.tolist().count("test") == 2


def test_labels_unknown_when_test_starts_are_purged() -> None:
    known = DAYS.copy()
    known[3], known[7] = np.datetime64("2013-01-09", "us"), np.datetime64("NaT")
    roles, folds = split_by_time(DAYS, ALL, known, np.datetime64("2013-01-11", "us"), sizes())
    assert (roles[3], folds[3], roles[7], folds[7], roles[8]) == ("purged", -1, "purged", -1, "test")


def test_rows_without_label_are_in_no_fold() -> None:
    labelled = ALL.copy()
    labelled[[0, 9]] = False
    roles, folds = split_by_time(DAYS, labelled, None, np.datetime64("2013-01-11", "us"), sizes())
    assert (roles[0], folds[0], roles[9], folds[9]) == ("unlabelled", -1, "unlabelled", -1)


def test_folds_are_equal_spans() -> None:
    folds = folds_by_time(DAYS, DAYS[0], np.datetime64("2013-01-11"), 3)
    assert folds.tolist() == [0, 0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_hash_shares_depend_on_nothing_but_key_and_seed() -> None:
    shares = hash_shares(["a", "b", 3], seed=0)
    assert shares.round(6).tolist() == hash_shares([3, "b", "a"], seed=0)[::-1].round(6).tolist()
    assert not np.allclose(shares, hash_shares(["a", "b", 3], seed=1))
    many = hash_shares(range(20_000), seed=0)
    assert many.min() >= 0
    assert many.max() < 1
    assert abs(many.mean() - 0.5) < 0.01


def test_split_by_hash_keeps_units_whole_and_shares_near() -> None:
    units = [f"g{i % 4000}" for i in range(8000)]
    roles, folds = split_by_hash(units, np.ones(8000, dtype=bool), sizes(folds=5))
    assert roles[:4000].tolist() == roles[4000:].tolist()
    assert np.mean(roles == "test") == pytest.approx(0.2, abs=0.02)
    assert [int((folds == fold).sum()) > 600 for fold in range(5)] == [True] * 5
    assert set(folds[roles == "valid"]) == {5}


def test_rows_without_a_group_are_their_own_unit() -> None:
    frame = pd.DataFrame({"key": ["a", "b"], "team": ["red", None]})
    assert units_of(frame, "key", "team") == ["red", "b"]


def test_learned_rows_of_a_tested_group_are_purged() -> None:
    groups = pd.Series(["x", "y", None, "x", None])
    roles = np.array(["train", "train", "valid", "test", "test"], dtype=object)
    got, folds = purge_groups(groups, roles, np.array([0, 0, 1, -1, -1], dtype=np.int8))
    assert got.tolist() == ["purged", "train", "valid", "test", "test"]
    assert folds.tolist() == [-1, 0, 1, -1, -1]
    check_groups(groups, got, "team")
    with pytest.raises(Refusal, match="groups of team are in train and in test, such as 'x'"):
        check_groups(groups, roles, "team")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"folds": 1}, "split.folds is 1"),
        ({"test_days": 0}, "split.test_days is 0"),
        ({"test_share": 0.6, "valid_share": 0.5}, "leave rows to train on"),
    ],
)
def test_sizes_that_cannot_be_meant_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(Refusal, match=words):
        check_sizes(sizes(**changes))


def test_an_empty_role_or_fold_is_refused() -> None:
    roles, folds = split_by_time(DAYS, ALL, None, np.datetime64("2013-01-11", "us"), sizes(test_days=8))
    with pytest.raises(Refusal, match="no labelled row for train, fold 0, fold 1"):
        refuse_empty(roles, folds, 2)


def test_no_label_at_all_is_refused() -> None:
    with pytest.raises(Refusal, match="has no labelled row"):
        split_by_time(DAYS, ~ALL, None, np.datetime64("2013-01-11", "us"), sizes())


def test_repeated_keys_are_refused() -> None:
    with pytest.raises(Refusal, match="2 repeated values of key, such as 'a'"):
        check_keys(pd.Series(["a", "b", "a", "a"]), "key")


def test_disorder_is_refused() -> None:
    roles, folds = split_by_time(DAYS, ALL, None, np.datetime64("2013-01-11", "us"), sizes())
    check_order(DAYS, roles, folds)
    with pytest.raises(Refusal, match="after the next one starts"):
        check_order(DAYS[::-1], roles, folds)


PLAIN: dict[str, Any] = {
    "target": "y",
    "key": "key",
    "time": None,
    "group": None,
    "known_at": None,
    "as_of": "2013-01-11",
}


def test_rows_are_assigned_by_time_by_hash_and_less_their_groups() -> None:
    frame = pd.DataFrame({"key": range(10), "at": DAYS, "team": list("abcdefghia"), "y": 1.0})
    roles, folds = assign_rows(frame, sizes(), **PLAIN | {"time": "at"})
    assert roles.tolist() == ["train"] * 6 + ["valid"] * 2 + ["test"] * 2
    purged, _ = assign_rows(frame, sizes(), **PLAIN | {"time": "at", "group": "team"})
    assert purged.tolist() == ["purged", *roles.tolist()[1:]]
    many = pd.DataFrame({"key": range(400), "y": 1.0})
    by_hash = split_by_hash(list(many["key"]), np.ones(400, dtype=bool), sizes())
    assert [part.tolist() for part in assign_rows(many, sizes(), **PLAIN)] == [part.tolist() for part in by_hash]
    assert folds.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, -1, -1]
    with pytest.raises(Refusal, match="repeated values of key"):
        assign_rows(frame.assign(key=1), sizes(), **PLAIN)
