from datetime import date, datetime
from typing import Any

import pytest

from perennial.io.leaves import LEAVES, read_instant, refuse_misfits
from perennial.io.params import load_params
from perennial.refusal import Refusal
from tests.conftest import FLIGHTS

SHIPPED = load_params(str(FLIGHTS / "params.yaml"))


def test_every_leaf_is_in_the_table_and_fits_it() -> None:
    assert set(SHIPPED) <= set(LEAVES)
    refuse_misfits(SHIPPED, "params.yaml")


@pytest.mark.parametrize(
    ("name", "value", "demand"),
    [
        ("search.trials", "many", "`search.trials` is 'many': give a whole number of at least 1."),
        ("search.trials", -3, "a whole number of at least 1"),
        ("search.trials", 2.5, "a whole number"),
        ("search.trials", True, "a whole number"),
        ("search.trials", None, "a whole number"),
        ("search.seed", 10**400, "a whole number from 0 to 2147483647"),
        ("split.test_share", 1.5, "`split.test_share` is 1.5: give a number from 0 to 1."),
        ("split.test_share", float("nan"), "a number from 0 to 1"),
        ("engine.memory_gb", 0, "a number above 0"),
        ("problem.costs.false_negative", float("inf"), "a number of at least 0"),
        ("problem.task", "binray", "give one of binary, multiclass, regression."),
        ("problem.target", 5, "give text."),
        ("problem.time", False, "give text or null."),
        ("problem.key", " ", "give text."),
        ("problem.as_of", "yesterday", "give an instant as 2013-09-01"),
        ("search.families", "linear", "give some of lightgbm, small_trees, extra_trees, network, linear."),
        ("search.families", ["linear", "linear"], "give some of lightgbm, small_trees, extra_trees, network, linear."),
        ("search.families", [], "give some of lightgbm, small_trees, extra_trees, network, linear."),
        ("gate.declared_strong", "a", "give a list of text."),
        ("assemble.days", ["10.3.2013"], "give a list of days"),
        ("profile.table_report", "yes", "give true or false."),
        ("gate.slice_level", 25, "a number from -1 to 1"),
    ],
)
def test_what_a_leaf_may_not_hold_is_refused(name: str, value: Any, demand: str) -> None:
    with pytest.raises(Refusal) as refused:
        refuse_misfits(SHIPPED | {name: value}, "params.yaml")
    assert demand in str(refused.value)


def test_an_absent_leaf_and_one_of_ones_own_are_left_alone() -> None:
    refuse_misfits({"problem.time": None, "mine.leaf": object()}, "params.yaml")


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2013-09-01", "2013-09-01"),
        (date(2013, 9, 1), "2013-09-01"),
        (datetime(2013, 9, 1, 12), "2013-09-01T12:00:00"),
        ("2013-09-01T00:00:00+02:00", "2013-08-31T22:00:00"),
        ("2013-09-01T02:00:00+02:00", "2013-09-01"),
        ("2013-09-01T12:00Z", "2013-09-01T12:00:00"),
        ("'; DROP", None),
        ("0001-01-01T00:00+14:00", None),
        (20130901, None),
    ],
)
def test_an_instant_is_text_in_utc(written: object, instant: str | None) -> None:
    assert read_instant(written) == instant
