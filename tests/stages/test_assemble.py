"""assemble on real flights: each feature against a slow reading of its own definition, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from perennial.io.files import read_json
from perennial.io.tables import read_table
from tests.conftest import run_stage

SAMPLE = 60
HOUR, DAY = pd.Timedelta(hours=1), pd.Timedelta(days=1)


def read_source(project: Path, name: str) -> pd.DataFrame:
    """Every partition of a valid source."""
    return pd.concat([read_table(path) for path in sorted((project / "data/valid" / name).glob("*.parquet"))])


@pytest.fixture(scope="module")
def flights(judged_project: Path) -> pd.DataFrame:
    """The valid flights, with delays capped as the query caps them."""
    rows = read_source(judged_project, "flights")
    rows["dep_delay"], rows["arr_delay"] = rows["dep_delay"].clip(upper=240), rows["arr_delay"].clip(upper=240)
    rows["decision_at"] = rows["scheduled_at"] - 2 * HOUR
    numbers = rows[["year", "month", "day"]].astype(int)
    date = (numbers["year"] * 10_000 + numbers["month"] * 100 + numbers["day"]).astype(str)
    rows["flight_id"] = (
        date.str[:4] + "-" + date.str[4:6] + "-" + date.str[6:] + "_"
        + rows["carrier"] + "_" + rows["flight"] + "_" + rows["origin"]
    )  # fmt: skip
    return rows


@pytest.fixture(scope="module")
def examples(judged_project: Path) -> pd.DataFrame:
    return read_table(judged_project / "data/examples.parquet").set_index("flight_id")


@pytest.fixture(scope="module")
def asked(flights: pd.DataFrame, examples: pd.DataFrame) -> pd.DataFrame:
    """Some decisions, the same in every run."""
    known = flights[flights["flight_id"].isin(examples.index)]
    return known.sample(SAMPLE, random_state=0)


def mean_delay(flights: pd.DataFrame, leg: pd.Series, same: list[str], column: str, when: str, since: float) -> float:
    """Mean of what happened in the `since` hours before the decision, among the flights that share `same`."""
    at = leg["decision_at"]
    chosen = flights[(flights[when] <= at) & (flights[when] > at - since * HOUR)]
    for name in same:
        chosen = chosen[chosen[name] == leg[name]]
    return float(chosen[column].mean())


def overdue(flights: pd.DataFrame, leg: pd.Series, same: list[str]) -> float:
    """Flights that should have left by the decision, less than half a day ago, and of which nothing is known."""
    at = leg["decision_at"]
    waiting = (flights["scheduled_at"] <= at) & (flights["scheduled_at"] + DAY / 2 > at)
    gone = (flights["departed_at"] <= at) | (flights["cancelled_at"] <= at)
    chosen = flights[waiting & ~gone]
    for name in same:
        chosen = chosen[chosen[name] == leg[name]]
    return float(len(chosen))


def number_history(flights: pd.DataFrame, leg: pd.Series) -> float:
    """Mean arrival delay of this flight number over thirty days, as known a day later."""
    back = leg["scheduled_at"] - flights["scheduled_at"]
    chosen = flights[(back >= 22 * HOUR) & (back <= 30 * DAY)]
    chosen = chosen[chosen["arrived_at"] <= chosen["scheduled_at"] + 20 * HOUR]
    for name in ("carrier", "flight", "origin"):
        chosen = chosen[chosen[name] == leg[name]]
    return float(chosen["arr_delay"].mean())


def late_share(flights: pd.DataFrame, leg: pd.Series) -> float:
    """Share of the flights to this destination that landed late, of those that landed within a day."""
    at = leg["decision_at"]
    chosen = flights[(flights["arrived_at"] <= at) & (flights["arrived_at"] > at - DAY)]
    return float((chosen.loc[chosen["dest"] == leg["dest"], "arr_delay"] >= 15).mean())


def planned(flights: pd.DataFrame, leg: pd.Series) -> float:
    """Departures planned at this airport within half an hour."""
    near = (flights["scheduled_at"] - leg["scheduled_at"]).abs() <= HOUR / 2
    return float((near & (flights["origin"] == leg["origin"])).sum())


READINGS: dict[str, Callable[[pd.DataFrame, pd.Series], float]] = {
    "airport_delay_1h": lambda f, leg: mean_delay(f, leg, ["origin"], "dep_delay", "departed_at", 1),
    "airport_delay_24h": lambda f, leg: mean_delay(f, leg, ["origin"], "dep_delay", "departed_at", 24),
    "city_delay_1h": lambda f, leg: mean_delay(f, leg, [], "dep_delay", "departed_at", 1),
    "carrier_delay_2h": lambda f, leg: mean_delay(f, leg, ["carrier", "origin"], "dep_delay", "departed_at", 2),
    "dest_arrival_delay_6h": lambda f, leg: mean_delay(f, leg, ["dest"], "arr_delay", "arrived_at", 6),
    "dest_late_24h": late_share,
    "airport_overdue": lambda f, leg: overdue(f, leg, ["origin"]),
    "city_overdue": lambda f, leg: overdue(f, leg, []),
    "carrier_overdue": lambda f, leg: overdue(f, leg, ["carrier", "origin"]),
    "dest_overdue": lambda f, leg: overdue(f, leg, ["dest"]),
    "number_delay_30d": number_history,
    "planned_hour": planned,
}


@pytest.mark.parametrize("name", READINGS)
def test_a_feature_is_what_its_definition_says(
    name: str, flights: pd.DataFrame, examples: pd.DataFrame, asked: pd.DataFrame
) -> None:
    wanted = [READINGS[name](flights, leg) for _, leg in asked.iterrows()]
    got = examples.loc[asked["flight_id"], name].astype(float)
    assert np.isfinite(wanted).sum() > SAMPLE / 4, "the sample says nothing about this feature"
    np.testing.assert_allclose(got.to_numpy(), np.array(wanted), atol=1e-9)


def test_the_weather_is_the_last_observed(judged_project: Path, examples: pd.DataFrame, asked: pd.DataFrame) -> None:
    weather = read_source(judged_project, "weather")
    for _, leg in asked.iterrows():
        known = weather[(weather["origin"] == leg["origin"]) & (weather["observed_at"] <= leg["decision_at"])]
        wanted = known.sort_values("observed_at")["temp"].iloc[-1] if len(known) else np.nan
        np.testing.assert_equal(float(examples.loc[leg["flight_id"], "temp"]), float(wanted))


def test_every_flight_gets_a_row_and_those_that_never_arrived_are_counted(
    judged_project: Path, flights: pd.DataFrame, examples: pd.DataFrame
) -> None:
    facts = read_json(judged_project / "metrics/assembly.json")
    decided = flights[flights["decision_at"] <= pd.Timestamp("2013-03-11")]
    assert set(decided["flight_id"]) == set(examples.index)
    assert facts["labelled"] == decided["arrived_at"].notna().sum()
    assert sum(facts["outcomes"].values()) == facts["rows"] == len(decided)
    assert examples.loc[examples["outcome"] != "arrived", "late"].isna().all()


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        pytest.param(
            "SELECT nothing FROM nowhere", "reads 'nowhere', which is no source of the contract", id="an unknown table"
        ),
        pytest.param("CREATE TABLE t (a INTEGER)", "Only SELECT statements", id="not a SELECT"),
        pytest.param("SELECT 1 AS flight_id", "data/examples.sql does not run: Binder Error", id="a column short"),
        pytest.param("SELEC 1", "data/examples.sql does not run: syntax error", id="not SQL"),
        pytest.param(
            "SELECT * REPLACE (CAST(dest AS INTEGER) AS distance) FROM ({})",
            "data/examples.sql does not run: Conversion Error: Could not convert string",
            id="a value that cannot be computed",
        ),
        pytest.param(
            "SELECT * REPLACE (-5 AS humid) FROM ({})",
            "yields rows that the service would refuse, humid: below 0 (",
            id="values out of their range",
        ),
        pytest.param("{} WHERE false", "yields no row until 2013-03-11", id="no rows"),
    ],
)
def test_a_query_that_cannot_be_used_is_refused(project: Path, query: str, sentence: str) -> None:
    path = project / "data" / "examples.sql"
    path.write_text(query.format(f"SELECT * FROM ({path.read_text()})"))
    before = (project / "data" / "examples.parquet").read_bytes()
    done = run_stage(project, "assemble")
    assert done.returncode == 1
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert (project / "data" / "examples.parquet").read_bytes() == before


def test_a_missing_query_is_refused(project: Path) -> None:
    (project / "data" / "examples.sql").unlink()
    done = run_stage(project, "assemble")
    assert (done.returncode, "data/examples.sql is not there" in done.stderr) == (1, True)
