from pathlib import Path

import duckdb
import pytest

from perennial.data.typed import derived_sql
from perennial.io.contract import read_contract
from perennial.refusal import Refusal
from tests.conftest import FLIGHTS


def test_the_contract_of_the_repository_is_one() -> None:
    contract = read_contract(FLIGHTS / "data" / "contract.yaml")
    assert set(contract.sources) == {"flights", "weather", "planes", "airports", "airlines"}


@pytest.mark.parametrize(
    ("text", "sentence"), [(None, "is not there"), ("a: [", "is not YAML"), ("[]", "no `sources`")]
)
def test_a_file_that_is_no_contract_is_refused(tmp_path: Path, text: str | None, sentence: str) -> None:
    if text is not None:
        (tmp_path / "contract.yaml").write_text(text)
    with pytest.raises(Refusal, match=sentence):
        read_contract(tmp_path / "contract.yaml")


def derived_instants(dest: str, zone: str | None, time_hour: str, minute: int, **cells: float | None) -> list[str]:
    """The scheduled arrival, departure, arrival and cancellation of one flight, in UTC without the year."""
    flight = {"dest": dest, "minute": minute, "dep_time": None, "dep_delay": None, "arr_delay": None} | cells
    source = read_contract(FLIGHTS / "data" / "contract.yaml").sources["flights"]
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        database.execute("CREATE TABLE airports AS SELECT ? AS faa, ? AS tzone WHERE ? IS NOT NULL", [dest, zone, zone])
        typed = ", ".join(f"?::{'VARCHAR' if name == 'dest' else 'DOUBLE'} AS {name}" for name in flight)
        database.execute(
            f"CREATE TABLE typed AS SELECT ?::TIMESTAMP AS time_hour, {typed}", [time_hour, *flight.values()]
        )
        names = "scheduled_arrival_at, departed_at, arrived_at, cancelled_at"
        row = database.execute(f"SELECT {names} FROM ({derived_sql(source, 'typed')})").fetchall()[0]
    return ["-" if instant is None else f"{instant:%m-%d %H:%M}" for instant in row]


@pytest.mark.parametrize(
    ("dest", "zone", "time_hour", "minute", "cells", "expected"),
    [
        # UA1545 arrived at 8:30 in Houston, 11 minutes after 8:19.
        (
            *("IAH", "America/Chicago", "2013-01-01 10:00", 15),
            {"sched_arr_time": 819, "dep_time": 517, "dep_delay": 2, "arr_delay": 11},
            ["01-01 14:19", "01-01 10:17", "01-01 14:30", "-"],
        ),
        # Over midnight, to an airport without a row in airports.
        (
            *("SJU", None, "2013-01-02 04:00", 59),
            {"sched_arr_time": 444, "dep_time": 2355, "dep_delay": -4, "arr_delay": -10},
            ["01-02 08:44", "01-02 04:55", "01-02 08:34", "-"],
        ),
        # Due at midnight, written 2400.
        (
            *("BOS", "America/New_York", "2013-07-01 02:00", 45),
            {"sched_arr_time": 2400, "dep_time": 2245, "dep_delay": 0, "arr_delay": 0},
            ["07-01 04:00", "07-01 02:45", "07-01 04:00", "-"],
        ),
        # Cancelled: known at the scheduled departure, never arrived.
        (
            "BOS",
            "America/New_York",
            "2013-07-01 12:00",
            30,
            {"sched_arr_time": 945},
            ["07-01 13:45", "-", "-", "07-01 12:30"],
        ),
        # Diverted: departed, never arrived.
        (
            *("BOS", "America/New_York", "2013-07-01 12:00", 30),
            {"sched_arr_time": 945, "dep_time": 840, "dep_delay": 10},
            ["07-01 13:45", "07-01 12:40", "-", "-"],
        ),
    ],
    ids=["west", "over midnight without a zone", "2400", "cancelled", "diverted"],
)
def test_the_instants_of_a_flight(
    dest: str, zone: str | None, time_hour: str, minute: int, cells: dict[str, float], expected: list[str]
) -> None:
    assert derived_instants(dest, zone, time_hour, minute, **cells) == expected


def test_the_weather_of_an_hour_is_known_when_the_hour_is_over() -> None:
    weather = read_contract(FLIGHTS / "data" / "contract.yaml").sources["weather"]
    assert {column.known_at for column in (*weather.columns, *weather.derived)} == {"observed_at"}
    with duckdb.connect() as database:
        database.execute("CREATE TABLE typed AS SELECT TIMESTAMP '2013-01-01 06:00' AS time_hour")
        row = database.execute(f"SELECT observed_at FROM ({derived_sql(weather, 'typed')})").fetchall()[0]
    assert f"{row[0]:%H:%M}" == "07:00"
