"""Rows a second of `perennial score` and of its model, beside a scikit-learn pipeline and the booster alone.

Rounds in turn, in one run, on all cores; `python bench/batch.py [BUNDLE]`. What is set beside each other:
`score_file` reads Parquet, types and checks each row, scores, decides and writes Parquet; `predict_frame` begins with a
frame in memory and ends with scores, as the pipeline's `predict_proba` does; the booster's `predict` is given the
matrix, encoded.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from measure import ROOT, median
from peer import fit_peer, peer_environment, plain, run_peer
from perennial.io.bundle import bundle_hash, load_bundle, read_part
from perennial.io.engine import count_cores
from perennial.io.scoring import PIECE, read_typed, score_file, score_piece
from perennial.io.scratch import scratch_folder
from perennial.io.tables import write_table
from perennial.io.warehouse import open_warehouse
from perennial.model.frames import encode_frame, predict_frame
from perennial.model.predictor import predict_raw
from perennial.model.schema import parse_inputs

ROWS, ROUNDS = 336_776, 5


@contextmanager
def peer_times(folder: Path) -> Iterator[Callable[[], float]]:
    """Yield a function that lets the peer score its rows once, and returns the seconds."""
    command = run_peer(str(ROOT / "bench/peers/pipeline.py"), "time", str(folder))
    process = subprocess.Popen(
        command, env=peer_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None

    def ask() -> float:
        print("again", file=process.stdin, flush=True)
        return float(process.stdout.readline())

    try:
        yield ask
    finally:
        process.stdin.close()
        process.wait(20)


def timed(work: Callable[[], object]) -> Callable[[], float]:
    """Return a function that does the work and returns its seconds."""

    def once() -> float:
        begun = time.perf_counter()
        work()
        return time.perf_counter() - begun

    return once


def measure(ways: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Return the seconds of each way, measured in turn; the first round warms up."""
    for way in ways.values():
        way()
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            taken[name].append(way())
            print(f"  {name}: {taken[name][-1]:.2f} s", file=sys.stderr, flush=True)
    return taken


def show_steps(bundle: Path, source: Path, folder: Path) -> None:
    """Print where the time of `score_file` goes: one pass, step by step."""
    model, columns = load_bundle(bundle), parse_inputs(read_part(bundle, "schema.json")["inputs"])
    spent = dict.fromkeys(("read and type", "encode", "the trees", "score_piece besides", "write a piece"), 0.0)
    begun = time.perf_counter()
    with open_warehouse(1.0) as database:
        tables = list(read_typed(database, f"read_parquet('{source}')", columns, source))
    spent["read and type"] = time.perf_counter() - begun
    for table in tables:
        frame = table.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get)
        steps = [time.perf_counter()]
        X = encode_frame(model.encoder, frame)
        steps.append(time.perf_counter())
        predict_raw(model, X, num_threads=count_cores())
        steps.append(time.perf_counter())
        scored, _ = score_piece(model, columns, table, "x")
        steps.append(time.perf_counter())
        write_table(folder / "piece.parquet", scored)
        steps.append(time.perf_counter())
        encode, trees, whole, write = np.diff(steps)
        spent["encode"] += encode
        spent["the trees"] += trees
        spent["score_piece besides"] += whole - encode - trees
        spent["write a piece"] += write
    for name, seconds in spent.items():
        print(f"  {name:24}{seconds:7.2f} s")
    print("  the rest of the whole: the source's hash, the pieces joined to one file")


def main(bundle: Path) -> None:
    if not bundle.is_dir():
        sys.exit("run `make repro` first: this scores with a finished model.")
    os.chdir(ROOT)
    with scratch_folder("batch") as folder:
        rows = fit_peer(folder, bundle)
        rows = rows.iloc[np.arange(ROWS) % len(rows)].reset_index(drop=True)
        plain(rows, bundle).to_parquet(folder / "rows.parquet")
        model, source, target = load_bundle(bundle), folder / "source.parquet", folder / "scored.parquet"
        columns = parse_inputs(read_part(bundle, "schema.json")["inputs"])
        pq.write_table(pa.Table.from_pandas(rows[[column.name for column in columns]]), source)
        frame = rows[[column.name for column in columns]]
        cores, X = count_cores(), encode_frame(model.encoder, frame)
        booster = lightgbm.Booster(model_str=model.members[0])
        with peer_times(folder) as peer:
            taken = measure(
                {
                    "pipeline.predict_proba": peer,
                    "booster.predict, encoded": timed(lambda: booster.predict(X, raw_score=True, num_threads=cores)),
                    "predict_frame": timed(lambda: predict_frame(model, frame, num_threads=cores)),
                    "score_file": timed(lambda: score_file(model, columns, bundle_hash(bundle), source, target)),
                }
            )
        print(f"{ROWS:,} rows of {len(columns)} inputs, {cores} cores, pieces of {PIECE:,}, medians of {ROUNDS} rounds")
        for name, seconds in taken.items():
            print(f"  {name:26}{median(seconds):7.2f} s{ROWS / median(seconds):12,.0f} rows/s")
        for name, what in (("predict_frame", "a frame to scores"), ("score_file", "a file to a file")):
            for other, goal in (("pipeline.predict_proba", 5.0), ("booster.predict, encoded", 0.7)):
                ratio = median([b / a for a, b in zip(taken[name], taken[other], strict=True)])
                print(f"{name} ({what}): {ratio:.2f} x {other} (target >= {goal:g})")
        print("where the time of score_file goes:")
        show_steps(bundle, source, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "models" / "bundle")
