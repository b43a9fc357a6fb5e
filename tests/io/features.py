"""Rows as they go into the feature table; the number is the hour of the decision."""

from datetime import UTC, datetime, timedelta
from typing import Any

from perennial.io.feature_store import Run

START = datetime(2013, 7, 1, tzinfo=UTC)


def hour(number: float) -> datetime:
    """Return an instant by its hour."""
    return START + timedelta(hours=number)


def make_feature(number: int, /, **changes: Any) -> dict[str, Any]:
    """Return one row that is decided and open."""
    at = hour(number)
    return {"key": f"k{number}", "decision_at": at, "known_at": at, "inputs": '{"x": 1.5}', "open": True} | changes


def make_run(number: float, /, *, ahead: float = 0, hours: float = 48) -> Run:
    """Return a run at an hour, which keeps rows for so many."""
    return Run(hour(number), hour(number - hours), hour(number + ahead), timedelta(hours=hours))


def timeless(key: str, /, **changes: Any) -> dict[str, Any]:
    """Return one open row of a table without time."""
    return {"key": key, "decision_at": None, "known_at": None, "inputs": '{"x": 1.5}', "open": True} | changes
