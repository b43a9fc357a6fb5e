import pandas as pd
import pytest

from perennial.model.target import encode_target, find_classes
from perennial.refusal import Refusal


@pytest.mark.parametrize(
    ("values", "task", "classes", "codes"),
    [
        ([True, False, None], "binary", (False, True), [1, 0, None]),
        (["no", "yes", "no"], "binary", ("no", "yes"), [0, 1, 0]),
        (["b", "c", "a"], "multiclass", ("a", "b", "c"), [1, 2, 0]),
        ([1.5, None], "regression", (), [1.5, None]),
    ],
)
def test_targets_become_class_numbers(values: list, task: str, classes: tuple, codes: list) -> None:
    target = pd.Series(values, name="y")
    assert find_classes(target, task) == classes
    assert [None if code != code else code for code in encode_target(target, classes)] == codes


def test_an_unknown_class_has_no_number() -> None:
    assert pd.isna(encode_target(pd.Series(["z"]), ("a", "b"))).all()


@pytest.mark.parametrize(
    ("values", "task"), [([True, True], "binary"), (["a", "b"], "multiclass"), (["a", "b", "c"], "binary")]
)
def test_too_few_or_many_classes_are_refused(values: list, task: str) -> None:
    with pytest.raises(Refusal, match="classes"):
        find_classes(pd.Series(values, name="y"), task)
