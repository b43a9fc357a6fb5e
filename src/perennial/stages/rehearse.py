"""rehearse: the packaged bento as a real server; the verdict without its timings, which no hash may depend on."""

from pathlib import Path
from typing import Any

import pandas as pd

from perennial.data.distribution import even_positions
from perennial.evaluation.bad_requests import list_bad_requests
from perennial.evaluation.rehearsal import is_taken
from perennial.io.bundle import bundle_hash, load_bundle, read_golden, read_part
from perennial.io.files import read_json, write_json
from perennial.io.params import read_params
from perennial.io.process import run_stage
from perennial.io.rehearsal import Budgets, Script, rehearse_bento
from perennial.io.tables import read_table
from perennial.model.conformal import with_bounds
from perennial.model.explanation import adds_up
from perennial.model.frames import predict_frame
from perennial.model.predictor import Model
from perennial.model.reference import frame_rows

PARAMS = (
    "package.max_body_bytes",
    "package.max_rows",
    "problem.key",
    "rehearse.memory_mb",
    "rehearse.p50_ms",
    "rehearse.p95_ms",
    "rehearse.requests",
    "rehearse.rows",
    "rehearse.start_seconds",
)
BUNDLE = Path("models/bundle")
BENTO = Path("models/bento")
VERDICT = "metrics/rehearsal.json"


def read_test_rows(model: Model, key: str, count: int) -> pd.DataFrame:
    """Return the inputs of at most `count` test rows, evenly spread; learned ones where there is no test."""
    split = read_table("data/split.parquet", [key, "role"])
    role = "test" if (split["role"] == "test").any() else "train"
    chosen = split[split["role"] == role]
    examples = read_table("data/examples.parquet", [key, *model.inputs])
    test = examples[examples[key].isin(chosen[key])]
    return test.iloc[even_positions(len(test), count)]


def write_script(model: Model, p: dict[str, Any]) -> Script:
    """Return what is asked: golden rows and test rows with their offline scores, and the table of bad input."""
    (rows, predictions), inputs = read_golden(BUNDLE), read_part(BUNDLE, "schema.json")["inputs"]
    test = read_test_rows(model, p["problem.key"], p["rehearse.rows"])
    taken = [number for number, row in enumerate(rows) if is_taken(inputs, row)]
    good = [rows[number] for number in taken]
    return Script(
        bundle=bundle_hash(BUNDLE),
        task=model.task,
        classes=model.classes,
        batches={
            "golden_rows": (good, with_bounds(model.bounds, predictions[taken])),
            "test_rows": (frame_rows(test, model.inputs), with_bounds(model.bounds, predict_frame(model, test))),
        },
        bad=list_bad_requests(
            inputs,
            good[0],
            max_rows=p["package.max_rows"],
            max_body_bytes=p["package.max_body_bytes"],
            known=[column["name"] for column in model.encoder["columns"] if column["kind"] == "category"],
        ),
        max_rows=p["package.max_rows"],
        timed=p["rehearse.requests"],
        adds_up=adds_up(model),
    )


def read_budgets(p: dict[str, Any]) -> Budgets:
    """Return the budgets of params.yaml."""
    return Budgets(
        start_seconds=p["rehearse.start_seconds"],
        p50_ms=p["rehearse.p50_ms"],
        p95_ms=p["rehearse.p95_ms"],
        memory_mb=p["rehearse.memory_mb"],
    )


def main() -> None:
    """Read bento, bundle and test rows; write the verdict of the rehearsal, and beside the graph its timings."""
    p = read_params(PARAMS)
    if (refusal := BENTO / "refusal.json").exists():
        reason = "; ".join(read_json(refusal)["reasons"])
        write_json(VERDICT, {"rehearsed": False, "passed": False, "reason": f"nothing was packaged: {reason}"})
        return
    script = write_script(load_bundle(BUNDLE), p)
    checks, timings = rehearse_bento(BENTO, script, read_budgets(p))
    passed = all(check["passed"] for check in checks)
    write_json(VERDICT, {"bundle": script.bundle, "rehearsed": True, "passed": passed, "checks": checks})
    write_json("reports/rehearsal_timings.json", timings)


if __name__ == "__main__":
    run_stage(main)
