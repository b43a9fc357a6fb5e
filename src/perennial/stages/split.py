"""split: a role and a fold for every example; data/split.parquet and metrics/split.json."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from perennial.data.contract import features_of
from perennial.data.cross_validation import REPEAT, assign_repeats, check_method
from perennial.data.repeats import check_crosswise, check_repeats, hash_rows
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
    *("split.seed", "split.max_repeated", "split.method", "split.repeats"),
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


def assign_spans(frame: pd.DataFrame, sizes: SplitSizes, p: dict[str, Any]) -> pd.DataFrame:
    """Return role and fold of each row: some judge, the others never do."""
    roles, folds = assign_rows(
        frame,
        sizes,
        target=p["problem.target"],
        key=p["problem.key"],
        time=p["problem.time"],
        group=p["problem.group"],
        known_at=p["problem.label_known_at"],
        as_of=p["problem.as_of"],
    )
    return pd.DataFrame({"role": roles, "fold": folds})


def assign_crosswise(frame: pd.DataFrame, sizes: SplitSizes, p: dict[str, Any]) -> pd.DataFrame:
    """Return role and folds of each row: all judge in turn; `fold` is that of the first repeat."""
    roles, dealt = assign_repeats(
        frame,
        target=p["problem.target"],
        key=p["problem.key"],
        group=p["problem.group"],
        folds=sizes.folds,
        repeats=p["split.repeats"],
        seed=sizes.seed,
    )
    repeats = {f"{REPEAT}{repeat}": dealt[:, repeat] for repeat in range(dealt.shape[1])}
    return pd.DataFrame({"role": roles, "fold": dealt[:, 0], **repeats})


def count_copies(rows: npt.NDArray[np.uint64], split: pd.DataFrame, most: float, crosswise: bool) -> int:
    """Return how many judged rows repeat a row that their judge has learned; `rows` are hashes of all rows."""
    if crosswise:
        return check_crosswise(rows, split["fold"].to_numpy(), most)
    roles = split["role"].to_numpy()
    return check_repeats(rows[np.isin(roles, LEARNING)], rows[roles == "test"], most)


def main() -> None:
    """Read the examples, assign, check, write."""
    params = read_params(PARAMS)
    key, time, target = params["problem.key"], params["problem.time"], params["problem.target"]
    contract, known_at = read_contract(), params["problem.label_known_at"]
    refuse_other_roles(contract, {"key": key, "time": time, "target": target, "label_time": known_at})
    sizes, frame = read_sizes(params), read_table("data/examples.parquet")
    check_method(params["split.method"], time, sizes.folds)
    crosswise = params["split.method"] == "cross_validation"
    split = (assign_crosswise if crosswise else assign_spans)(frame, sizes, params)
    rows = hash_rows(frame[[column.name for column in features_of(contract)]], frame[target])
    repeated = count_copies(rows, split, params["split.max_repeated"], crosswise)
    write_table("data/split.parquet", pd.concat([frame[[key]].reset_index(drop=True), split], axis=1))
    folds = split["fold"].to_numpy(np.int8)
    facts = summarise_split(split["role"].to_numpy(object), folds, times_of(frame, time), frame[target])
    repeats = {"repeats": params["split.repeats"]} if crosswise else {}
    write_json("metrics/split.json", facts | repeats | {"repeated": repeated})


if __name__ == "__main__":
    run_stage(main)
