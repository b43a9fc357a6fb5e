"""What a revision in Git says of itself, read without checking it out."""

import csv
import json
from pathlib import Path
from typing import Any

import yaml

from perennial.io.git import find_commit, read_committed, run_git
from perennial.io.params import flatten
from perennial.refusal import Refusal
from perennial.report.change import Run
from perennial.report.facts import METRICS

PARAMS, LOCK, LOSSES = "params.yaml", "dvc.lock", "metrics/plots/blocks.csv"


def read_run(revision: str) -> Run:
    """Return params, metrics and lock of a revision; what is absent there is empty."""
    commit = find_commit(revision)
    texts = {path: read_committed(commit, path) for path in (PARAMS, LOCK, LOSSES, *map(metric_path, METRICS))}
    name = f"{revision} ({commit[:10]})" if not commit.startswith(revision) else commit[:10]
    return make_run(name, texts)


def read_stages(revision: str) -> dict[str, Any]:
    """Return what the dvc.lock of a revision says of each stage; nothing where it has none."""
    text = read_committed(find_commit(revision), LOCK)
    return read_text(revision, LOCK, text).get("stages") or {} if text else {}


def read_worktree() -> Run:
    """Return params, metrics and lock as they lie in the working tree."""
    paths = (PARAMS, LOCK, LOSSES, *map(metric_path, METRICS))
    texts = {path: Path(path).read_text(encoding="utf-8") if Path(path).is_file() else None for path in paths}
    return make_run("the working tree", texts)


def metric_path(name: str) -> str:
    """Return where a metric file lies."""
    return f"metrics/{name}.json"


def make_run(name: str, texts: dict[str, str | None]) -> Run:
    """Return the run that these files describe; raises Refusal when one cannot be read."""
    metrics = {
        metric: read_text(name, path, text)
        for metric in METRICS
        if (text := texts[path := metric_path(metric)]) is not None
    }
    params, lock = (read_text(name, path, texts[path] or "{}") for path in (PARAMS, LOCK))
    return Run(name, dict(flatten(params)), metrics, lock.get("stages") or {}, read_losses(name, texts[LOSSES] or ""))


def read_losses(name: str, text: str) -> list[tuple[str, float, float]]:
    """Return (block, mean loss, weight) of each test block; raises Refusal when the file holds anything else."""
    try:
        return [(row["block"], float(row["loss"]), float(row["weight"])) for row in csv.DictReader(text.splitlines())]
    except (KeyError, TypeError, ValueError):
        raise Refusal(f"{LOSSES} of {name} cannot be read: it must hold block, loss and weight.") from None


def read_text(name: str, path: str, text: str) -> dict[str, Any]:
    """Return a mapping from JSON or YAML; raises Refusal when it is neither."""
    try:
        found = json.loads(text) if path.endswith(".json") else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Refusal(f"{path} of {name} cannot be read: it must hold one mapping.")
    return found


def list_changes(revision: str) -> list[tuple[str, str]]:
    """Return (status letter, path) of each file in Git that differs between a revision and the working tree."""
    words = run_git("diff", "--name-status", "--no-renames", "-z", find_commit(revision), "--").split("\0")[:-1]
    return list(zip(words[::2], words[1::2], strict=True))
