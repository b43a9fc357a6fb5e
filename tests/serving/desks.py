"""A gateway in this process, over the tiny bundle; its desk is made inside the event loop that answers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.testclient import TestClient

from perennial.serving.answers import ServeLimits
from perennial.serving.desk import Desk, open_writer
from perennial.serving.gateway import Gateway
from perennial.serving.meeting import begin_challenger, meet_challenger
from perennial.serving.runtime import Predictor, load_predictor
from perennial.serving.settings import Settings
from tests.tiny import write_tiny_bundle

LIMITS = ServeLimits(max_rows=5, max_body_bytes=10000)
OFF = Settings(log_durability="off")


@cache
def tiny_predictor(folder: Path, task: str = "binary") -> Predictor:
    """Return the predictor of the tiny bundle, written once."""
    write_tiny_bundle(folder / task, task=task)
    return load_predictor(folder / task)


def recording(folder: Path, **changes: Any) -> Settings:
    """Return settings that record in a folder."""
    return replace(Settings(log_url=f"sqlite:///{folder}/log/predictions.db"), **changes)


@contextmanager
def open_client(
    predictor: Predictor, settings: Settings = OFF, packaged: dict[str, Any] | None = None
) -> Iterator[tuple[TestClient, Callable[[], Desk]]]:
    """Yield a client of the gateway, and its desk, which is there from the first request on."""

    @cache
    def get_desk() -> Desk:
        companion = begin_challenger(settings)
        challenger = None if companion is None else meet_challenger(companion, settings, predictor)
        return Desk(predictor, LIMITS, settings, open_writer(settings), packaged, challenger)

    async def close() -> None:
        await get_desk().close()

    # A client on loopback, as the guard wants to see it.
    with TestClient(Gateway(Starlette(), get_desk), base_url="http://127.0.0.1") as client:
        client.get("/livez")
        yield client, get_desk
        assert client.portal is not None
        client.portal.call(close)
