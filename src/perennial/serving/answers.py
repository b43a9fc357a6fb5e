"""A request's body to its answer: parsed, checked, scored in small pieces so that nobody else waits for long."""

import json
import logging
import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from perennial.model.explanation import adds_up
from perennial.refusal import Refusal
from perennial.serving.asked import Asked, parse_body, parse_request
from perennial.serving.problems import Problem, describe_problem
from perennial.serving.runtime import NonFiniteScore, Predictor

PIECE = 64
"""Rows that are checked or scored before others get their turn."""
EXPLAINED_PIECE = 4
SHOWN_PROBLEMS = 50

logger = logging.getLogger("perennial.serving")


@dataclass(frozen=True)
class ServeLimits:
    """What one request may ask: rows, and bytes of its body."""

    max_rows: int
    max_body_bytes: int


@dataclass
class Work:
    """A request on its way: what it asks, which rows are bad, the answers of the others, how long each took."""

    asked: Asked
    id: str
    bad: dict[int, list[str]] = field(default_factory=dict)
    statuses: dict[int, int] = field(default_factory=dict)
    """What a bad row is answered with, where that is not 422."""
    told: dict[int, dict[str, Any]] = field(default_factory=dict)
    """What an answer says of the row that was looked up."""
    answers: dict[int, dict[str, Any]] = field(default_factory=dict)
    scoring_ms: dict[int, float] = field(default_factory=dict)

    def row_id(self, place: int) -> str:
        """Return the id of one prediction: the request's, and the row's position in it."""
        return f"{self.id}-{place}"


def make_id() -> str:
    """Return 32 hexadecimal digits that sort by time: 48 bits of milliseconds, 80 random ones."""
    return f"{time.time_ns() // 1_000_000:012x}{os.urandom(10).hex()}"


def read_document(body: bytes) -> Any:
    """Return the JSON of a body; raises 400."""
    try:
        return parse_body(body)
    except ValueError as error:
        raise Problem(400, f"the body is not JSON ({error}).") from None


def read_request(limits: ServeLimits, body: bytes, key: str = "") -> Work:
    """Return what a body asks; raises 400 not strict JSON, 422 another shape, 413 too many rows.

    `key` is the name of what rows are known by.
    """
    document = read_document(body)
    try:
        asked = parse_request(document, key)
    except ValueError as error:
        raise Problem(422, f"the request has another shape: {error}.") from None
    if len(asked.rows) > limits.max_rows:
        raise Problem(413, f"the request has {len(asked.rows)} rows: send at most {limits.max_rows} at once.")
    return Work(asked, make_id())


def check_pieces(predictor: Predictor, work: Work) -> Iterator[None]:
    """Note the bad rows, pausing after each piece; raises 422 unless bad rows spare the others."""
    rows = work.asked.rows
    for start in range(0, len(rows), PIECE):
        found = predictor.check(rows[start : start + PIECE], start)
        # A row that was looked up and not found has its problem already.
        fresh = {place: problems for place, problems in found.items() if place not in work.bad}
        if work.asked.by_key:
            work.statuses |= dict.fromkeys(fresh, 409)
        work.bad |= fresh
        yield
    if work.bad and not work.asked.partial:
        problems = [one for each in work.bad.values() for one in each]
        sentence = f"the rows have {len(problems)} problem(s); none was scored."
        raise Problem(max(work.statuses.get(place, 422) for place in work.bad), sentence, problems[:SHOWN_PROBLEMS])


def take_answers(
    work: Work, places: Sequence[int], answers: Sequence[Mapping[str, Any]], model: str, lane: str, seconds: float
) -> None:
    """Keep the answers of rows that one model scored together in so many seconds."""
    each = seconds * 1000 / len(places)
    for place, answer in zip(places, answers, strict=True):
        work.answers[place] = {
            "id": work.row_id(place),
            "model": model,
            "lane": lane,
            **work.told.get(place, {}),
            **answer,
        }
        work.scoring_ms[place] = each


def score_pieces(predictor: Predictor, work: Work, explained: bool, without: Collection[int] = ()) -> Iterator[None]:
    """Score the good rows but those `without`, pausing after each piece.

    Raises 500 when the model answers what is not finite.
    """
    places = [place for place in range(len(work.asked.rows)) if place not in work.bad and place not in without]
    size = EXPLAINED_PIECE if explained else PIECE
    for start in range(0, len(places), size):
        piece, begun = places[start : start + size], time.perf_counter()
        rows = [work.asked.rows[place] for place in piece]
        try:
            answers = predictor.predict(rows)
        except NonFiniteScore as error:
            logger.error("%s; bundle %s", error, predictor.bundle)
            raise Problem(500, f"{error}: this is the model's fault, not the rows'.") from None
        seconds = time.perf_counter() - begun
        if explained:
            answers = [{**one, **more} for one, more in zip(answers, predictor.explain(rows), strict=True)]
        take_answers(work, piece, answers, predictor.version, predictor.lane, seconds)
        yield


def _bad_row(work: Work, place: int) -> dict[str, Any]:
    problems = work.bad[place]
    detail = f"the row has {len(problems)} problem(s); it was not scored."
    return {"error": describe_problem(work.statuses.get(place, 422), detail, problems[:SHOWN_PROBLEMS])}


def compose_answer(predictor: Predictor, work: Work) -> dict[str, Any]:
    """Return the answer of a request, in the order of its rows; a bad row has its `error` and nothing else."""
    ordered = [
        work.answers[place] if place in work.answers else _bad_row(work, place) for place in range(len(work.asked.rows))
    ]
    return {"model": {"version": predictor.version, "bundle": predictor.bundle}, "predictions": ordered}


def warm_up(predictor: Predictor, limits: ServeLimits) -> None:
    """Answer the example made from the schema, so that the first request is as fast as any; raises Refusal if not."""
    body = json.dumps({"rows": [predictor.example]}).encode()
    try:
        for explained in (False, True) if adds_up(predictor.model) else (False,):
            work = read_request(limits, body)
            for _ in (*check_pieces(predictor, work), *score_pieces(predictor, work, explained)):
                pass
            compose_answer(predictor, work)
    except Problem as problem:
        raise Refusal(
            f"the example made from the bundle's schema is refused by its own service: {problem} {problem.problems}"
        ) from None
