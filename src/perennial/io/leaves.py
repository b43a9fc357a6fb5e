"""What each leaf of params.yaml may hold: its type and its bounds."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from perennial.extensions import list_extensions
from perennial.refusal import Refusal

KINDS = {
    "text": "text",
    "texts": "a list of text",
    "days": "a list of days such as 2013-03-10",
    "flag": "true or false",
    "whole": "a whole number",
    "number": "a number",
    "instant": "an instant as 2013-09-01 or 2013-09-01T12:00",
}


@dataclass(frozen=True)
class Leaf:
    """One leaf: a kind of `KINDS`, inclusive bounds of numbers, the words of a text that may be, whether null may."""

    kind: str
    low: float = -math.inf
    high: float = math.inf
    words: tuple[str, ...] = ()
    nullable: bool = False


TEXT, OPTIONAL, TEXTS = Leaf("text"), Leaf("text", nullable=True), Leaf("texts")
SEED, COUNT, SOME = Leaf("whole", 0, 2**31 - 1), Leaf("whole", 0), Leaf("whole", 1)
SHARE, MARGIN, AUC = Leaf("number", 0, 1), Leaf("number", -1, 1), Leaf("number", 0.5, 1)
COST, POSITIVE = Leaf("number", 0), Leaf("number", 1e-9)

FAMILIES = ("lightgbm", "small_trees", "extra_trees", "network", "linear", *list_extensions("families"))

LEAVES: dict[str, Leaf] = {
    **dict.fromkeys(("problem.statement", "problem.decision", "problem.audience", "problem.moment"), TEXT),
    **dict.fromkeys(("problem.label", "problem.label_delay", "problem.target", "problem.key"), TEXT),
    **dict.fromkeys(("problem.time", "problem.group", "problem.weight", "problem.label_known_at"), OPTIONAL),
    "problem.task": Leaf("text", words=("binary", "multiclass", "regression")),
    # Other scores are computed too; only these can be trained for and judged by.
    "problem.metric": Leaf("text", words=("log_loss", "rmse")),
    "problem.block": Leaf("text", words=("day", "group", "row")),
    **dict.fromkeys(("problem.costs.false_positive", "problem.costs.false_negative"), COST),
    "problem.success": SHARE,
    "problem.as_of": Leaf("instant"),
    "engine.workers": Leaf("whole", 0, 1024),
    "engine.scheduler": OPTIONAL,
    "engine.memory_gb": POSITIVE,
    **dict.fromkeys(("assemble.random_cuts", "assemble.adversarial_cuts", "assemble.whole_cuts"), COUNT),
    "assemble.days": Leaf("days"),
    **dict.fromkeys(("assemble.window_hours", "assemble.lookback_days", "assemble.ahead_days"), SOME),
    "assemble.history_days": SOME,
    "assemble.piece_days": Leaf("whole", 1, nullable=True),
    **dict.fromkeys(("assemble.seed", "split.seed", "search.seed", "train.seed", "evaluate.seed"), SEED),
    **dict.fromkeys(("split.test_days", "split.valid_days"), SOME),
    "split.folds": Leaf("whole", 2, 100),
    "split.method": Leaf("text", words=("span", "cross_validation")),
    "split.repeats": Leaf("whole", 1, 100),
    "search.outer_trials": SOME,
    **dict.fromkeys(("split.test_share", "split.valid_share", "split.max_repeated"), SHARE),
    "search.families": Leaf("texts", words=FAMILIES),
    **dict.fromkeys(("search.trials", "search.batch", "search.max_rounds", "search.patience", "search.kept"), SOME),
    "search.sample_rows": COUNT,
    "search.time_limit_s": Leaf("number", 1e-9, nullable=True),
    **dict.fromkeys(("train.members", "train.max_rounds", "train.patience", "train.replicates"), SOME),
    "train.ensemble_gain": SHARE,
    "train.confidence": SHARE,
    "train.coverage": SHARE,
    "train.golden_rows": SOME,
    "train.trusted_types": TEXTS,
    **dict.fromkeys(("evaluate.replicates", "evaluate.slice_rows", "evaluate.slice_blocks", "evaluate.bands"), SOME),
    "evaluate.confidence": SHARE,
    **dict.fromkeys(("evaluate.importance_rows", "evaluate.importance_repeats", "evaluate.linear_rows"), SOME),
    "evaluate.linear_c": POSITIVE,
    **dict.fromkeys(("gate.min_rows", "gate.min_blocks"), COUNT),
    **dict.fromkeys(("gate.linear_margin", "gate.calibration_error", "gate.slice_improvement"), MARGIN),
    **dict.fromkeys(("gate.slice_regression", "gate.sensitive_gap", "gate.cost_saving"), MARGIN),
    **dict.fromkeys(("gate.repeated_rows", "gate.champion_margin", "gate.coverage_margin"), MARGIN),
    **dict.fromkeys(("gate.suspect_auc", "profile.suspect_auc"), AUC),
    "gate.suspect_correlation": SHARE,
    "gate.slice_level": MARGIN,
    "gate.declared_strong": TEXTS,
    **dict.fromkeys(("profile.max_rows", "profile.bins", "profile.top", "profile.table_rows"), SOME),
    **dict.fromkeys(("profile.suspect_correlation", "profile.suspect_missing"), SHARE),
    **dict.fromkeys(("profile.table_report", "search.selection"), Leaf("flag")),
    **dict.fromkeys(("report.columns", "report.slices"), COUNT),
    **dict.fromkeys(("package.max_rows", "package.max_body_bytes", "rehearse.rows", "rehearse.requests"), SOME),
    **dict.fromkeys(("rehearse.start_seconds", "rehearse.p50_ms", "rehearse.p95_ms", "rehearse.memory_mb"), POSITIVE),
    "remote.deadline_seconds": POSITIVE,
    **dict.fromkeys(("fetch.timeout_seconds", "fetch.deadline_seconds", "fetch.wait_seconds"), POSITIVE),
    "fetch.attempts": Leaf("whole", 1, 100),
    **dict.fromkeys(("serve.host", "log.url", "features.url"), TEXT),
    "serve.port": Leaf("whole", 1, 65535),
    **dict.fromkeys(("serve.in_flight", "serve.in_flight_per_caller"), SOME),
    "serve.timeout_seconds": POSITIVE,
    "serve.drain_seconds": Leaf("number", 0),
    "log.durability": Leaf("text", words=("commit", "queue", "off")),
    "log.retention_days": COUNT,
    **dict.fromkeys(("features.retention_days", "features.max_age_seconds"), Leaf("number", 0)),
}


def read_instant(value: object) -> str | None:
    """Return an instant in ISO 8601 as text in UTC without zone, a midnight as its date alone; None when it is none.

    A date or an instant that YAML has read already is taken too; without an offset it is UTC.
    """
    if not isinstance(value, str | date):
        return None
    try:
        instant = datetime.fromisoformat(str(value))
        if instant.tzinfo:
            instant = instant.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):  # the first day of all has no hour before it
        return None
    return instant.isoformat().removesuffix("T00:00:00")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _fits(leaf: Leaf, value: Any) -> bool:
    if value is None:
        return leaf.nullable
    match leaf.kind:
        case "text":
            return _is_text(value) and (not leaf.words or value in leaf.words)
        case "texts":
            named = isinstance(value, list) and all(map(_is_text, value))
            # A list that may hold certain words alone names at least one, each once.
            return named and (not leaf.words or (0 < len(value) == len(set(value)) and set(value) <= set(leaf.words)))
        case "days":
            return isinstance(value, list) and all(read_instant(day) for day in value)
        case "flag":
            return isinstance(value, bool)
        case "instant":
            return read_instant(value) is not None
    number = int if leaf.kind == "whole" else int | float
    plain = isinstance(value, number) and not isinstance(value, bool) and value not in (math.inf, -math.inf)
    return plain and leaf.low <= value <= leaf.high


def _demand(leaf: Leaf) -> str:
    bounds = ""
    if leaf.low == POSITIVE.low:
        bounds = " above 0"
    elif math.isfinite(leaf.high):
        bounds = f" from {leaf.low:g} to {leaf.high:.10g}"
    elif math.isfinite(leaf.low):
        bounds = f" of at least {leaf.low:g}"
    some = "some of" if leaf.kind == "texts" else "one of"
    words = f"{some} {', '.join(leaf.words)}" if leaf.words else KINDS[leaf.kind]
    return f"{words}{bounds}{' or null' if leaf.nullable else ''}"


def refuse_misfits(leaves: Mapping[str, Any], path: str) -> None:
    """Raise Refusal at the first leaf that holds another type than it must, or a value out of its bounds."""
    for name, value in leaves.items():
        leaf = LEAVES.get(name)
        if leaf is not None and not _fits(leaf, value):
            raise Refusal(f"{path}: `{name}` is {value!r}: give {_demand(leaf)}.")
