"""A table small enough to read: a visit is planned, then takes some minutes, then is over."""

import numpy as np
import pandas as pd

from perennial.data.contract import parse_contract
from perennial.io.tables import write_table

CONTRACT = parse_contract(
    {
        "sources": {
            "visits": {
                **{"path": "visits.csv", "key": ["id"], "time": "start", "missing": [""], "max_bad_share": 0.0},
                "columns": {
                    "id": {"dtype": "id", "nullable": False, "known_at": "start - INTERVAL 7 DAY"},
                    "start": {"dtype": "datetime", "nullable": False, "known_at": "start - INTERVAL 7 DAY"},
                    "ended": {"dtype": "datetime", "known_at": "ended"},
                    "minutes": {"dtype": "numeric", "known_at": "ended"},
                },
            }
        },
        "examples": {
            "id": {"dtype": "id", "role": "key", "nullable": False},
            "start": {"dtype": "datetime", "role": "time", "nullable": False},
            "feature": {"dtype": "numeric", "role": "input"},
        },
    }
)


def write_visits(folder: str) -> str:
    """Write forty days of visits, one every half hour, each longer than the time to the next; return `folder`."""
    starts = pd.date_range("2024-01-01", periods=1920, freq="30min").astype("datetime64[us]")
    minutes = np.arange(1920) % 97 + 45.0
    rows = pd.DataFrame({"id": [f"v{n:04d}" for n in range(1920)], "start": starts, "minutes": minutes})
    rows["ended"] = (rows["start"] + pd.to_timedelta(rows["minutes"], unit="min")).astype("datetime64[us]")
    write_table(f"{folder}/visits/all.parquet", rows[["id", "start", "ended", "minutes"]])
    return folder
