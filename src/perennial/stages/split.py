"""split: a role and a fold for every example; data/split.parquet and metrics/split.json."""

import numpy as np
import pandas as pd

from perennial.data.contract import inputs_of
from perennial.data.roles import refuse_other_roles
from perennial.data.split import (
    SplitSizes,
    check_groups,
    check_keys,
    check_order,
    check_sizes,
    purge_groups,
    refuse_empty,
    refuse_repeats,
    split_by_hash,
    split_by_time,
    summarise_split,
    units_of,
)
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


def main() -> None:
    """Read the examples, assign, check, write."""
    params = read_params(PARAMS)
    key, time, group = params["problem.key"], params["problem.time"], params["problem.group"]
    target, known_at = params["problem.target"], params["problem.label_known_at"]
    contract = read_contract()
    refuse_other_roles(contract, {"key": key, "time": time, "target": target, "label_time": known_at})
    sizes = SplitSizes(
        test_days=params["split.test_days"],
        valid_days=params["split.valid_days"],
        folds=params["split.folds"],
        test_share=params["split.test_share"],
        valid_share=params["split.valid_share"],
        seed=params["split.seed"],
    )
    check_sizes(sizes)
    frame = read_table("data/examples.parquet")
    check_keys(frame[key], key)
    labelled = frame[target].notna().to_numpy(bool)
    if time is None:
        times = None
        roles, folds = split_by_hash(units_of(frame, key, group), labelled, sizes)
    else:
        times = frame[time].to_numpy("datetime64[us]")
        known = None if known_at is None else frame[known_at].to_numpy("datetime64[us]")
        roles, folds = split_by_time(times, labelled, known, np.datetime64(params["problem.as_of"], "us"), sizes)
        if group is not None:
            roles, folds = purge_groups(frame[group], roles, folds)
        check_order(times, roles, folds)
    refuse_empty(roles, folds, sizes.folds)
    if group is not None:
        check_groups(frame[group], roles, group)
    inputs = [column.name for column in inputs_of(contract)]
    repeated = refuse_repeats(frame, roles, [*inputs, target], params["split.max_repeated"])
    write_table("data/split.parquet", pd.DataFrame({key: frame[key], "role": roles, "fold": folds}))
    write_json("metrics/split.json", summarise_split(roles, folds, times, frame[target]) | {"repeated": repeated})


if __name__ == "__main__":
    run_stage(main)
