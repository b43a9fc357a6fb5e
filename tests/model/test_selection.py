"""Inputs held against shuffled copies of themselves: noise goes, what tells little but truly stays."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from perennial.data.contract import Column
from perennial.model.folds import Problem, make_fold
from perennial.model.selection import (
    describe_selection,
    find_needless,
    judge_inputs,
    limit_rows,
    list_left_out,
    loses_more,
    restore_inputs,
    weigh_inputs,
)
from perennial.model.target import find_classes

COLUMNS = (
    *(Column(name, "numeric") for name in ("strong", "weak", "noise", "constant", "copy")),
    *(Column(name, "category") for name in ("levels", "word")),
    Column("said", "text"),
)
KEPT = {"strong", "weak", "word", "said"}


def make_frame(task: str, rows: int = 900, seed: int = 1) -> pd.DataFrame:
    """Numbers, words and a remark that tell, one of them little; noise, a constant, and a number in other units."""
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame({name: draw.normal(size=rows) for name in ("strong", "weak", "noise")})
    frame["constant"], frame["copy"] = 7.0, 32 + 1.8 * frame["strong"].round(6)
    frame["levels"] = [f"l{number}" for number in draw.integers(0, 60, rows)]
    frame["word"] = draw.choice(["a", "b", "c"], rows)
    words = np.array(["late", "rude", "great", "kind", "the", "and", "box", "van"])
    frame["said"] = [" ".join(draw.choice(words, 4)) for _ in range(rows)]
    told = frame["said"].str.count("late|rude") - frame["said"].str.count("great|kind")
    y = frame["strong"] + 0.5 * frame["weak"] + (frame["word"] == "a") + 0.5 * told + draw.normal(size=rows)
    bands = {
        "binary": y > 0,
        "regression": y,
        "multiclass": pd.Series(np.digitize(y, [-1, 1])).map(["x", "y", "z"].__getitem__),
    }
    return frame.assign(y=bands[task])


def judge(frame: pd.DataFrame, task: str, copies: int = 9) -> dict[str, dict[str, Any]]:
    """Weigh the inputs in two folds and judge them."""
    problem = Problem(task, "y", find_classes(frame["y"], task), COLUMNS, left_out=("constant", "copy"))
    numbers = np.arange(len(frame)) % 2
    folds = [make_fold(frame, numbers, number, problem) for number in (0, 1)]
    weighed = [[weigh_inputs(fold, copy) for fold in folds] for copy in range(copies)]
    return {one["column"]: one for one in judge_inputs([column.name for column in COLUMNS], weighed)}


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_noise_is_left_out_and_a_weak_column_stays(task: str) -> None:
    judged = judge(make_frame(task), task)
    assert {name for name, one in judged.items() if one["kept"]} == KEPT
    assert judged["strong"]["importance"] > judged["weak"]["importance"] > judged["weak"]["best_copy"]
    assert judged["noise"]["reason"].endswith("of 9 copies tell as much")


def test_a_trait_of_groups_that_tells_nothing_of_other_groups_is_left_out() -> None:
    draw = np.random.default_rng(2)
    group = np.repeat(np.arange(60), 10)
    frame = pd.DataFrame({"trait": draw.normal(size=60)[group], "true": draw.normal(size=600), "group": group})
    frame["y"] = 2 * draw.normal(size=60)[group] + frame["true"] + draw.normal(size=600) > 0
    columns = (Column("trait", "numeric"), Column("true", "numeric"))
    problem = Problem("binary", "y", (False, True), columns, group="group")
    folds = [make_fold(frame, group % 3, number, problem) for number in range(3)]
    weighed = [[weigh_inputs(fold, copy) for fold in folds] for copy in range(9)]
    judged = judge_inputs(["trait", "true"], weighed)
    assert [one["kept"] for one in judged] == [False, True]


def test_a_thousand_levels_of_noise_do_not_look_important() -> None:
    frame = make_frame("binary")
    frame["levels"] = [f"l{number}" for number in np.random.default_rng(5).integers(0, 700, len(frame))]
    judged = judge(frame, "binary")
    assert abs(judged["levels"]["importance"]) < judged["weak"]["importance"]
    assert not judged["levels"]["kept"]


def test_what_is_the_same_everywhere_or_says_the_same_is_needless() -> None:
    assert find_needless(make_frame("binary"), COLUMNS) == {
        "constant": "the same on every row",
        "copy": "says what strong says",
    }


@pytest.mark.parametrize(
    ("left", "right", "dtype", "same"),
    [
        ([1.0, 2.0, 4.0, None], [10.0, 20.0, 40.0, None], "numeric", True),
        ([1.0, 2.0, 4.0, None], [-1.0, -2.0, -4.0, None], "numeric", True),
        ([1.0, 2.0, 4.0, None], [10.0, 20.0, None, 40.0], "numeric", False),
        ([1.0, 2.0, 4.0], [1.0, 2.0, 4.1], "numeric", False),
        ([1e308, -1e308, 0.0], [1.0, -1.0, 0.0], "numeric", False),
        (["a", "b", "a", "b", "a"], ["x", "y", "x", "y", "x"], "category", True),
        (["a", "b", "a", "b", "a"], ["x", "y", "x", "y", "y"], "category", False),
        (["a", "b", "c"], ["x", "y", "z"], "category", False),
        (["one text", "two"], ["other", "texts"], "text", False),
        (["one text", "two"], ["one text", "two"], "text", True),
    ],
)
def test_columns_say_the_same_when_either_tells_the_other(left: list, right: list, dtype: str, same: bool) -> None:
    frame = pd.DataFrame({"left": left, "right": right})
    found = find_needless(frame, [Column("left", dtype), Column("right", dtype)])
    assert found == ({"right": "says what left says"} if same else {})
    assert find_needless(frame, [Column("left", dtype), Column("right", "boolean")]) == {}


def test_where_nothing_beats_its_copies_the_best_is_kept() -> None:
    names = ["a", "b"]
    judged = [
        {"column": name, "importance": value, "copy": 0.0, "best_copy": 1.0, "kept": False, "reason": "3 of 19"}
        for name, value in (("a", -0.1), ("b", 0.2))
    ]
    selection = describe_selection(judged, {}, names, 100)
    assert list_left_out(selection) == ["a"]
    assert selection["columns"][1]["reason"] == "3 of 19, kept as the best of none"


def test_wide_tables_are_looked_at_in_fewer_rows() -> None:
    assert [limit_rows(count) for count in (0, 10, 200, 10**6)] == [12_000, 12_000, 5_000, 1_000]


def losses(needed: dict[str, float]) -> Callable[[Sequence[str]], list[float]]:
    """Losses of five folds: each input costs what is `needed` of it where it lacks."""
    return lambda out: [1.0 + 0.01 * fold + sum(needed.get(name, 0.0) for name in out) for fold in range(5)]


def judged(**kept: bool) -> list[dict[str, Any]]:
    return [{"column": name, "kept": keep, "importance": 0.1, "reason": "told"} for name, keep in kept.items()]


def test_what_a_model_misses_is_kept_after_all_and_noise_is_not() -> None:
    found = restore_inputs(judged(whole=True, part=False, dice=False), losses({"part": 0.2}))
    assert {one["column"]: one["kept"] for one in found} == {"whole": True, "part": True, "dice": False}
    assert found[1]["reason"] == "told, yet a model without it loses more"


def test_nothing_is_restored_where_the_model_loses_no_more() -> None:
    before = judged(whole=True, part=False, dice=False)
    assert restore_inputs(before, losses({"dice": -0.1})) == before
    assert restore_inputs(judged(whole=True), losses({})) == judged(whole=True)


def test_all_are_kept_where_only_together_they_make_up_for_it() -> None:
    def together(out: Sequence[str]) -> list[float]:
        return [1.0 + 0.01 * fold + (0.2 if out else 0.0) for fold in range(5)]

    assert all(one["kept"] for one in restore_inputs(judged(a=True, b=False, c=False), together))


@pytest.mark.parametrize(
    ("without", "fuller", "more"),
    [([1.0, 1.1], [1.0, 1.0], False), ([1.1, 1.1], [1.0, 1.0], True), ([1.2, 0.9, 1.1], [1.0, 1.0, 1.0], False)],
)
def test_more_is_lost_when_it_is_more_than_one_standard_error(
    without: list[float], fuller: list[float], more: bool
) -> None:
    assert loses_more(without, fuller) == more
