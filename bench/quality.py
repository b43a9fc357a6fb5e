"""Quality beside the strongest peers: same rows, same cores, same seconds; for each table of a folder and for flights.

The folder holds NAME.csv, and a README.md with a Markdown table whose columns `file`, `task` and `target` say what is
asked of each; without it the last column is. Every table is adopted as a newcomer would (`perennial adopt --yes`; where
the named task is refused, with the task that is proposed), and the peers get the same columns of the same rows of
learning and test. They run one after the other in an environment of their own (`make quality TABLES=DIR`); one that
fails is named, and the others go on.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from measure import ROOT, clone
from perennial.data.contract import inputs_of
from perennial.data.split import LEARNING
from perennial.evaluation.metrics import METRICS
from perennial.evaluation.sample import improvement, take_sample
from perennial.io.bundle import JUDGING, load_bundle, read_golden
from perennial.io.contract import read_contract
from perennial.io.scratch import scratch_folder
from perennial.io.tables import read_table
from perennial.model.frames import predict_frame
from perennial.model.predictor import predict_rows
from perennial.model.target import encode_target, find_classes

PEERS = ("FLAML", "AutoGluon", "LightGBM", "CatBoost", "HistGradientBoosting")
BEFORE, OURS = ("ingest", "validate", "assemble", "split"), ("search", "train")
PLENTY = 100_000  # trials that no time limit reaches
SMALLEST = 1e-6  # of a probability, for all alike: a class that a peer dropped is not to decide alone
ONE_ROW_CALLS = 200
Facts = dict[str, Any]


def read_asked(folder: Path) -> dict[str, list[str]]:
    """Return [target, task] of each table that the folder's README.md names."""
    path, found, heads = folder / "README.md", {}, list[str]()
    for line in path.read_text().splitlines() if path.exists() else []:
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if {"file", "task", "target"} <= set(cells):
            heads = cells
        elif len(cells) == len(heads):
            row = dict(zip(heads, cells, strict=True))
            found[row["file"]] = [row["target"], row["task"]]
    return found


def list_tables(folder: Path | None) -> dict[str, list[str] | None]:
    """Return {name: what `adopt` is told} of a folder, and flights, which the project brings itself."""
    tables: dict[str, list[str] | None] = {}
    if folder:
        asked = read_asked(folder)
        for path in sorted(folder.glob("*.csv")):
            with path.open(newline="", encoding="utf-8") as file:
                last = next(csv.reader(file))[-1]
            target, *task = asked.get(path.name, [last])
            tables[path.stem] = [str(path.resolve()), "--target", target, *(["--task", task[0]] if task else [])]
    return tables | {"flights": None}


