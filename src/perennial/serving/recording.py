"""What the log keeps of an answer, and that it is there before its caller sees it."""

import asyncio
import json
import time
from datetime import UTC, datetime
from typing import Any

from perennial.io.record_writer import LogUnavailable
from perennial.serving.answers import Work
from perennial.serving.calls import Call
from perennial.serving.problems import Problem, busy


def record_rows(call: Call, work: Work) -> list[dict[str, Any]]:
    """Return what the log keeps of each answer; personal data is not in it."""
    personal = call.desk.predictor.personal
    at, latency = datetime.now(UTC), (time.perf_counter() - call.started) * 1000
    rows = []
    for place, answer in work.answers.items():
        inputs = work.asked.rows[place]
        if personal:
            inputs = {name: value for name, value in inputs.items() if name not in personal}
        scores = answer.get("scores")
        rows.append(
            {
                "id": answer["id"],
                "at": at,
                "route": call.path[1:],
                "model": answer["model"],
                "lane": answer["lane"],
                "key": work.asked.keys[place],
                "inputs": json.dumps(inputs),
                "score": answer["score"],
                "scores": None if scores is None else json.dumps(scores),
                "decision": json.dumps(answer["decision"]),
                "latency_ms": latency,
                "shadow_of": None,
                "scoring_ms": work.scoring_ms[place],
            }
        )
    return rows


async def keep(call: Call, work: Work) -> None:
    """Return when the answers are in the log, as `log.durability` demands; raises 503 or 504 when they are not."""
    writer = call.desk.writer
    if writer is None or not work.answers:
        return
    left = call.desk.settings.timeout_seconds - (time.perf_counter() - call.started)
    try:
        if call.desk.settings.log_durability == "queue":
            writer.post(record_rows(call, work))
            return
        async with asyncio.timeout(left):
            await writer.write(record_rows(call, work))
    except LogUnavailable as error:
        raise busy(503, f"{error}: nothing is answered that is not recorded.") from None
    except TimeoutError:
        raise Problem(504, "the log took too long; the answer may or may not be recorded.") from None
