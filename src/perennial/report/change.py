"""What lies between two runs: params, data, files, checks and stages that are not the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from perennial.report.words import pick

RESULTS = ("dvc.lock", "metrics/", "reports/", "models/best.json")
"""Files that a run writes: their change is told by what is in them."""


@dataclass(frozen=True)
class Run:
    """What one revision says of itself; `metrics` is empty where nothing was measured, `lock` maps stage to entry.

    losses: (block, mean loss, weight) of the test, empty where they were not written.
    """

    name: str
    params: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    lock: Mapping[str, Any] = field(default_factory=dict)
    losses: Sequence[tuple[str, float, float]] = ()


@dataclass(frozen=True)
class StageChange:
    """A stage whose entry in dvc.lock differs: what it read that is new, and whether it wrote anything else."""

    name: str
    causes: tuple[str, ...]
    wrote: bool


def diff_leaves(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Return (name, before, after) of each leaf that differs, None where it is absent, sorted by name."""
    names = sorted(before.keys() | after.keys())
    return [(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)]


def diff_stages(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[StageChange]:
    """Return the stages whose entries in dvc.lock differ, in the order of the graph, then those that are gone."""
    order = [*after, *(name for name in before if name not in after)]
    return [explain_stage(n, before.get(n), after.get(n)) for n in order if before.get(n) != after.get(n)]


def explain_stage(name: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> StageChange:
    """Return what differs between two entries of one stage."""
    if before is None or after is None:
        return StageChange(name, ("the stage is new" if before is None else "the stage is gone",), True)
    causes = ["its command"] if before.get("cmd") != after.get("cmd") else []
    causes += [leaf for leaf, _, _ in diff_leaves(locked_params(before), locked_params(after))]
    causes += changed_paths(before, after, "deps")
    return StageChange(name, tuple(causes), bool(changed_paths(before, after, "outs")))


def locked_params(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the leaves that a stage's entry in dvc.lock holds."""
    return {name: value for leaves in (entry.get("params") or {}).values() for name, value in leaves.items()}


def changed_paths(before: Mapping[str, Any], after: Mapping[str, Any], kind: str) -> list[str]:
    """Return the paths of one kind, deps or outs, whose hashes differ."""
    hashes = [{item["path"]: item.get("md5") for item in entry.get(kind) or ()} for entry in (before, after)]
    return [path for path, _, _ in diff_leaves(*hashes)]


def diff_checks(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[tuple[str, Any, Any, str]]:
    """Return (name, passed before, passed now, sentence) of each check that moved; None where it was not judged."""
    olds, news = checks_by_name(before), checks_by_name(after)
    moved = []
    for name in [*news, *(name for name in olds if name not in news)]:
        old, new = (judged_as(checks.get(name, {})) for checks in (olds, news))
        if old != new:
            moved.append((name, old, new, str(news.get(name, {}).get("sentence") or "")))
    return moved


def judged_as(check: Mapping[str, Any]) -> Any:
    """Whether a check passed; None where it was not judged."""
    return check.get("passed") if check.get("judged", True) else None


def checks_by_name(verdict: Mapping[str, Any] | None) -> dict[str, Mapping[str, Any]]:
    """Return the checks of a verdict by name."""
    return {check["name"]: check for check in pick(verdict, "checks", default=[])}


def diff_columns(before: Any, after: Any) -> tuple[list[str], list[str]]:
    """Return the columns that the examples gained and lost, from two profiles."""
    olds, news = ([column["name"] for column in pick(profile, "columns", default=[])] for profile in (before, after))
    return [name for name in news if name not in olds], [name for name in olds if name not in news]


def written_by_hand(files: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the (status, path) of the files that no run writes."""
    return [(status, path) for status, path in files if not path.startswith(RESULTS)]


def same_test(before: Run, after: Run) -> bool:
    """True when both runs were judged by the same score on the same span and number of test rows."""
    names = ("metric", "rows", "blocks", "first")
    told = [[pick(run.metrics.get("evaluation"), name) for name in names] for run in (before, after)]
    return told[0] == told[1] and told[0][1] is not None
