"""Leaves of params.yaml that are each well and cannot be meant together."""

from collections.abc import Callable, Mapping
from typing import Any

from perennial.refusal import Refusal

COLUMNS = ("problem.key", "problem.time", "problem.group", "problem.weight", "problem.label_known_at")

CLASHES: tuple[tuple[tuple[str, ...], Callable[..., bool], str], ...] = (
    (
        ("problem.time", "problem.block"),
        lambda time, block: time is None and block == "day",
        "problem.time is null, so there are no days: set problem.block to row, or to group.",
    ),
    (
        ("problem.group", "problem.block"),
        lambda group, block: group is None and block == "group",
        "problem.block is group and problem.group is null: name the column of the groups.",
    ),
    (
        ("problem.task", "problem.metric"),
        lambda task, metric: (task == "regression") != (metric == "rmse"),
        "problem.metric is '{1}' and problem.task {0}: set it to log_loss, or to rmse for a regression.",
    ),
    (
        ("problem.target", *COLUMNS),
        lambda target, *others: target in others,
        "problem.target {0} is also the key, time, group, weight or label_known_at: a column has one role.",
    ),
    (
        ("split.test_share", "split.valid_share"),
        lambda test, valid: min(test, valid) <= 0 or test + valid >= 1,
        "split.test_share {0} and split.valid_share {1} must be above 0 and leave rows to train on: make them smaller.",
    ),
    (
        ("problem.time", "problem.block", "split.test_days", "gate.min_blocks"),
        lambda time, block, days, blocks: time is not None and block == "day" and blocks > days,
        "gate.min_blocks is {3} and split.test_days {2}, so that no model could pass: test more days or ask for fewer.",
    ),
    (
        ("problem.time", "assemble.piece_days"),
        lambda time, days: time is None and days is not None,
        "assemble.piece_days is {1} and problem.time null, so there are no days: set it to null.",
    ),
    (
        ("search.families", "search.trials"),
        lambda families, trials: trials < len(families),
        "search.trials is {1} for {0}: give each family at least one trial.",
    ),
    (
        ("search.families", "search.outer_trials", "split.method"),
        lambda families, trials, method: method == "cross_validation" and trials < len(families),
        "search.outer_trials is {1} for {0}: give each family at least one trial beside each fold.",
    ),
    (
        ("rehearse.p50_ms", "rehearse.p95_ms"),
        lambda half, most: half > most,
        "rehearse.p50_ms {0} is above rehearse.p95_ms {1}: half of the requests cannot be slower than most.",
    ),
)


def refuse_clashes(leaves: Mapping[str, Any], path: str) -> None:
    """Raise Refusal at the first leaves that cannot be meant together; those with an absent leaf are passed over."""
    for names, clash, sentence in CLASHES:
        values = [leaves[name] for name in names if name in leaves]
        if len(values) == len(names) and clash(*values):
            raise Refusal(f"{path}: {sentence.format(*values)}")
