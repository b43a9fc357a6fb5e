import xml.etree.ElementTree as ET
from typing import Any

import pytest

from perennial.report.charts import confusion, histogram, levels_chart, share_of_top

BINNED = {"edges": [0.0, 1.0, 2.0, 3.0], "counts": [1, 5, 2], "target": [0.1, None, 0.4]}
VALUES = {"values": [0.0, 1.0], "counts": [3, 4], "target": [0.2, 0.3]}


def marks(svg: str, tag: str, klass: str) -> list[ET.Element]:
    return [mark for mark in ET.fromstring(svg).iter(tag) if mark.get("class", "").startswith(klass)]


@pytest.mark.parametrize(
    ("shape", "bars", "dots"), [(BINNED, 3, 2), (VALUES, 2, 2), ({"values": [], "counts": []}, 0, 0)]
)
def test_histogram_has_a_bar_per_count_and_a_dot_per_mean(shape: dict[str, Any], bars: int, dots: int) -> None:
    svg = histogram("x", "y", shape, top=0.5)
    assert len(marks(svg, "rect", "bar")) == bars
    assert len(marks(svg, "circle", "dot")) == dots


def test_histogram_without_outcome_has_no_dots() -> None:
    assert marks(histogram("x", "y", BINNED), "circle", "dot") == []


def test_levels_show_odd_names_as_text() -> None:
    svg = levels_chart(
        "x", "y", [{"value": "<b>&", "rows": 3, "target": None}, {"value": "", "rows": 1, "target": 0.5}], top=1.0
    )
    labels = [mark.text for mark in marks(svg, "text", "t")]
    assert "<b>&" in labels
    assert "(empty)" in labels


@pytest.mark.parametrize("classes", [["no", "yes"], list("abcdefghij")])
def test_confusion_has_a_cell_per_pair(classes: list[str]) -> None:
    size = len(classes)
    svg = confusion("x", "y", classes, [[i * j for j in range(size)] for i in range(size)])
    assert len(marks(svg, "rect", "cell")) == size**2
    assert len(marks(svg, "rect", "cell right")) == size


def test_all_small_charts_share_one_axis() -> None:
    columns = [{"histogram": BINNED}, {"levels": {"top": [{"target": 0.7}, {"target": None}]}}, {}]
    assert share_of_top(columns) == 0.7
