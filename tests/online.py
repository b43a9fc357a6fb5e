"""A table of trips small enough to read: each is planned, decided two hours before, and over some minutes later."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from perennial.cli import parse_arguments
from perennial.io.bento import write_sums
from perennial.io.contract import read_contract
from perennial.io.params import read_params
from perennial.stages import assemble, validate
from perennial.stages.ingest import ingest
from tests.conftest import FLIGHTS, set_params
from tests.tiny import write_tiny_bundle

AS_OF = "2024-02-05"
PLANNED, OVER = "planned_at - INTERVAL 7 DAY", "ended_at"
COLUMNS = {
    "trip": {"dtype": "id", "nullable": False, "known_at": PLANNED},
    "planned_at": {"dtype": "datetime", "nullable": False, "known_at": PLANNED},
    "carrier": {"dtype": "category", "known_at": PLANNED},
    "minutes": {"dtype": "numeric", "range": [0, 1000], "known_at": OVER},
}
ENDED = "planned_at + to_minutes(TRY_CAST(minutes AS INTEGER))"
DERIVED = {"ended_at": {"dtype": "datetime", "sql": ENDED, "known_at": OVER}}
EXAMPLES: dict[str, Any] = {
    "trip": {"dtype": "id", "role": "key", "nullable": False},
    "decision_at": {"dtype": "datetime", "role": "time", "nullable": False},
    "distance": {"dtype": "numeric", "role": "input", "range": [0, 5000]},
    "carrier": {"dtype": "category", "role": "input"},
    "holiday": {"dtype": "boolean", "role": "input", "nullable": False},
    "at": {"dtype": "datetime", "role": "input", "nullable": False},
    "late": {"dtype": "boolean", "role": "target"},
    "label_known_at": {"dtype": "datetime", "role": "label_time"},
}
QUERY = """
WITH decisions AS (SELECT *, planned_at - INTERVAL 2 HOUR AS decision_at FROM trips)
SELECT trip, decision_at,
    (SELECT avg(p.minutes::INTEGER) FROM trips AS p
     WHERE p.ended_at <= d.decision_at AND p.planned_at > d.decision_at - INTERVAL 3 DAY) AS distance,
    carrier, isodow(planned_at) >= 6 AS holiday, decision_at AS "at",
    minutes >= 90 AS late, ended_at AS label_known_at
FROM decisions AS d
"""
PEEKING = QUERY.replace("p.ended_at <= d.decision_at AND ", "p.planned_at < d.decision_at AND ")
"""What went on at the decision is counted with how long it would last."""
SMALL = {
    "problem.as_of": AS_OF,
    "problem.key": "trip",
    "engine.workers": 1,
    "assemble.random_cuts": 2,
    "assemble.adversarial_cuts": 0,
    "assemble.days": [],
    "assemble.whole_cuts": 0,
    "assemble.history_days": 5,
    "features.retention_days": 2,
}


def make_trips() -> pd.DataFrame:
    """Return thirty-five days of trips, one every two hours, each longer than the time to the next."""
    count = 35 * 12
    numbers = np.arange(count)
    planned = pd.Timestamp("2024-01-01") + pd.to_timedelta(numbers * 2, unit="h")
    return pd.DataFrame(
        {
            "trip": [f"t{number:04d}" for number in numbers],
            "planned_at": planned.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "carrier": np.where(numbers % 5 == 0, "AA", np.where(numbers % 7 == 0, "", "UA")),
            "minutes": numbers * 37 % 151 + 30,
        }
    )


def write_trips(folder: Path, query: str = QUERY, **changes: Any) -> None:
    """Write the inputs of the graph for the trips into a folder; `changes` are leaves of params by other names."""
    (folder / "data").mkdir(parents=True)
    make_trips().to_csv(folder / "trips.csv", index=False)
    source: dict[str, Any] = {"path": "trips.csv", "key": ["trip"], "time": "planned_at", "rows": [1, 1000]}
    source |= {"freshness_days": 3, "max_bad_share": 0.01, "columns": COLUMNS, "derived": DERIVED}
    document = {"sources": {"trips": source}, "examples": EXAMPLES}
    (folder / "data/contract.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    (folder / "data/examples.sql").write_text(query)
    (folder / "params.yaml").write_text((FLIGHTS / "params.yaml").read_text())
    set_params(folder, SMALL | changes)


def train() -> pd.DataFrame:
    """Assemble here what training sees, by the graph's own stages, and return it by its key."""
    ingest(read_contract(), str(read_params(("problem.as_of",))["problem.as_of"]), 1.0, 1)
    validate.main()
    assemble.main()
    return pd.read_parquet("data/examples.parquet").set_index("trip")


def pack() -> None:
    """Put the tiny bundle, whose inputs the trips have, where the packaged one is."""
    write_tiny_bundle(Path("models/bento/src/bundle"))
    write_sums("models/bento")


def run(*words: str) -> None:
    """Run one command here."""
    arguments = parse_arguments(words)
    arguments.run(arguments)


def plain(value: Any) -> Any:
    """Return a cell as JSON holds it."""
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return None
    value = value.item() if isinstance(value, np.generic) else value
    return value.isoformat() if isinstance(value, datetime) else value


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, pd.DataFrame]]:
    """The trips' project, with what training sees of them; the current folder of the module's tests."""
    folder = tmp_path_factory.mktemp("trips") / "project"
    write_trips(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("PERENNIAL_FEATURES_URL", raising=False)
        pack()
        yield folder, train()
