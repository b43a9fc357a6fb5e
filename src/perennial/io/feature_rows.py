"""Examples as rows of the feature table, and the table held against the examples that training saw."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.compute as pc

from perennial.data.business_key import LONGEST_KEY, key_text
from perennial.data.contract import Contract, column_of_role, inputs_of
from perennial.data.validation import bad_rows, rule_masks
from perennial.io.feature_store import Row
from perennial.io.tables import read_arrow, read_groups
from perennial.model.reference import frame_rows
from perennial.refusal import Refusal

TOLD = 5


@dataclass(frozen=True)
class Skew:
    """An input that differs between the table and the examples of training, in how many rows, and one of them."""

    column: str
    rows: int
    key: str
    stored: Any
    trained: Any


def _instants(values: pd.Series) -> list[datetime | None]:
    return [None if pd.isna(value) else value.to_pydatetime().replace(tzinfo=UTC) for value in values]


def _describe(frame: pd.DataFrame, contract: Contract) -> Iterator[tuple[str, datetime | None, str]]:
    """Yield of each example its key, its decision's time, and its inputs as the text of JSON."""
    key, time = str(column_of_role(contract, "key")), column_of_role(contract, "time")
    instants = _instants(frame[time]) if time else [None] * len(frame)
    rows = frame_rows(frame, [column.name for column in inputs_of(contract)])
    for value, instant, row in zip(frame[key], instants, rows, strict=True):
        yield key_text(value), instant, json.dumps(row, ensure_ascii=False, allow_nan=False)


def _names(contract: Contract, *roles: str) -> list[str]:
    named = [column_of_role(contract, role) for role in roles]
    inputs = [column.name for column in inputs_of(contract)]
    return list(dict.fromkeys([*filter(None, named), *inputs]))


def refuse_repeated(path: Path, contract: Contract) -> None:
    """Raise Refusal when two examples have one key, or one has a key that is too long to be asked for."""
    key = str(column_of_role(contract, "key"))
    keys = read_arrow(path, [key])[key].drop_null()
    counts = keys.value_counts()
    twice = counts.filter(pc.greater(counts.field("counts"), 1))
    if len(twice):
        raise Refusal(
            f"data/examples.sql yields {key} {twice[0]['values']} {twice[0]['counts']} times: one key, one row."
        )
    if any(len(key_text(value)) > LONGEST_KEY for value in keys.to_pylist()):
        raise Refusal(f"data/examples.sql yields a {key} of more than {LONGEST_KEY} characters: shorten it.")


def read_rows(path: Path, contract: Contract, as_of: datetime, left_out: Counter[str]) -> Iterator[list[Row]]:
    """Yield assembled examples as rows of the feature table, in pieces; `left_out` counts {rule: rows that break it}.

    What was known of a decision was known when it was taken, or by the last run where that is still to come.
    """
    target = column_of_role(contract, "target")
    names = _names(contract, "key", "time", "target")
    # Who has no key or no time cannot be asked for, whatever the contract allows.
    checked = [replace(one, nullable=False) for one in contract.examples if one.role in ("key", "time")]
    checked += [column for column in inputs_of(contract) if column.role != "time"]
    for group in read_groups(path, names):
        frame = group.to_pandas()
        masks = rule_masks(frame, checked)
        left_out.update({rule: int(mask.sum()) for rule, mask in masks.items()})
        frame = frame[~bad_rows(masks, len(frame))].reset_index(drop=True)
        waiting = frame[target].isna().tolist() if target else [True] * len(frame)
        yield [
            {
                "key": key,
                "decision_at": instant,
                "known_at": instant if instant is not None and instant <= as_of else None,
                "inputs": inputs,
                "open": is_open,
            }
            for (key, instant, inputs), is_open in zip(_describe(frame, contract), waiting, strict=True)
        ]


def compare_rows(stored: Iterator[Sequence[Row]], examples: Path, contract: Contract) -> tuple[int, list[Skew]]:
    """Return how many decisions both hold, and what differs in them, by input, to the last bit.

    Rows of decisions that were still to come hold less than training knows, and are not compared.
    """
    every = (row for piece in stored for row in piece)
    kept = {row["key"]: row for row in every if row["decision_at"] in (None, row["known_at"])}
    compared, found = 0, dict[str, Skew]()
    key, time = str(column_of_role(contract, "key")), column_of_role(contract, "time")
    for group in read_groups(examples, _names(contract, "key", "time")):
        frame = group.to_pandas()
        frame = frame[[key_text(value) in kept for value in frame[key]]].reset_index(drop=True)
        compared += len(frame)
        for name, instant, inputs in _describe(frame, contract):
            row = kept[name]
            if row["inputs"] != inputs:
                _note(found, name, json.loads(row["inputs"]), json.loads(inputs))
            if row["decision_at"] != instant:
                _note(found, name, {str(time): str(row["decision_at"])}, {str(time): str(instant)})
    return compared, sorted(found.values(), key=lambda one: (-one.rows, one.column))


def _note(found: dict[str, Skew], key: str, stored: Mapping[str, Any], trained: Mapping[str, Any]) -> None:
    for column in dict.fromkeys([*trained, *stored]):
        values = tuple(row.get(column, "absent") for row in (stored, trained))
        if json.dumps(values[0]) != json.dumps(values[1]):
            before = found.get(column, Skew(column, 0, key, *values))
            found[column] = Skew(column, before.rows + 1, before.key, before.stored, before.trained)


def refuse_skew(compared: int, found: Sequence[Skew]) -> None:
    """Raise Refusal where stored rows are not what training assembled, or where there was nothing to compare."""
    if not compared:
        raise Refusal(
            "the feature table and data/examples.parquet have no decision in common: materialize an instant that "
            "training has seen, or bring the examples up to date with `dvc repro assemble`."
        )
    if found:
        told = "; ".join(
            f"{one.column} ({one.rows:,} rows; of {one.key} it is {one.stored!r} stored, {one.trained!r} in training)"
            for one in found[:TOLD]
        )
        more = f"; and {len(found) - TOLD} more inputs" if len(found) > TOLD else ""
        raise Refusal(
            f"the feature table is not what training assembled: of {compared:,} decisions that both hold, "
            f"{len(found)} inputs differ: {told}{more}. Either a source was corrected since, or data/examples.sql "
            "looks past the decision, or somebody changed the table: find out which before you materialize again."
        )
