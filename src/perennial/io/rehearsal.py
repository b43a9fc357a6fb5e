"""The rehearsal: a bento is started for real, questioned over HTTP and stopped; each step is a check."""

import http.client
import json
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from perennial.evaluation.bad_requests import Request, Row, encode_rows, find_fault
from perennial.evaluation.rehearsal import check_sums, compare_scores, hold_budget, read_scores
from perennial.io.asking import JSON, ask_server, send_request, time_requests
from perennial.io.bento import verify_sums
from perennial.io.bundle import bundle_hash
from perennial.io.records import find_unknown, open_log
from perennial.io.server import Server, find_processes, measure_memory, run_server
from perennial.model.calibration import inverse_link
from perennial.model.encoder import Array
from perennial.refusal import Refusal

Check = dict[str, Any]
Step = tuple[str, Callable[[], str]]
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Budgets:
    """What a rehearsed service may cost: seconds to start, milliseconds per one-row request, megabytes at rest."""

    start_seconds: float
    p50_ms: float
    p95_ms: float
    memory_mb: float


@dataclass(frozen=True)
class Script:
    """What is asked and what must come back: named batches of rows with offline scores, and the bad requests."""

    bundle: str
    task: str
    classes: tuple[Any, ...]
    batches: Mapping[str, tuple[Sequence[Row], Array]]
    bad: Sequence[Request]
    max_rows: int
    timed: int
    adds_up: bool = True
    """Whether the scores are sums over inputs, which POST /explain can tell apart."""


def run_step(name: str, step: Callable[[], str]) -> Check:
    """Return a step as a check: passed with its sentence, or failed with the reason."""
    try:
        return {"name": name, "passed": True, "sentence": step()}
    except (Refusal, OSError, http.client.HTTPException, ValueError, LookupError, TypeError) as error:
        return {"name": name, "passed": False, "sentence": str(error) or type(error).__name__}


def check_packed(bento: Path, bundle: str) -> str:
    """Return a sentence when the bento is as packed and holds this bundle; raises Refusal otherwise."""
    verify_sums(bento)
    inside = bundle_hash(bento / "src" / "bundle")
    if inside != bundle:
        raise Refusal(f"the bento holds bundle {inside}, not {bundle}: run `dvc repro package`.")
    return "Every file is as packed, and the bundle inside is the judged one."


def ask_rows(port: int, rows: Sequence[Row], script: Script, path: str = "/predict") -> list[dict[str, Any]]:
    """Return the predictions of rows in batches; raises Refusal when one is not answered by the judged bundle."""
    answers: list[dict[str, Any]] = []
    for start in range(0, len(rows), script.max_rows):
        batch = rows[start : start + script.max_rows]
        status, body = send_request(port, "POST", path, encode_rows(batch), JSON)
        if status != 200:
            raise Refusal(f"good rows were answered with {status}: {body.decode(errors='replace'):.300}")
        answer = json.loads(body)
        if answer["model"]["bundle"] != script.bundle:
            raise Refusal(f"bundle {answer['model']['bundle']} answered, not {script.bundle}.")
        answers += answer["predictions"]
    return answers


def replay_rows(port: int, name: str, script: Script) -> str:
    """Return a sentence when a batch of the script is answered as offline."""
    rows, expected = script.batches[name]
    return compare_scores(expected, read_scores(ask_rows(port, rows, script), script.classes, script.task))


def send_bad(port: int, requests: Sequence[Request]) -> str:
    """Return a sentence when every request of the table is answered as it must be."""
    faults = []
    for request in requests:
        headers = {"Content-Type": request.kind} if request.kind else {}
        headers |= {"Content-Encoding": request.coding} if request.coding else {}
        reply = ask_server(port, request.method, request.path, request.body, headers)
        fault = find_fault(request, reply.status, reply.headers.get("content-type", ""), reply.body)
        faults += [fault] if fault else []
    if faults:
        raise Refusal(f"{len(faults)} of {len(requests)} bad requests went wrong: {'; '.join(faults)}.")
    return f"{len(requests)} kinds of bad input each got the answer they must get."


def refuse_to_explain(port: int, rows: Sequence[Row]) -> str:
    """Return a sentence when the service says that it cannot explain; raises Refusal otherwise."""
    status, body = send_request(port, "POST", "/explain", encode_rows(rows), JSON)
    if status != 501:
        raise Refusal(f"a score that is no sum over inputs was explained with {status}: {body.decode()[:300]}")
    return "The score is no sum over inputs, and the service says so."


