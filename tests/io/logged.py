"""Predictions as the service records them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from perennial.io.records import MIGRATIONS, migrate_log, open_log

START = datetime(2013, 7, 1, tzinfo=UTC)


def open_new(folder: Path) -> sa.Engine:
    """Return the engine of a new log."""
    engine = open_log(f"sqlite:///{folder}/log/predictions.db")
    migrate_log(engine)
    return engine


def downgrade_log(engine: sa.Engine, revision: str = "0001") -> None:
    """Give a log the tables of an older release."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def make_row(number: int, /, **changes: Any) -> dict[str, Any]:
    """Return one prediction; the number is its hour."""
    return {
        "id": f"{number:08d}-0",
        "at": START + timedelta(hours=number),
        "route": "predict",
        "model": "0" * 12,
        "lane": "champion",
        "key": f"k{number}",
        "inputs": '{"x": 1.5, "name": "a"}',
        "score": 0.25,
        "scores": None,
        "decision": "true",
        "latency_ms": 1.0,
        "shadow_of": None,
        "scoring_ms": 0.5,
    } | changes


def make_label(number: int, /, **changes: Any) -> dict[str, Any]:
    """Return the label of that prediction, known a day later."""
    known = START + timedelta(hours=number, days=1)
    named = {"prediction": f"{number:08d}-0", "key": None, "label": "true"}
    return named | {"known_at": known, "received_at": known} | changes