def run_here(project: Path, *command: str) -> float:
    """Run a command in a project and return its seconds; its last words are the error."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(project / "src"),
        "DVC_SITE_CACHE_DIR": str(project / ".perennial/dvc"),
    }
    start = time.perf_counter()
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:4])}: {(done.stderr or done.stdout).strip()[-600:]}")
    return time.perf_counter() - start


def run_stages(project: Path, stages: Sequence[str]) -> float:
    """Run stages and return their seconds."""
    return sum(run_here(project, sys.executable, "-m", f"perennial.stages.{stage}") for stage in stages)


def make_project(project: Path, table: list[str] | None, seconds: float) -> Facts:
    """Clone, adopt, split; return params."""
    clone(project)
    if table:
        adopt = [sys.executable, "-m", "perennial.cli", "adopt", "--yes"]
        try:
            run_here(project, *adopt, *table)
        except RuntimeError:
            run_here(project, *adopt, *table[: table.index("--task")] if "--task" in table else table)
    document = yaml.safe_load((project / "params.yaml").read_text())
    document["search"] |= {"trials": PLENTY, "time_limit_s": seconds}
    document["split"]["method"] = "span"  # the same rows judge every peer, however few they are
    (project / "params.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    run_stages(project, BEFORE)
    problem: Facts = document["problem"]
    return problem


def write_rows(project: Path, problem: Facts) -> tuple[pd.DataFrame, np.ndarray]:
    """Write what the peers read; return the test inputs and the truth as numbers."""
    contract = read_contract(project / "data/contract.yaml")
    examples = read_table(project / "data/examples.parquet")
    rows = examples.merge(read_table(project / "data/split.parquet"), on=problem["key"])
    inputs, target = [column.name for column in inputs_of(contract)], problem["target"]
    learned, test = rows[rows["role"].isin(LEARNING)], rows[rows["role"] == "test"].reset_index(drop=True)
    classes = find_classes(learned[target], problem["task"])
    truth = encode_target(test[target], classes)
    known = np.isfinite(truth)  # a class that nobody could learn is not asked about
    place = project / "peers"
    place.mkdir()
    learned[inputs].assign(_target_=encode_target(learned[target], classes)).to_parquet(place / "learned.parquet")
    test.loc[known, inputs].to_parquet(place / "test.parquet")
    task = {"task": problem["task"], "classes": len(classes)}
    (place / "task.json").write_text(json.dumps(task))
    return test.loc[known, inputs].reset_index(drop=True), truth[known]


def fit_ours(project: Path, test: pd.DataFrame) -> tuple[np.ndarray, Facts]:
    """Search and train; return the scores of the test rows and what they cost."""
    seconds = run_stages(project, OURS)
    folder = project / "models/bundle"
    model = load_bundle(folder)
    scores = predict_frame(model, test)
    rows, _ = read_golden(folder)
    times = []
    for number in range(ONE_ROW_CALLS):
        start = time.perf_counter()
        predict_rows(model, [rows[number % len(rows)]])
        times.append(time.perf_counter() - start)
    size = sum(path.stat().st_size for path in folder.iterdir() if path.name not in JUDGING)
    facts = json.loads((project / "metrics/search.json").read_text())
    what = f"{model.family} of {len(model.members)}, {facts['trials']} trials"
    return scores, {"seconds": seconds, "row_ms": statistics.median(times) * 1e3, "bytes": size, "what": what}


def fit_peer(name: str, project: Path, python: Path, seconds: float, cores: int) -> tuple[np.ndarray, Facts] | str:
    """Fit a peer in its own environment; return its scores and costs, or why it has none."""
    command = [str(python), str(ROOT / "bench/peers/fit.py"), name, ".", str(seconds), str(cores)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    try:
        done = subprocess.run(
            command, cwd=project / "peers", env=environment, capture_output=True, text=True, timeout=20 * seconds + 600
        )
    except subprocess.TimeoutExpired:
        return "took more than twenty times its seconds"
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["no word"])[-1][:200]
    place = project / "peers"
    return np.load(place / f"{name}.npy"), json.loads((place / f"{name}.json").read_text())


def clip(task: str, scores: np.ndarray) -> np.ndarray:
    """Return probabilities that are neither 0 nor 1; values as they are."""
    return scores if task == "regression" else np.clip(scores, SMALLEST, 1 - SMALLEST)


def compare(problem: Facts, truth: np.ndarray, results: dict[str, tuple[np.ndarray, Facts]]) -> list[Facts]:
    """Return a row per model: its loss, and by which share ours is lower, with the paired interval of the test rows."""
    task = problem["task"]
    sample = take_sample(
        task=task,
        metric=problem["metric"],
        truth=truth,
        blocks=np.arange(len(truth)),
        replicates=1000,
        confidence=0.95,
        seed=0,
    )
    ours, rows = clip(task, results["perennial"][0]), []
    for name, (scores, facts) in results.items():
        theirs = clip(task, scores)
        loss = METRICS[problem["metric"]].function(truth, theirs)
        gain = improvement(sample, ours, theirs) if name != "perennial" else None
        rows.append(facts | {"model": name, "loss": loss, "gain": gain})
    return rows


def bench_table(
    name: str, table: list[str] | None, folder: Path, python: Path, seconds: float, peers: Sequence[str]
) -> tuple[Facts, list[Facts], dict[str, str]]:
    """Return the problem, a row per model, and who failed and why."""
    project, cores = folder / name, len(os.sched_getaffinity(0))
    problem = make_project(project, table, seconds)
    test, truth = write_rows(project, problem)
    results: dict[str, tuple[np.ndarray, Facts]] = {}
    failed = {}
    print(f"{name}: perennial", file=sys.stderr, flush=True)
    results["perennial"] = fit_ours(project, test)
    for peer in peers:
        print(f"{name}: {peer}", file=sys.stderr, flush=True)
        fitted = fit_peer(peer, project, python, seconds, cores)
        if isinstance(fitted, str):
            failed[peer] = fitted
        else:
            results[peer] = fitted
    return problem | {"rows": len(truth)}, compare(problem, truth, results), failed


def render_table(name: str, problem: Facts, rows: list[Facts], failed: dict[str, str]) -> str:
    """Return one table as Markdown."""
    lines = [
        f"### {name}: {problem['task']}, {problem['rows']} test rows, {problem['metric']}",
        "",
        f"| model | {problem['metric']} | ours is lower by | one row, ms | MB | seconds | what it chose |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        gain = row["gain"]
        low, high = gain["interval"] if gain else (0, 0)
        said = f"{gain['value']:+.2%} [{low:+.2%}, {high:+.2%}]" if gain else ""
        lines.append(
            f"| {row['model']} | {row['loss']:.5f} | {said} | {row['row_ms']:.3g} | {row['bytes'] / 1e6:.3g} "
            f"| {row['seconds']:.0f} | {row['what']} |"
        )
    lines += [f"| {peer} | failed: {why} | | | | | |" for peer, why in failed.items()]
    return "\n".join(lines)


def render_wins(tables: dict[str, list[Facts]], peers: Sequence[str]) -> str:
    """Return in how many tables ours has the lower loss, and how much faster and smaller it is, per peer."""
    lines = [
        "| peer | ours is better | clear of chance | worse, clear of chance | faster, one row | smaller |",
        "|---|---|---|---|---|---|",
    ]
    for peer in peers:
        pairs = [(rows[0], row) for rows in tables.values() for row in rows if row["model"] == peer]
        if not pairs:
            continue
        better = sum(row["gain"]["value"] > 0 for _, row in pairs)
        clear = sum(row["gain"]["interval"][0] > 0 for _, row in pairs)
        worse = sum(row["gain"]["interval"][1] < 0 for _, row in pairs)
        faster = render_ratios([row["row_ms"] / own["row_ms"] for own, row in pairs])
        smaller = render_ratios([row["bytes"] / own["bytes"] for own, row in pairs])
        lines.append(f"| {peer} | {better} of {len(pairs)} | {clear} | {worse} | {faster} | {smaller} |")
    return "\n".join(lines)


def render_ratios(ratios: Sequence[float]) -> str:
    """Return the median of some ratios, and the least of them."""
    return f"{statistics.median(ratios):.3g} × (least {min(ratios):.2g} ×)"


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=Path, help="a folder of CSV files; flights alone without it")
    parser.add_argument("--only", nargs="*", help="names of tables")
    parser.add_argument("--peers", nargs="*", default=PEERS, choices=PEERS)
    parser.add_argument("--python", type=Path, default=ROOT / ".perennial/peers/bin/python", help="of the peers")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--out", type=Path, help="a Markdown file to write")
    parser.add_argument("--note", default="", help="what a reader must know of this run")
    return parser.parse_args()


def keep_sections(page: str) -> str:
    """Return what was written by hand behind the tables: all sections of the second level."""
    _, mark, kept = page.partition("\n## ")
    return mark + kept


def main() -> None:
    arguments = read_arguments()
    if arguments.peers and not arguments.python.exists():
        print("the peers are not installed: `make quality TABLES=DIR` does it and runs this.")
        return
    chosen = {n: t for n, t in list_tables(arguments.tables).items() if not arguments.only or n in arguments.only}
    parts, rows = [], {}
    with scratch_folder("quality") as folder:
        for name, table in chosen.items():
            try:
                problem, found, failed = bench_table(
                    name, table, folder, arguments.python, arguments.seconds, arguments.peers
                )
            except RuntimeError as error:
                parts.append(f"### {name}\n\nIt was not modelled: {error}")
                print(parts[-1], file=sys.stderr, flush=True)
                continue
            rows[name] = found
            parts.append(render_table(name, problem, found, failed))
            print(f"{parts[-1]}\n", flush=True)
    wins = render_wins(rows, arguments.peers)
    print(wins)
    if arguments.out:
        how = f"Search for {arguments.seconds:g} s on {len(os.sched_getaffinity(0))} cores. {arguments.note}".strip()
        head = f"# Quality beside the strongest peers\n\n`bench/quality.py --tables DIR`. {how}\n\n{wins}\n\n"
        kept = keep_sections(arguments.out.read_text()) if arguments.out.exists() else ""
        arguments.out.write_text(head + "\n\n".join(parts) + "\n" + kept)


if __name__ == "__main__":
    main()
