from typing import Any

from perennial.report.change import Run
from perennial.report.worst import tell_worst


def judged(**gains: float) -> Run:
    slices: list[dict[str, Any]] = [
        {"column": "c", "value": name, "rows": 9, "over_constant": {"value": gain, "interval": [gain - 1, gain + 1]}}
        for name, gain in gains.items()
    ]
    return Run("r", metrics={"evaluation": {"slices": slices}})


def test_the_worst_group_comes_first_with_the_base_beside_it() -> None:
    drawn = tell_worst(judged(a=-0.5, b=0.2), judged(a=0.4, b=-0.1)).splitlines()
    lines = [line for line in drawn if line.startswith("c = ")]
    assert [line[:5] for line in lines] == ["c = b", "c = a"]
    assert all("●" in line and "○" in line for line in lines)


def test_no_group_is_nothing() -> None:
    assert tell_worst(judged(), judged()) == ""
