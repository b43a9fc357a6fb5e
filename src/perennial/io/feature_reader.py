"""Features by key for a service: one query a request on a connection that cannot write, and an end to waiting."""

import asyncio
import json
import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from perennial.io.databases import describe, open_reader
from perennial.io.feature_store import KEPT, in_utc, newest_run
from perennial.io.feature_tables import FEATURES

THREADS = 4
SECONDS = 2.0
"""How long a look-up may take: whoever waits for longer is better told to come again."""

logger = logging.getLogger("perennial.features")


class FeaturesUnavailable(Exception):
    """The feature table did not answer."""


@dataclass(frozen=True)
class Features:
    """The inputs of one decision, when it is taken (None without time), and when what they hold was known."""

    inputs: dict[str, Any]
    decision_at: datetime | None
    known_at: datetime | None


@dataclass
class ReadFigures:
    """What has been asked so far, for the metrics."""

    queries: int = 0
    failures: int = 0
    seconds: float = 0.0
    as_of: datetime | None = None
    """What the last run was asked for, as far as a look-up has seen."""


class FeatureReader:
    """Looks keys up in the feature table of an address; nothing is connected before the first request."""

    def __init__(self, url: str) -> None:
        self.figures = ReadFigures()
        self._engine = open_reader(url, KEPT.name, SECONDS)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="features")

    async def look_up(self, keys: Sequence[str], seconds: float = SECONDS) -> dict[str, Features]:
        """Return the features of those keys that are there; raises FeaturesUnavailable when nothing answers in time."""
        started = time.perf_counter()
        self.figures.queries += 1
        try:
            async with asyncio.timeout(min(seconds, SECONDS)):
                return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, list(keys))
        except (sa.exc.SQLAlchemyError, OSError, ValueError, TimeoutError) as error:
            self.figures.failures += 1
            logger.error("the feature table cannot be read: %.200s", describe(error) or type(error).__name__)
            raise FeaturesUnavailable("the feature table cannot be read") from None
        finally:
            self.figures.seconds += time.perf_counter() - started

    def close(self) -> None:
        """Let go of every connection."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._engine.dispose()

    def _read(self, keys: Sequence[str]) -> dict[str, Features]:
        run = newest_run().scalar_subquery().label("run")
        query = sa.select(FEATURES, run).where(FEATURES.c.key.in_(keys))
        try:
            rows = self._ask(query)
        except sa.exc.DBAPIError as error:
            if not error.connection_invalidated:
                raise
            rows = self._ask(query)  # the connection was an old one whose server has been away
        for row in rows[:1]:
            self.figures.as_of = in_utc(row.run)
        return {
            row.key: Features(json.loads(row.inputs), in_utc(row.decision_at), in_utc(row.known_at or row.run))
            for row in rows
        }

    def _ask(self, query: Any) -> Sequence[Any]:
        with self._engine.connect() as connection:
            return connection.execute(query).all()
