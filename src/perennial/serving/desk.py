"""What one worker holds: the model, who may ask, the log, the figures, and how much is in its hands."""

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from perennial.io.record_writer import RecordWriter
from perennial.io.records import migrate_log, open_log
from perennial.serving.answers import ServeLimits
from perennial.serving.challenger import Challenger
from perennial.serving.guard import Guard
from perennial.serving.lookup import open_lookup
from perennial.serving.metrics import Metrics
from perennial.serving.openapi import describe_client, describe_service
from perennial.serving.problems import busy
from perennial.serving.runtime import Predictor
from perennial.serving.settings import CANARY, SHADOW, Settings
from perennial.serving.shadow import Shadow

LOG_REST_SECONDS = 5.0
"""How long the service says that it is not ready after the log could not be written; then it tries again."""
READING_PER_SLOT = 4
"""Bodies that may be on their way for each request that is answered."""


def open_writer(settings: Settings) -> RecordWriter | None:
    """Return the writer of the log, its tables brought up to date; None when nothing is recorded."""
    if settings.log_durability == "off":
        return None
    engine = open_log(settings.log_url)
    migrate_log(engine)
    return RecordWriter(engine, patient=settings.log_durability == "queue", retention_days=settings.log_retention_days)


def describe_challenger(one: Challenger) -> dict[str, Any]:
    """Return what GET /model tells of the other model and how it stands beside the champion."""
    told = {"version": one.version, "bundle": one.bundle, "lane": one.lane, "card": one.card}
    return {**told, "share": one.share, "key": one.column or None} if one.lane == CANARY else told


class Desk:
    """One worker's state; `card` and `verdict` are what was packaged beside the bundle."""

    def __init__(
        self,
        predictor: Predictor,
        limits: ServeLimits,
        settings: Settings,
        writer: RecordWriter | None = None,
        packaged: Mapping[str, Any] | None = None,
        challenger: Challenger | None = None,
    ) -> None:
        self.challenger = challenger
        self.predictor, self.limits, self.settings, self.writer = predictor, limits, settings, writer
        self.guard = Guard(settings)
        self.key = str((packaged or {}).get("key") or "")
        self.features = open_lookup(settings, self.key)
        self.metrics = Metrics(predictor, lambda: self.held, writer, self.features, challenger)
        in_shadow = challenger is not None and challenger.lane == SHADOW
        self.shadow = Shadow(challenger, self.metrics, writer) if challenger is not None and in_shadow else None
        self.canary = None if in_shadow else challenger
        self.ending = self.draining = False
        self.held, self.reading = 0, 0
        self._callers: Counter[str] = Counter()
        self.pages = self._render_pages(packaged or {})

    def _render_pages(self, packaged: Mapping[str, Any]) -> dict[str, bytes]:
        predictor, limits = self.predictor, self.limits
        model = {"version": predictor.version, "bundle": predictor.bundle}
        example = {"rows": [dict(predictor.example)]}
        manifest = {name: value for name, value in predictor.manifest.items() if name != "files"}
        by_key = {"key": self.key} if self.features else {}
        documents: dict[str, Any] = {
            "/schema": {"model": model, "limits": asdict(limits), "example": example, **by_key, **predictor.document},
            "/model": {
                "model": {**model, "lane": predictor.lane},
                "challenger": None if self.challenger is None else describe_challenger(self.challenger),
                "card": {**packaged.get("card", {}), **manifest},
                "schema": predictor.document["inputs"],
                "verdict": packaged.get("verdict"),
            },
            "/openapi.json": describe_service(predictor, limits, self.guard.guarded, by_key.get("key", "")),
            "/schema.json": describe_client(predictor, limits),
        }
        return {path: json.dumps(document, allow_nan=False).encode() for path, document in documents.items()}

    @property
    def ready(self) -> bool:
        """Whether a balancer should send requests here."""
        return not self.ending and not self.draining and not self._log_failed()

    def _log_failed(self) -> bool:
        if self.writer is None or self.settings.log_durability != "commit":
            return False
        return time.monotonic() - self.writer.figures.failed_at < LOG_REST_SECONDS

    async def close(self) -> None:
        """Write what waits to be recorded, and let the challenger go."""
        if self.shadow is not None:
            await self.shadow.close()
        elif self.challenger is not None:
            self.challenger.close()
        if self.writer is not None:
            self.writer.close()
        if self.features is not None:
            self.features.close()

    @contextmanager
    def hold_reading(self) -> Iterator[None]:
        """Count a body that is on its way; raises 503 when too many are."""
        if self.reading >= READING_PER_SLOT * self.settings.in_flight:
            self.metrics.shed["reading"] += 1
            raise busy(503, "too many requests are on their way: try again soon.")
        self.reading += 1
        try:
            yield
        finally:
            self.reading -= 1

    @contextmanager
    def hold_slot(self, caller: str) -> Iterator[None]:
        """Count a request that is being answered; raises 429 when this caller has too many open, 503 when all have."""
        if self._callers[caller] >= self.settings.in_flight_per_caller:
            self.metrics.shed["caller"] += 1
            raise busy(429, f"{self.settings.in_flight_per_caller} of your requests are being answered: wait for them.")
        if self.held >= self.settings.in_flight:
            self.metrics.shed["all"] += 1
            raise busy(503, "the service is busy: try again soon.")
        self.held += 1
        self._callers[caller] += 1
        try:
            yield
        finally:
            self.held -= 1
            self._callers[caller] -= 1
            if not self._callers[caller]:
                del self._callers[caller]
