"""The canary: a share of the keys is answered by the challenger, and by the champion whenever that fails."""

import asyncio
from dataclasses import replace
from typing import Any

from perennial.serving.answers import Work, score_pieces, take_answers
from perennial.serving.calls import Call, go_through
from perennial.serving.challenger import Challenger, Reply
from perennial.serving.lanes import FALLBACK, is_drawn, name_key
from perennial.serving.runtime import Predictor
from perennial.serving.settings import CANARY

LATE = "it did not answer within PERENNIAL_CANARY_TIMEOUT_SECONDS"


def draw_places(challenger: Challenger, predictor: Predictor, work: Work) -> set[int]:
    """Return the positions of the good rows that the challenger shall answer."""
    found = set()
    for place, row in enumerate(work.asked.rows):
        if place not in work.bad:
            key = name_key(predictor.fields, row, work.asked.keys[place], challenger.column)
            if is_drawn(key, challenger.share, challenger.version):
                found.add(place)
    return found


async def _wait_reply(challenger: Challenger, future: "asyncio.Future[Reply] | None", rows: int) -> Reply | None:
    if future is None:
        return None
    try:
        async with asyncio.timeout(challenger.patience(rows)):
            reply = await future
    except TimeoutError:
        challenger.count_fault("late", rows, LATE)
        return None
    return None if "fault" in reply else reply


async def score_lanes(call: Call, challenger: Challenger, work: Work, explained: bool) -> None:
    """Score the good rows, each by the model of its lane."""
    predictor, drawn = call.desk.predictor, draw_places(challenger, call.desk.predictor, work)
    chosen = sorted(drawn)
    rows: list[Any] = [work.asked.rows[place] for place in chosen]
    future = None
    if chosen and challenger.is_stuck:
        challenger.count_fault("late", len(rows), LATE)
    elif chosen:
        future = challenger.ask(rows, explained)
    try:
        await go_through(call, score_pieces(predictor, work, explained, without=drawn))
    except BaseException:
        if future is not None:
            future.cancel()
        raise
    if chosen:
        reply = await _wait_reply(challenger, future, len(rows))
        if reply is None:
            fallback = replace(predictor, lane=FALLBACK)
            others = set(range(len(work.asked.rows))) - drawn
            await go_through(call, score_pieces(fallback, work, explained, without=others))
        else:
            take_answers(work, chosen, reply["answers"], challenger.version, CANARY, reply["seconds"])
