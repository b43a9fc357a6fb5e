from typing import Any

import pytest

from perennial.report.change import (
    Run,
    StageChange,
    diff_checks,
    diff_columns,
    diff_leaves,
    diff_stages,
    same_test,
    written_by_hand,
)


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, [("a", 1, 2)]),
        ({"a": 1}, {}, [("a", 1, None)]),
        ({}, {"b": 0, "a": False}, [("a", None, False), ("b", None, 0)]),
    ],
)
def test_leaves_are_told_one_by_one(before: dict[str, Any], after: dict[str, Any], changes: list[Any]) -> None:
    assert diff_leaves(before, after) == changes


def entry(command: str = "run", dep: str = "d1", out: str = "o1", seed: int = 0) -> dict[str, Any]:
    return {
        "cmd": command,
        "deps": [{"path": "in", "md5": dep}],
        "params": {"params.yaml": {"train.seed": seed}},
        "outs": [{"path": "out", "md5": out}],
    }


@pytest.mark.parametrize(
    ("after", "change"),
    [
        (entry(command="walk"), StageChange("train", ("its command",), False)),
        (entry(dep="d2", out="o2"), StageChange("train", ("in",), True)),
        (entry(seed=1), StageChange("train", ("train.seed",), False)),
        (entry(out="o2"), StageChange("train", (), True)),
        (None, StageChange("train", ("the stage is gone",), True)),
    ],
)
def test_a_stage_says_why_it_differs(after: Any, change: StageChange) -> None:
    assert diff_stages({"train": entry()}, {} if after is None else {"train": after}) == [change]


def test_an_equal_stage_is_not_told_and_a_new_one_is() -> None:
    found = diff_stages({"train": entry()}, {"train": entry(), "gate": entry()})
    assert found == [StageChange("gate", ("the stage is new",), True)]


def verdict(**checks: bool) -> dict[str, Any]:
    return {"checks": [{"name": name, "passed": passed, "sentence": "So."} for name, passed in checks.items()]}


def test_only_checks_that_moved_are_told() -> None:
    moved = diff_checks(verdict(auc=True, cost=True, old=True), verdict(auc=False, cost=True, new=True))
    assert moved == [("auc", True, False, "So."), ("new", None, True, "So."), ("old", True, None, "")]
    assert diff_checks(None, None) == []


def test_columns_gained_and_lost() -> None:
    profiles = [{"columns": [{"name": name} for name in names]} for names in (("a", "b"), ("b", "c"))]
    assert diff_columns(*profiles) == (["c"], ["a"])
    assert diff_columns(None, profiles[0]) == (["a", "b"], [])


def test_what_a_run_writes_is_no_change_of_its_own() -> None:
    files = [("M", "dvc.lock"), ("M", "metrics/gate.json"), ("A", "src/a.py"), ("M", "models/champion.json")]
    assert written_by_hand(files) == [("A", "src/a.py"), ("M", "models/champion.json")]


@pytest.mark.parametrize(("rows", "same"), [(10, True), (11, False), (None, False)])
def test_scores_compare_on_the_same_rows_only(rows: int | None, same: bool) -> None:
    runs = [Run("r", metrics={"evaluation": {"metric": "rmse", "rows": number}}) for number in (10, rows)]
    assert same_test(*runs) is same
