"""The process in which a challenger scores: whatever it does, slow, wrong or dead, the champion's is another one."""

import json
import logging
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from perennial.io.process import die_with_parent
from perennial.model.explanation import adds_up, prepare_splitting
from perennial.refusal import Refusal
from perennial.serving.lanes import describe_interface
from perennial.serving.runtime import NonFiniteScore, Predictor, load_predictor

logger = logging.getLogger("perennial.serving")
POLITE = 10
"""By how much a challenger that answers nothing steps back where processors are short."""


def greet(predictor: Predictor) -> dict[str, Any]:
    """Return what the worker must know of the model before it asks."""
    manifest = {name: value for name, value in predictor.manifest.items() if name != "files"}
    return {
        "version": predictor.version,
        "bundle": predictor.bundle,
        "card": manifest,
        "explains": adds_up(predictor.model),
        "interface": describe_interface(predictor),
    }


def score(predictor: Predictor, rows: Sequence[Mapping[str, Any]], explained: bool) -> list[dict[str, Any]]:
    """Return the answer of each row, without its id."""
    answers = predictor.predict(rows)
    told = predictor.explain(rows) if explained else [{}] * len(rows)
    return [{**answer, **more} for answer, more in zip(answers, told, strict=True)]


def reply(predictor: Predictor, asked: Mapping[str, Any]) -> bytes:
    """Return the line that answers one that was asked; what goes wrong is told as its `fault`."""
    begun = time.perf_counter()
    try:
        answers = score(predictor, asked["rows"], asked["explained"])
        told = {"answers": answers, "seconds": time.perf_counter() - begun}
        return json.dumps({"id": asked["id"], **told}, allow_nan=False).encode() + b"\n"
    except (NonFiniteScore, OverflowError) as error:
        told = {"fault": "not_finite", "words": type(error).__name__}
    except Exception as error:
        # Its message may hold what was sent; where it happened does not.
        kind = "not_finite" if isinstance(error, ValueError) and "JSON compliant" in str(error) else "raised"
        told = {"fault": kind, "words": type(error).__name__ + "\n" + "".join(traceback.format_tb(error.__traceback__))}
    return json.dumps({"id": asked["id"], **told}).encode() + b"\n"


def main() -> None:
    """Load the bundle in the verified order, greet, then answer line by line until the worker hangs up."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the worker says when it is over
        signal.signal(number, signal.SIG_IGN)
    die_with_parent()
    place, folder, lane = sys.argv[1:4]
    with socket.socket(fileno=int(place)) as line, line.makefile("rwb") as words:
        try:
            predictor = load_predictor(Path(folder), lane)
            prepare_splitting(predictor.model)
            words.write(json.dumps(greet(predictor)).encode() + b"\n")
        except Refusal as refusal:
            words.write(json.dumps({"refused": str(refusal)}).encode() + b"\n")
            return
        finally:
            words.flush()
        if lane == "shadow":
            os.nice(POLITE)
        for asked in words:
            words.write(reply(predictor, json.loads(asked)))
            words.flush()


if __name__ == "__main__":
    main()
