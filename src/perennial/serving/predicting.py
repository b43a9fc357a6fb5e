"""POST /predict and /explain: a body is read, checked, scored, recorded and answered."""

import asyncio
import json

from perennial.model.explanation import adds_up
from perennial.serving.answers import check_pieces, compose_answer, read_request, score_pieces
from perennial.serving.calls import Answer, Call, go_through, take_body
from perennial.serving.canary import score_lanes
from perennial.serving.limits import JSON
from perennial.serving.lookup import look_up
from perennial.serving.problems import Problem
from perennial.serving.recording import keep


async def answer_rows(call: Call, explained: bool) -> Answer:
    """Answer POST /predict or /explain."""
    desk = call.desk
    body = await take_body(call)
    with desk.hold_slot(call.caller):
        await asyncio.sleep(0)  # whoever came at the same moment is counted before anybody is answered
        work = read_request(desk.limits, body, desk.key if desk.features else "")
        if work.asked.by_key and desk.features:
            until = call.started + desk.settings.timeout_seconds
            await look_up(desk.features, work, desk.settings, desk.metrics, until)
        await go_through(call, check_pieces(desk.predictor, work))
        if explained and not adds_up(desk.predictor.model):
            raise Problem(501, "this model's score is no sum over inputs, so that none adds to it by itself.")
        if desk.canary is None:
            await go_through(call, score_pieces(desk.predictor, work, explained))
        else:
            await score_lanes(call, desk.canary, work, explained)
        await keep(call, work)
    desk.metrics.count_answers(work)
    if desk.shadow is not None:  # what was scheduled comes when the answer has gone out
        asyncio.get_running_loop().call_soon(desk.shadow.observe, call.path, work)
    return JSON, json.dumps(compose_answer(desk.predictor, work), allow_nan=False).encode()


async def predict(call: Call) -> Answer:
    """Score and decide rows."""
    return await answer_rows(call, explained=False)


async def explain(call: Call) -> Answer:
    """Score rows and say what each input adds."""
    return await answer_rows(call, explained=True)
