"""Rows by their key: looked up in the feature table, with their age, refused where they are too old."""

import time
from datetime import UTC, datetime
from typing import Any

from perennial.io.feature_reader import FeatureReader, Features, FeaturesUnavailable
from perennial.serving.answers import Work
from perennial.serving.metrics import Metrics
from perennial.serving.problems import Problem, busy
from perennial.serving.settings import Settings

UNKNOWN, TOO_OLD = 404, 409


def open_lookup(settings: Settings, key: str) -> FeatureReader | None:
    """Return the reader of the feature table; None where none is configured, or the key has no name."""
    return FeatureReader(settings.features_url) if settings.features_url and key else None


def describe_age(found: Features, now: datetime) -> tuple[float | None, dict[str, Any]]:
    """Return the seconds since what a row holds was known, and what an answer says of that."""
    age = None if found.known_at is None else max(0.0, (now - found.known_at).total_seconds())
    told = {"decision_at": _write(found.decision_at), "known_at": _write(found.known_at), "age_seconds": age}
    return age, told


def _write(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat().replace("+00:00", "Z")


def place_rows(work: Work, found: dict[str, Features], most: float, now: datetime, metrics: Metrics) -> None:
    """Put the rows that were found into their places, and say why of the others; `most` is an age in seconds."""
    for place, key in enumerate(work.asked.keys):
        one = found.get(str(key))
        if one is None:
            work.bad[place], work.statuses[place] = [f"keys[{place}] is of no row in the feature table"], UNKNOWN
            metrics.features["missing"] += 1
            continue
        age, told = describe_age(one, now)
        if age is not None:
            metrics.feature_age.add(age)
        if most and (age is None or age > most):
            words = f"keys[{place}] is of a row that was known {age or 0:.0f} s ago: at most {most:g} s are allowed"
            work.bad[place], work.statuses[place] = [words], TOO_OLD
            metrics.features["too_old"] += 1
            continue
        metrics.features["found"] += 1
        work.asked.rows[place], work.told[place] = one.inputs, told


async def look_up(reader: FeatureReader, work: Work, settings: Settings, metrics: Metrics, until: float) -> None:
    """Fill the rows of a request by its keys, in one query; raises 503 or 504.

    `until` is when the request has taken too long, by the clock of `time.perf_counter`.
    """
    left = until - time.perf_counter()
    if left <= 0:
        raise Problem(504, "the request took too long: send fewer keys at once.")
    try:
        found = await reader.look_up(list({str(key) for key in work.asked.keys}), left)
    except FeaturesUnavailable as error:
        raise busy(503, f"{error}: try again soon, or send `rows`.", 2) from None
    place_rows(work, found, settings.features_max_age_seconds, datetime.now(UTC), metrics)
