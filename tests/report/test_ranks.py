import xml.etree.ElementTree as ET

import pytest

from perennial.report.ranks import Bar, ranked_rows


def classes(svg: str) -> list[str]:
    return [mark.get("class", "") for mark in ET.fromstring(svg).iter()]


def test_dots_have_whiskers_and_a_bad_one_is_a_square() -> None:
    svg = ranked_rows("x", "y", [Bar("a", 0.1, 0.05, 0.2), Bar("b", -0.1, -0.2, 0.0, strong=True)], reference=0.0)
    found = classes(svg)
    assert (found.count("whisker"), found.count("ref"), found.count("dot"), found.count("dot strong")) == (6, 2, 1, 1)


@pytest.mark.parametrize("values", [[], [0.0], [0.3, 0.1], [-0.2, 0.4]])
def test_bars_start_at_zero(values: list[float]) -> None:
    svg = ranked_rows("x", "y", [Bar(f"row {value}", value) for value in values], from_zero=True)
    assert classes(svg).count("bar") == len(values)
    assert all(float(mark.attrib["width"]) >= 0 for mark in ET.fromstring(svg).iter("rect"))
