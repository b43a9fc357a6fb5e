"""Five ways to peek into the future, each caught by the audit; the honest twin passes."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from perennial.io.params import load_params
from tests.conftest import FLIGHTS, run_stage, set_params

EXAMPLES: dict[str, Any] = {
    "flight_id": {"dtype": "id", "role": "key"},
    "decision_at": {"dtype": "datetime", "role": "time"},
    "feature": {"dtype": "numeric", "role": "input"},
    "late": {"dtype": "boolean", "role": "target"},
    "label_known_at": {"dtype": "datetime", "role": "label_time"},
}
QUERY = """
SELECT concat_ws('_', f.scheduled_at, f.carrier, f.flight, f.origin) AS flight_id,
    f.scheduled_at - INTERVAL 2 HOUR AS decision_at, {feature} AS feature,
    f.arr_delay >= 15 AS late, f.arrived_at AS label_known_at
FROM flights AS f {join}
"""
WEATHER = "LEFT JOIN weather AS w ON w.origin = f.origin AND w.time_hour = date_trunc('hour', f.scheduled_at)"
LAGGED = "ASOF LEFT JOIN weather AS w ON w.origin = f.origin AND f.scheduled_at - INTERVAL 2 HOUR >= w.observed_at"


def audited(project: Path, feature: str, join: str) -> Any:
    """Assemble with one feature, replayed at as many cuts as everybody's run."""
    contract = project / "data" / "contract.yaml"
    document = yaml.safe_load(contract.read_text()) | {"examples": EXAMPLES}
    contract.write_text(yaml.safe_dump(document, sort_keys=False))
    (project / "data" / "examples.sql").write_text(QUERY.format(feature=feature, join=join))
    shipped = load_params(str(FLIGHTS / "params.yaml"))
    set_params(project, {name: shipped[name] for name in ("assemble.random_cuts", "assemble.adversarial_cuts")})
    return run_stage(project, "assemble")


@pytest.mark.parametrize(
    ("feature", "join"),
    [
        pytest.param("f.dep_delay", "", id="the flight's own departure delay"),
        pytest.param("w.temp", WEATHER, id="weather of the departure hour", marks=pytest.mark.slow),
        pytest.param(
            "avg(f.dep_delay) OVER (PARTITION BY f.origin, date_trunc('day', f.scheduled_at))",
            "",
            id="a daily mean that includes later hours",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "lag(f.arr_delay) OVER (PARTITION BY f.tailnum ORDER BY f.scheduled_at)",
            "",
            id="the aircraft's previous arrival before it landed",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "CAST(f.tailnum IS NULL AS INTEGER)",
            "",
            id="a tail number missing only when cancelled",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "CASE WHEN hash(f.flight, f.scheduled_at) % 1000 = 0 THEN f.dep_delay END", "", id="a peek of 0.1 % of rows"
        ),
    ],
)
def test_a_peek_is_refused_naming_the_column_a_row_and_both_values(project: Path, feature: str, join: str) -> None:
    done = audited(project, feature, join)
    assert done.returncode == 1, done.stderr[-500:]
    assert "data/examples.sql peeks into the future" in done.stderr
    assert "feature (" in done.stderr
    assert "in full and" in done.stderr


@pytest.mark.parametrize(
    ("feature", "join"),
    [
        pytest.param("f.distance", "", id="schedule"),
        pytest.param("w.temp", LAGGED, id="weather as observed"),
        pytest.param("length(f.carrier)", "", id="text", marks=pytest.mark.slow),
    ],
)
def test_the_honest_twin_passes(project: Path, feature: str, join: str) -> None:
    done = audited(project, feature, join)
    assert done.returncode == 0, done.stderr[-500:]


def test_a_table_without_time_is_said_not_to_be_auditable(project: Path) -> None:
    done = audited(project, "f.distance", "")
    contract = project / "data" / "contract.yaml"
    document = yaml.safe_load(contract.read_text())
    document["examples"]["decision_at"]["role"] = "ignored"
    contract.write_text(yaml.safe_dump(document, sort_keys=False))
    done = run_stage(project, "assemble")
    assert done.returncode == 0, done.stderr[-500:]
    assert '"auditable": false' in (project / "metrics/point_in_time.json").read_text()
