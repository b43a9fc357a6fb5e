"""Labels that come in later: checked against the task, bound to predictions that were recorded."""

import asyncio
import json
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from perennial.io.record_writer import LogUnavailable
from perennial.io.records import find_unknown, insert_labels
from perennial.model.instants import read_iso
from perennial.serving.answers import SHOWN_PROBLEMS, read_document
from perennial.serving.asked import check_key
from perennial.serving.calls import Answer, Call, take_body
from perennial.serving.limits import JSON
from perennial.serving.problems import Problem, busy
from perennial.serving.schema import LARGEST_LABEL, name_kind

KEYS = ("id", "key", "label", "known_at")


def check_label(task: str, classes: Sequence[Any], value: Any) -> str | None:
    """Return why `value` is no label of the task, or None."""
    if task == "regression":
        is_number = type(value) in (int, float) and abs(value) <= LARGEST_LABEL
        return None if is_number and math.isfinite(value) else f"is {name_kind(value)}: send a finite number"
    if any(type(value) is type(one) and value == one for one in classes):
        return None
    return f"is not one of {', '.join(json.dumps(one) for one in classes)}"


def _read_instant(text: Any) -> datetime | None:
    try:
        instant = read_iso(text) if isinstance(text, str) else None
        return instant and (instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC))
    except OverflowError:
        return None


def check_one(task: str, classes: Sequence[Any], one: Any) -> list[str]:
    """Return every problem of one label, each beginning with its place inside it."""
    if not isinstance(one, dict):
        return [f" is {name_kind(one)}: send an object"]
    problems = [f".{name[:60]} is not a key of a label" for name in one if name not in KEYS]
    named = [name for name in ("id", "key") if name in one]
    if len(named) != 1:
        problems.append(" must have either `id` or `key`")
    for name in named:
        if problem := "is null" if one[name] is None else check_key(one[name]):
            problems.append(f".{name} {problem}")
    if "label" not in one:
        problems.append(".label is not there")
    elif problem := check_label(task, classes, one["label"]):
        problems.append(f".label {problem}")
    if "known_at" in one and _read_instant(one["known_at"]) is None:
        problems.append(".known_at is not an ISO-8601 date and time")
    return problems


def read_labels(document: Any, task: str, classes: Sequence[Any], most: int, now: datetime) -> list[dict[str, Any]]:
    """Return the rows for the table of labels; raises 422 with every problem, 413 when there are too many."""
    if not isinstance(document, dict) or set(document) != {"labels"}:
        raise Problem(422, 'the request has another shape: send an object with the one key "labels".')
    labels = document["labels"]
    if not isinstance(labels, list) or not labels:
        raise Problem(422, "the request has another shape: send at least one label in the list `labels`.")
    if len(labels) > most:
        raise Problem(413, f"the request has {len(labels)} labels: send at most {most} at once.")
    problems = [f"labels[{place}]{one}" for place, each in enumerate(labels) for one in check_one(task, classes, each)]
    if problems:
        raise Problem(422, f"the labels have {len(problems)} problem(s); none was kept.", problems[:SHOWN_PROBLEMS])
    return [
        {
            "prediction": one.get("id"),
            "key": one.get("key"),
            "label": json.dumps(one["label"]),
            "known_at": _read_instant(one["known_at"]) if "known_at" in one else now,
            "received_at": now,
        }
        for one in labels
    ]


def record_labels(connection: Connection, rows: Sequence[dict[str, Any]]) -> int:
    """Add labels and return how many; raises 404 when one is of a prediction that was never recorded."""
    unknown = []
    for column, name in (("id", "prediction"), ("key", "key")):
        places = {row[name]: place for place, row in reversed(list(enumerate(rows))) if row[name] is not None}
        found = find_unknown(connection, column, list(places))
        unknown += [f"labels[{places[value]}].{column} is of no recorded prediction" for value in found]
    if unknown:
        sentence = f"{len(unknown)} label(s) belong to no recorded prediction; none was kept."
        raise Problem(404, sentence, unknown[:SHOWN_PROBLEMS])
    insert_labels(connection, rows)
    return len(rows)


async def feedback(call: Call) -> Answer:
    """Keep labels of recorded predictions."""
    desk, model = call.desk, call.desk.predictor.model
    document = read_document(await take_body(call))
    rows = read_labels(document, model.task, model.classes, desk.limits.max_rows, datetime.now(UTC))
    if desk.writer is None:
        raise busy(503, "this service records no predictions, so that no label belongs to one.", 3600)
    try:
        with desk.hold_slot(call.caller):
            async with asyncio.timeout(desk.settings.timeout_seconds):
                count = await desk.writer.run(lambda connection: record_labels(connection, rows))
    except LogUnavailable as error:
        raise busy(503, f"{error}: no label was kept.") from None
    except TimeoutError:
        raise Problem(504, "the log took too long; the labels may or may not be kept.") from None
    desk.metrics.labels += count
    return JSON, json.dumps({"recorded": count}).encode()
