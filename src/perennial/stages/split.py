"""split: a role and a fold for every example; data/split.parquet and metrics/split.json."""

from typing import Any

import numpy as np
import pandas as pd

from perennial.data.contract import features_of
from perennial.data.repeats import check_repeats, hash_rows
from perennial.data.roles import refuse_other_roles
from perennial.data.split import LEARNING, SplitSizes, assign_rows, check_sizes, times_of
from perennial.data.split_facts import summarise_split
from perennial.io.contract import read_contract
from perennial.io.files import write_json
from perennial.io.params import read_params
from perennial.io.process import run_stage
from perennial.io.tables import read_table, write_table

PARAMS: tuple[str, ...] = (
    *("problem.target", "problem.key", "problem.time", "problem.group", "problem.label_known_at", "problem.as_of"),
    *("split.test_days", "split.valid_days", "split.folds", "split.test_share", "split.valid_share"),
    *("split.seed", "split.max_repeated"),
)


def read_sizes(params: dict[str, Any]) -> SplitSizes:
    """Return the sizes that params `split` give; raises Refusal when they cannot be meant."""
    sizes = SplitSizes(
        test_days=params["split.test_days"],
        valid_days=params["split.valid_days"],
        folds=params["split.folds"],
        test_share=params["split.test_share"],
        valid_share=params["split.valid_share"],
        seed=params["split.seed"],
    )
    check_sizes(sizes)
    return sizes


def main() -> None:
    """Read the examples, assign, check, write."""
    params = read_params(PARAMS)
    key, time, target = params["problem.key"], params["problem.time"], params["problem.target"]
    contract, known_at = read_contract(), params["problem.label_known_at"]
    refuse_other_roles(contract, {"key": key, "time": time, "target": target, "label_time": known_at})
    sizes, frame = read_sizes(params), read_table("data/examples.parquet")
    roles, folds = assign_rows(
        frame,
        sizes,
        target=target,
        key=key,
        time=time,
        group=params["problem.group"],
        known_at=known_at,
        as_of=params["problem.as_of"],
    )
    rows = hash_rows(frame[[column.name for column in features_of(contract)]], frame[target])
    repeated = check_repeats(rows[np.isin(roles, LEARNING)], rows[roles == "test"], params["split.max_repeated"])
    write_table("data/split.parquet", pd.DataFrame({key: frame[key], "role": roles, "fold": folds}))
    facts = summarise_split(roles, folds, times_of(frame, time), frame[target])
    write_json("metrics/split.json", facts | {"repeated": repeated})


if __name__ == "__main__":
    run_stage(main)
