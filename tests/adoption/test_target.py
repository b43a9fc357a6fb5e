import pandas as pd
import pytest

from perennial.adoption.cells import read_cells
from perennial.adoption.target import choose_positive, choose_target, doubt_classes, guess_task, plan_target
from perennial.refusal import Refusal


def cells(*values: str, times: int = 30) -> pd.Series:
    return pd.Series(values * times, dtype="str")


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (("yes", "no"), "binary"),
        (("1", "0"), "binary"),
        (("1", "2"), "binary"),
        (("a", "b", "c"), "multiclass"),
        (("0", "1", "2"), "multiclass"),
        (("3", "4", "5", "6"), "regression"),
        (("1.5", "2.5", "7"), "regression"),
    ],
)
def test_the_task_follows_from_the_values(values: tuple[str, ...], task: str) -> None:
    assert guess_task(read_cells(cells(*values)))[0] == task


@pytest.mark.parametrize(
    ("values", "positive"),
    [(("yes", "no"), "yes"), (("0", "1"), "1"), (("kept", "lost", "kept"), "lost"), (("2", "1", "1"), "1")],
)
def test_the_case_is_what_says_yes_or_what_is_rarer(values: tuple[str, ...], positive: str) -> None:
    assert choose_positive(cells(*values)) == positive


def test_the_target_is_found_by_its_name_or_is_the_last_column() -> None:
    reading = read_cells(cells("a", "b"))
    assert choose_target({"churn": reading, "age": reading}) == "churn"
    assert choose_target({"age": reading, "left_us": reading}) == "left_us"


@pytest.mark.parametrize(
    ("values", "task", "said"),
    [
        ((), None, "missing on every row"),
        (("yes",), None, "'yes' on every row where it is known"),
        (("a", "b", "c"), "binary", "has 3 values, a binary task has two"),
        (("a", "b"), "regression", "is not a number"),
        (("a", "b"), "guessing", "choose from binary, multiclass, regression"),
        (tuple(f"c{n}" for n in range(60)), None, "has 60 values on 1800 rows"),
    ],
)
def test_a_hopeless_target_is_refused(values: tuple[str, ...], task: str | None, said: str) -> None:
    with pytest.raises(Refusal, match=said):
        plan_target("t", read_cells(cells(*values)), task)


def test_too_few_cases_are_refused() -> None:
    with pytest.raises(Refusal, match="only 5 rows of t are 'yes'"):
        plan_target("t", read_cells(pd.Series(["yes"] * 5 + ["no"] * 300)), None)
    with pytest.raises(Refusal, match="the class 'c' of t has 3 rows"):
        plan_target("t", read_cells(pd.Series(["a", "b"] * 40 + ["c"] * 3)), None)


def test_a_class_of_one_row_a_fold_is_learned_and_doubted() -> None:
    words = pd.concat([cells("a", "b", times=60), cells("c", times=5)], ignore_index=True)
    target = plan_target("grade", read_cells(words), None)
    assert target.task == "multiclass"
    assert doubt_classes(target) == ["grade: too few rows to say how well it is told: 'c' (5 rows)."]
    with pytest.raises(Refusal, match="the class 'c' of grade has 4 rows, too few to learn and to judge"):
        plan_target("grade", read_cells(words.iloc[:-1]), None)


def test_classes_of_many_rows_are_not_doubted() -> None:
    assert doubt_classes(plan_target("grade", read_cells(cells("a", "b", "c", times=60)), None)) == []


def test_classes_that_differ_in_case_alone_are_doubted() -> None:
    (said,) = doubt_classes(plan_target("grade", read_cells(cells("Yes", "yes", "No", times=60)), None))
    assert said == "grade: 'Yes', 'yes' are taken for different classes: write them alike."


@pytest.mark.parametrize(
    ("name", "numbers"), [("y", range(300)), ("customer_id", range(1000, 7000, 20)), ("y", range(41, 341))]
)
def test_whole_numbers_that_only_tell_rows_apart_are_no_target(name: str, numbers: range) -> None:
    reading = read_cells(pd.Series(map(str, numbers)))
    with pytest.raises(Refusal, match="it looks like an identifier"):
        plan_target(name, reading, None)
    assert plan_target(name, reading, "regression").task == "regression"


def test_an_amount_that_differs_on_every_row_is_a_target() -> None:
    assert plan_target("price", read_cells(pd.Series(map(str, range(1000, 7000, 20)))), None).task == "regression"
    with pytest.raises(Refusal, match="price is known on 19 rows, too few to learn and to judge: give 20"):
        plan_target("price", read_cells(pd.Series(str(n / 7) for n in range(19))), None)
