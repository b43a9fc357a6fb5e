"""The limits are the leaves of the section `gate`, typed once."""

import inspect

import yaml

from perennial.evaluation import harm_checks, leak_checks
from perennial.evaluation.finding import holds, name_limits, show
from tests.conftest import FLIGHTS


def test_the_limits_are_the_leaves_of_the_gate() -> None:
    assert set(name_limits()) == set(yaml.safe_load((FLIGHTS / "params.yaml").read_text())["gate"])


def test_every_limit_is_read_by_a_check() -> None:
    read = inspect.getsource(harm_checks) + inspect.getsource(leak_checks)
    assert [name for name in name_limits() if f"limits.{name}" not in read] == []


def test_a_missing_value_meets_no_condition() -> None:
    assert holds(lambda value: value > 0, 1.0)
    assert not holds(lambda value: True, None)
    assert (show(None), show(0.123456)) == ("not finite", "0.1235")
