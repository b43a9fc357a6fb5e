"""When is now, and which decisions are wanted: what the commands about open decisions have in common."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from perennial.data.contract import Contract, column_of_role
from perennial.io.leaves import read_instant
from perennial.refusal import Refusal

HOURS = {"m": 1 / 60, "h": 1.0, "d": 24.0}
LONGEST_HORIZON = 3660 * 24.0


@dataclass(frozen=True)
class Moment:
    """When is pretended to be now, and which decisions are wanted: after `since` until `until`; None is open."""

    as_of: np.datetime64
    since: np.datetime64 | None
    until: np.datetime64 | None


def read_as_of(text: str) -> np.datetime64:
    """Return the instant of `--as-of`: the clock for NOW, else ISO 8601, UTC where it names no zone.

    Raises Refusal when it is still to come: nothing is known of then, and all that is kept would be too old.
    """
    now = np.datetime64(datetime.now(UTC).replace(tzinfo=None), "us")
    if text.upper() == "NOW":
        return now
    if (found := read_instant(text)) is None:
        raise Refusal(f"--as-of is {text!r}: give NOW, or an instant such as 2013-08-15T06:00.")
    instant = np.datetime64(found, "us")
    if instant > now:
        raise Refusal(f"--as-of is {text!r}, which is still to come: give NOW; --horizon looks ahead.")
    return instant


def read_horizon(text: str) -> float:
    """Return the hours of a horizon such as 90m, 6h or 2d."""
    if not (found := re.fullmatch(r"(\d+(?:\.\d+)?)([mhd])", text)):
        raise Refusal(f"--horizon is {text!r}: give a number with m, h or d, such as 6h.")
    hours = float(found[1]) * HOURS[found[2]]
    if hours > LONGEST_HORIZON:
        raise Refusal(f"--horizon is {text!r}: give at most {LONGEST_HORIZON / 24:.0f}d.")
    return hours


def choose_moment(contract: Contract, as_of: np.datetime64, keep_days: float, horizon_hours: float = 0.0) -> Moment:
    """Return which decisions are wanted at `as_of`: those of the last `keep_days` (0: all), and until the horizon.

    A table without time has no such bounds: every row that has no label waits for one.
    """
    if column_of_role(contract, "time") is None:
        return Moment(as_of, None, None)
    since = as_of - np.timedelta64(int(keep_days * 86_400), "s") if keep_days else None
    return Moment(as_of, since, as_of + np.timedelta64(int(horizon_hours * 3600), "s"))
