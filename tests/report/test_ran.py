import pytest

from perennial.report.change import Run
from perennial.report.ran import duration, tell_stages


@pytest.mark.parametrize(("seconds", "told"), [(0.5, "0.5 s"), (42.4, "42 s"), (600, "10 min")])
def test_durations(seconds: float, told: str) -> None:
    assert duration(seconds) == told


def test_nothing_differs() -> None:
    run = Run("r", lock={"gate": {"cmd": "x"}})
    assert tell_stages(run, run, None) == "No stage differs from the base.\n"
    assert tell_stages(Run("b"), Run("n"), None) == ""


def test_a_stage_that_only_wrote_something_else_says_so() -> None:
    locks = ({"gate": {"cmd": "x", "outs": [{"path": "o", "md5": md5}]}} for md5 in "12")
    base, run = (Run("r", lock=lock) for lock in locks)
    assert "| gate | its outputs | other outputs | – |" in tell_stages(base, run, None)
