"""The BentoML service: verifies the bundle beside it, proves it on one row, and stands the gateway before it."""

import asyncio
import sys
from pathlib import Path

import bentoml

from perennial.io.files import read_json
from perennial.io.lifetime import delay_end, end_supervisor, listening_hosts
from perennial.io.process import die_with_parent
from perennial.refusal import Refusal
from perennial.serving.answers import ServeLimits, warm_up
from perennial.serving.desk import Desk, open_writer
from perennial.serving.gateway import Gateway
from perennial.serving.guard import refuse_open_door
from perennial.serving.meeting import begin_challenger, meet_challenger
from perennial.serving.runtime import load_predictor
from perennial.serving.settings import read_settings
from perennial.serving.wire import use_wire

HOME = Path(__file__).resolve().parents[2]
use_wire()


def current_desk() -> Desk:
    """Return the desk of the service that runs in this process."""
    desk: Desk = bentoml.get_current_service().desk
    return desk


def open_desk() -> Desk:
    """Return everything that answers; raises Refusal at whatever is not as it must be."""
    settings = read_settings()
    companion = begin_challenger(settings)
    predictor = load_predictor(HOME / "bundle")
    limits = ServeLimits(**read_json(HOME / "limits.json"))
    warm_up(predictor, limits)
    packaged = read_json(HOME / "packaged.json")
    challenger = None if companion is None else meet_challenger(companion, settings, predictor)
    desk = Desk(predictor, limits, settings, open_writer(settings), packaged, challenger)
    for host in listening_hosts():
        refuse_open_door(host, desk.guard.guarded)
    return desk


@bentoml.service(
    name="perennial",
    workers=1,
    http={"host": "127.0.0.1"},
    logging={"access": {"enabled": False}},
    metrics={"enabled": False},
    tracing={"excluded_urls": "."},
)
class Perennial:
    """Answers rows of the problem in params.yaml with a score and a decision."""

    def __init__(self) -> None:
        die_with_parent("bentoml")  # a worker that outlives BentoML's arbiter keeps the port
        try:
            self.desk = open_desk()
        except Refusal as refusal:
            print(f"refused: {refusal}", file=sys.stderr, flush=True)
            end_supervisor("bentoml")
            raise
        self.loop, settings = asyncio.get_running_loop(), self.desk.settings
        delay_end(settings.notice_seconds + settings.drain_seconds, self.give_notice)

    def give_notice(self) -> None:
        """Say that it is not ready; answer new requests 503 once the balancer has had time to notice."""
        self.desk.ending = True
        if notice := self.desk.settings.notice_seconds:
            self.loop.call_soon_threadsafe(self.loop.call_later, notice, self.stop_taking)
        else:
            self.stop_taking()

    def stop_taking(self) -> None:
        """Answer new requests 503 from now on."""
        self.desk.draining = True

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]
    async def close_log(self) -> None:
        """Write what waits to be recorded."""
        await self.desk.close()


Perennial.add_asgi_middleware(Gateway, get_desk=current_desk)  # type: ignore[attr-defined]
