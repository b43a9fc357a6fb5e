import xml.etree.ElementTree as ET
from datetime import date

import pytest

from perennial.report.spans import Span, timeline


def texts(svg: str) -> list[str]:
    return [mark.text or "" for mark in ET.fromstring(svg).iter("text")]


def test_spans_follow_each_other_on_one_calendar() -> None:
    spans = [
        Span("train", date(2013, 1, 1), date(2013, 5, 31), "5 rows"),
        Span("test", date(2013, 6, 1), date(2013, 8, 31)),
    ]
    svg = timeline("x", "y", spans, (date(2013, 9, 1), "as of"))
    train, test = (float(mark.attrib["x"]) for mark in ET.fromstring(svg).iter("rect"))
    assert train < test
    assert {"train", "5 rows", "as of", "Jan"} <= set(texts(svg))


@pytest.mark.parametrize(
    ("start", "end", "first"),
    [
        (date(2013, 1, 1), date(2013, 1, 9), "Jan"),
        (date(2012, 11, 5), date(2013, 2, 3), "Dec"),
        (date(2001, 1, 1), date(2013, 1, 1), "Jan 2001"),
    ],
)
def test_months_are_named(start: date, end: date, first: str) -> None:
    assert texts(timeline("x", "y", [Span("all", start, end)]))[2] == first


def test_no_span_is_an_empty_calendar() -> None:
    assert timeline("x", "y", []).startswith("<svg")
