import xml.etree.ElementTree as ET

import pytest

from perennial.report.curves import Axis, Bin, Line, bounds, calibration, line_chart, precision_recall, roc

CURVE = [(0.0, 0.0), (0.5, 0.9), (1.0, 1.0)]


def classes(svg: str) -> list[str]:
    return [mark.get("class", "") for mark in ET.fromstring(svg).iter()]


def test_lines_differ_in_more_than_colour() -> None:
    svg = roc("x", "y", [Line("one", CURVE), Line("two", CURVE), Line("three", CURVE)])
    assert {"stroke", "stroke dashed", "stroke dotted", "ref"} <= set(classes(svg))
    assert {"one", "two", "three"} <= {mark.text for mark in ET.fromstring(svg).iter("text")}


def test_precision_recall_is_a_figure() -> None:
    assert precision_recall("x", "y", [Line("one", CURVE)]).startswith("<svg")


def test_dots_can_stand_alone() -> None:
    svg = line_chart("x", "y", [Line("", CURVE, dots=True, stroke=False)], x=Axis("", 0, 1), y=Axis("", 0, 1))
    assert classes(svg).count("dot faint") == 3
    assert "stroke" not in classes(svg)


@pytest.mark.parametrize("bins", [[], [Bin(0.1, 0.2, 0)], [Bin(0.1, 0.2, 50), Bin(0.9, 0.8, 10)]])
def test_calibration_has_a_dot_and_a_bar_per_bin(bins: list[Bin]) -> None:
    found = classes(calibration("x", "y", bins))
    assert found.count("dot") == found.count("bar") == len(bins)


@pytest.mark.parametrize(
    ("values", "low", "high"), [([], 0.0, 1.0), ([1.0, 2.0], 0.92, 2.08), ([3.0], 2.76, 3.24), ([0.0], -1.0, 1.0)]
)
def test_bounds_leave_room(values: list[float], low: float, high: float) -> None:
    assert bounds(values) == pytest.approx((low, high))