def explain_rows(port: int, name: str, script: Script) -> str:
    """Return a sentence when a batch of the script is explained so that it adds up, or refused where none does."""
    rows, _ = script.batches[name]
    if not script.adds_up:
        return refuse_to_explain(port, rows[:1])
    bounds = {"lower", "upper"}
    answers = ask_rows(port, rows, script, "/explain")
    explained = [{name: value for name, value in one.items() if name not in bounds} for one in answers]
    raws = [list(one["raw"].values()) if script.task == "multiclass" else one["raw"] for one in explained]
    scores = inverse_link(script.task, np.array(raws, dtype=np.float64))
    compare_scores(scores, read_scores(explained, script.classes, script.task))
    return check_sums(explained)


def check_recorded(server: Server, script: Script) -> str:
    """Return a sentence when what was just answered is in the log; raises Refusal otherwise."""
    rows, _ = script.batches[next(iter(script.batches))]
    answered = [str(answer["id"]) for answer in ask_rows(server.port, rows, script)]
    engine = open_log(server.log)
    with engine.connect() as connection:
        lost = find_unknown(connection, "id", answered)
    engine.dispose()
    if lost:
        raise Refusal(f"{len(lost)} of {len(answered)} predictions were answered and are not in the log.")
    return f"{len(answered)} predictions were in the log when they were answered."


def measure(server: Server, script: Script) -> dict[str, float]:
    """Return the measured p50_ms and p95_ms of one-row requests, and memory_mb of all processes."""
    rows = [row for batch, _ in script.batches.values() for row in batch]
    bodies = [encode_rows([rows[number % len(rows)]]) for number in range(script.timed)]
    seconds = time_requests(server.port, "/predict", bodies)
    cuts = statistics.quantiles(seconds, n=20)
    return {
        "p50_ms": statistics.median(seconds) * 1000,
        "p95_ms": cuts[18] * 1000,
        "memory_mb": measure_memory(server) / MEGABYTE,
    }


def question_server(server: Server, script: Script, budgets: Budgets) -> tuple[list[Check], dict[str, float]]:
    """Return the checks of a running server, and what was measured."""
    found: dict[str, float] = {}

    def time_it() -> str:
        found.update(measure(server, script))
        hold_budget("The median time of a one-row request", found["p50_ms"], budgets.p50_ms, "ms")
        return hold_budget("The 95th percentile of a one-row request", found["p95_ms"], budgets.p95_ms, "ms")

    steps: list[Step] = [(name, partial(replay_rows, server.port, name, script)) for name in script.batches]
    steps += [
        ("explained", lambda: explain_rows(server.port, next(iter(script.batches)), script)),
        ("recorded", lambda: check_recorded(server, script)),
        ("bad_input", lambda: send_bad(server.port, script.bad)),
        ("answers_afterwards", lambda: replay_rows(server.port, next(iter(script.batches)), script)),
        ("latency", time_it),
        ("memory", lambda: hold_budget("Resident memory", measure_memory(server) / MEGABYTE, budgets.memory_mb, "MB")),
    ]
    return [run_step(name, step) for name, step in steps], found


def check_stopped(mark: str) -> str:
    """Return a sentence when no process of a server is left; raises Refusal otherwise."""
    if left := find_processes(mark):
        raise Refusal(f"{len(left)} process(es) of the server outlived it: {[process.pid for process in left]}.")
    return "Stopped, and left no process behind."


def rehearse_bento(
    bento: str | Path, script: Script, budgets: Budgets, python: str | Path = sys.executable
) -> tuple[list[Check], dict[str, float]]:
    """Return the checks of a packaged bento in order, and what was measured; an altered one is never started."""
    packed = run_step("packed", lambda: check_packed(Path(bento), script.bundle))
    if not packed["passed"]:
        return [packed], {}
    try:
        with run_server(bento, timeout=budgets.start_seconds, python=python) as server:
            checks, found = question_server(server, script, budgets)
    except Refusal as refusal:
        return [packed, {"name": "started", "passed": False, "sentence": str(refusal)}], {}
    started = f"Started as a process of its own and ready within {budgets.start_seconds:g} s."
    stopped = run_step("stopped", lambda: check_stopped(server.mark))
    return [packed, {"name": "started", "passed": True, "sentence": started}, *checks, stopped], found
