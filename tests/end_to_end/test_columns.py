"""A table of dates, remarks, gaps, levels and noise: adopted, judged, rehearsed, and asked for one row."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from perennial.serving.runtime import load_predictor
from tests.conftest import run_stages
from tests.end_to_end.test_adopted import adopt

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
NOISE = {"dice", "coin", "born"}


def make_table(rows: int = 2000) -> pd.DataFrame:
    """Visits over 200 days: those of new members in the evening, and of unkind remarks, end badly more often."""
    draw = np.random.default_rng(0)
    at = pd.Timestamp("2023-01-02") + pd.to_timedelta(np.sort(draw.integers(0, 200 * 86400, rows)), unit="s")
    age, town = draw.integers(0, 1500, rows), draw.integers(0, 60, rows)
    words = np.array(["late", "rude", "great", "kind", "the", "and", "box", "van", "very"])
    said = pd.Series([" ".join(draw.choice(words, 5)) for _ in range(rows)])
    told = said.str.count("late|rude").to_numpy() - said.str.count("great|kind").to_numpy()
    logit = told + 1.5 * (age < 300) + 1.0 * (np.asarray(at.hour) >= 17) + 1.2 * (town % 4 == 0) - 1.2
    target = draw.random(rows) < 1 / (1 + np.exp(-logit))
    rare = np.where(draw.random(rows) < 0.9, "", (draw.normal(size=rows) + 2 * target).round(3).astype(str))
    return pd.DataFrame(
        {
            "visited_at": at.strftime("%Y-%m-%d %H:%M:%S"),
            "joined": (at - pd.to_timedelta(age, unit="D")).strftime("%d.%m.%Y"),
            "born": (pd.Timestamp("1950-01-01") + pd.to_timedelta(draw.integers(0, 18000, rows), unit="D")).astype(str),
            "remark": said,
            "town": [f"town {number}" for number in town],
            "rare test": rare,
            "dice": draw.normal(size=rows).round(4),
            "coin": draw.choice(["heads", "tails"], rows),
            "target": np.where(target, "yes", "no"),
        }
    )


def test_every_kind_of_column_is_learned_from_or_left_out_and_served(tmp_path: Path) -> None:
    path = tmp_path / "visits.csv"
    make_table().to_csv(path, index=False)
    few = {"search.families": ["small_trees", "linear"], "search.trials": 4, "search.outer_trials": 2}
    project = adopt(tmp_path, path, **few)
    run_stages(project, "ingest", "report")
    facts: dict[str, Any] = json.loads((project / "reports/facts.json").read_text())
    assert facts["rehearsal"]["passed"], facts["gate"]
    columns = {one["column"]: one for one in facts["search"]["selection"]["columns"]}
    assert {name for name, one in columns.items() if not one["kept"]} <= NOISE
    assert len([name for name in NOISE if not columns[name]["kept"]]) >= 2
    assert "shuffled copies of itself" in (project / "reports/index.html").read_text()
    predictor = load_predictor(project / "models/bundle")
    row = predictor.example | {
        "visited_at": "2023-07-20T18:30:00Z",
        "joined": "2023-07-01",
        "remark": "Rude, very late!",
    }
    assert not predictor.check([row])
    bad, good = predictor.predict([row, row | {"remark": "great and kind", "joined": "2019-07-01"}])
    assert bad["score"] > good["score"] + 0.3
    assert predictor.check([row | {"joined": "01.07.2023"}]) == {
        0: ["rows[0].joined is not an ISO-8601 date and time: send one such as 2013-07-01T12:00:00Z"]
    }
    assert "late" not in (project / "models/bundle/golden.json").read_text().replace("was late, and nobody", "")
