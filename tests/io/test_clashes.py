from typing import Any

import pytest

from perennial.io.clashes import CLASHES, refuse_clashes
from perennial.io.leaves import LEAVES
from perennial.io.params import load_params
from perennial.model.candidates import FAMILIES
from perennial.model.metric import PROPER
from perennial.refusal import Refusal
from tests.conftest import ROOT

SHIPPED = load_params(str(ROOT / "params.yaml"))


def test_the_shipped_params_do_not_clash() -> None:
    refuse_clashes(SHIPPED, "params.yaml")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"problem.time": None}, "there are no days: set problem.block to row"),
        ({"problem.block": "group"}, "problem.group is null: name the column"),
        ({"problem.metric": "rmse"}, "problem.metric is 'rmse' and problem.task binary: set it to log_loss"),
        ({"problem.task": "regression"}, "or to rmse for a regression"),
        ({"problem.target": "flight_id"}, "problem.target flight_id is also the key"),
        ({"split.test_share": 0.6, "split.valid_share": 0.4}, "leave rows to train on"),
        ({"split.test_days": 7}, "gate.min_blocks is 14 and split.test_days 7, so that no model could pass"),
        ({"problem.time": None, "problem.block": "row", "assemble.piece_days": 3}, "assemble.piece_days is 3"),
        ({"search.trials": 1}, "search.trials is 1 for ['lightgbm', 'linear']"),
        (
            {
                "problem.time": None,
                "problem.block": "row",
                "split.method": "cross_validation",
                "search.outer_trials": 1,
            },
            "search.outer_trials is 1 for ['lightgbm', 'linear']",
        ),
        ({"rehearse.p50_ms": 300}, "rehearse.p50_ms 300 is above rehearse.p95_ms 200"),
    ],
)
def test_what_cannot_be_meant_together_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Refusal) as refused:
        refuse_clashes(SHIPPED | changes, "params.yaml")
    assert str(refused.value).startswith("params.yaml: ")
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"problem.time": None, "problem.block": "row"},
        {"problem.block": "group", "problem.group": "carrier"},
        {"problem.block": "row", "split.test_days": 7},
    ],
)
def test_what_can_be_meant_passes(changes: dict[str, Any]) -> None:
    refuse_clashes(SHIPPED | changes, "params.yaml")


def test_every_leaf_named_exists() -> None:
    assert {name for names, _, _ in CLASHES for name in names} <= set(SHIPPED)


def test_the_words_are_those_of_the_registries() -> None:
    assert set(LEAVES["search.families"].words) == set(FAMILIES)
    for task, metric in PROPER.items():
        refuse_clashes({"problem.task": task, "problem.metric": metric}, "params.yaml")
