import xml.etree.ElementTree as ET

import pytest
from markupsafe import Markup

from perennial.report.svg import element, figure, nice_ticks, path, scale


def test_everything_is_escaped() -> None:
    made = element("text", "<script>&", klass='"x')
    assert made == Markup('<text class="&#34;x">&lt;script&gt;&amp;</text>')


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 1, [0, 0.25, 0.5, 0.75, 1]),
        (0.47, 0.53, [0.48, 0.5, 0.52]),
        (-30, 30, [-20, 0, 20]),
        (5, 5, [5]),
        (0, float("inf"), [0]),
    ],
)
def test_ticks_are_round(low: float, high: float, ticks: list[float]) -> None:
    assert nice_ticks(low, high) == ticks


def test_scale() -> None:
    assert scale(0, 10, 100, 0)(2.5) == 75
    assert scale(3, 3, 0, 10)(3) == 5


def test_a_figure_can_be_read_aloud() -> None:
    svg = ET.fromstring(
        figure("A <title>", "What it shows", path([(0, 0), (1, 1.23456)], "stroke"), width=10, height=5)
    )
    assert svg.attrib["role"] == "img"
    assert [child.tag for child in svg] == ["title", "desc", "path"]
    assert svg[2].attrib["d"] == "M0,0 L1,1.23"


def test_a_path_of_nothing_is_nothing() -> None:
    assert path([], "stroke") == ""
