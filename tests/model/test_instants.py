"""Instants as parts of the calendar, cycles and ages."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from perennial.model.instants import CYCLES, choose_parts, count_age, read_iso, split_instant, to_micros

HOUR = 3_600_000_000


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("1970-01-01", (1, 3, 0.0)),
        ("2012-02-29T06:30:00", (2, 2, 6.5)),
        ("2013-03-10T02:30:00-05:00", (3, 6, 7.5)),  # the hour that New York's clocks skipped, in UTC
        ("2013-11-03T01:30:00-04:00", (11, 6, 5.5)),  # the hour they showed twice: once
        ("2013-11-03T01:30:00-05:00", (11, 6, 6.5)),  # and again
        ("2013-12-31T23:00:00-05:00", (1, 2, 4.0)),
        ("0001-01-01T00:00:00", (1, 0, 0.0)),
        ("0001-01-01T00:00:00+14:00", (12, 6, 10.0)),  # before the first day that Python's dates hold
        ("9999-12-31T23:59:59.999999", (12, 4, 86_399_999_999 / 3_600_000_000)),
        (datetime(2013, 7, 1, 12, tzinfo=UTC), (7, 0, 12.0)),
        (date(2000, 2, 29), (2, 1, 0.0)),
    ],
)
def test_parts_of_an_instant(value: Any, parts: tuple[float, ...]) -> None:
    month, weekday, hour, *_ = split_instant(to_micros("at", value))
    assert (month, weekday, hour) == parts


def test_parts_agree_with_the_calendar() -> None:
    days = pd.Series(pd.date_range("1896-01-01", "2104-12-31", freq="D", unit="us"))
    parts = ("year", "month", "weekday", "year_sin", "year_cos", "days")
    year, month, weekday, sine, cosine, number = split_instant(days.to_numpy().astype(np.int64), parts)
    assert (year == days.dt.year).all()
    assert (month == days.dt.month).all()
    assert (weekday == days.dt.weekday).all()
    assert (number == (days - pd.Timestamp(0)).dt.days).all()
    np.testing.assert_allclose(sine**2 + cosine**2, 1.0, atol=1e-12)


def test_what_comes_round_lies_on_circles() -> None:
    micros = np.arange(0, 15 * 24) * HOUR + 59_999_999
    waves = split_instant(micros, CYCLES)
    for sine, cosine in zip(waves[::2], waves[1::2], strict=True):
        np.testing.assert_allclose(np.asarray(sine) ** 2 + np.asarray(cosine) ** 2, 1.0, atol=1e-12)
    _, _, week, _, day, _ = waves
    np.testing.assert_array_equal(week[:168], week[168:336])
    np.testing.assert_array_equal(day[:24], day[24:48])


@pytest.mark.parametrize(
    ("born", "at", "age"),
    [
        ("2013-01-01", "2013-01-02", 1.0),
        ("2013-01-02", "2013-01-01T18:00", -0.25),
        ("0001-01-01", "9999-12-31", 3652058),
    ],
)
def test_an_age_is_counted_in_days(born: str, at: str, age: float) -> None:
    assert count_age(to_micros("born", born), to_micros("at", at)) == age


@pytest.mark.parametrize(
    ("first", "last", "is_time", "has_age", "parts"),
    [
        ("2013-01-01", "2013-03-01", False, False, "weekday week_sin week_cos days"),
        ("2013-01-01", "2013-03-01", False, True, "weekday week_sin week_cos days age"),
        ("2013-01-01T10:00", "2013-03-01", True, True, "weekday hour week_sin week_cos day_sin day_cos"),
        ("2013-01-01", "2014-03-01", True, True, "month weekday year_sin year_cos week_sin week_cos"),
        ("2013-01-01", "2014-03-01", False, False, "year month weekday year_sin year_cos week_sin week_cos days"),
    ],
)
def test_parts_are_those_that_the_rows_can_tell(
    first: str, last: str, is_time: bool, has_age: bool, parts: str
) -> None:
    known = np.array([to_micros("at", first), to_micros("at", last)])
    assert choose_parts(known, is_time=is_time, has_age=has_age) == parts.split()


def test_a_column_without_a_known_instant_still_has_parts() -> None:
    assert choose_parts(np.array([], dtype=np.int64), is_time=False, has_age=False)


@pytest.mark.parametrize(
    "text",
    [
        "20130701",
        "2013-W27-1",
        "2013-07-01x12:00",
        "2013-02-30",
        "2013-07-01T25:00",
        "\u0662013-07-01",
        " 2013-07-01",
        "",
    ],
)
def test_only_plain_iso_is_read(text: str) -> None:
    assert read_iso(text) is None


@pytest.mark.parametrize("text", ["2013-07-01", "2013-07-01 12:00", "2013-07-01T12:00:00.5Z", "2013-07-01T12:00+05:30"])
def test_iso_is_read(text: str) -> None:
    assert read_iso(text) is not None
