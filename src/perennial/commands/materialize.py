"""`perennial materialize`: the inputs of every open decision by its key, for the service to look up."""

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from perennial.commands import Add
from perennial.commands.coming import PARAMS, assemble_coming
from perennial.commands.features import find_url
from perennial.commands.moment import Moment, choose_moment, read_as_of, read_horizon
from perennial.io.contract import read_contract
from perennial.io.feature_rows import compare_rows, read_rows, refuse_repeated, refuse_skew
from perennial.io.feature_store import (
    Run,
    Tally,
    count_features,
    open_features,
    open_stored,
    read_features,
    write_features,
)
from perennial.io.params import read_params
from perennial.io.scratch import scratch_folder
from perennial.refusal import Refusal

EXAMPLES = Path("data/examples.parquet")
URL = "features.url"


def materialize(arguments: argparse.Namespace) -> None:
    """Assemble the decisions that wait for their outcome and keep their inputs by key, for POST /predict to look up.

    Decisions that are taken already hold exactly what training will see of them; those within the horizon hold what
    is known so far. Only what is new or has changed is written.
    """
    p = read_params((*PARAMS, URL))
    url = find_url(arguments.to, str(p[URL]))
    if arguments.check:
        check(url)
        return
    if arguments.as_of is None:
        raise Refusal("say when: --as-of NOW, or an instant such as --as-of 2013-08-15T06:00; --check compares only.")
    contract, days = read_contract(), float(p["features.retention_days"])
    moment = choose_moment(contract, read_as_of(arguments.as_of), days, read_horizon(arguments.horizon))
    engine = open_features(url)
    with scratch_folder("materialize") as folder, closing_engine(engine):
        path, left_out = assemble_coming(folder, p, moment, whole=arguments.whole), Counter[str]()
        refuse_repeated(path, contract)
        pieces = read_rows(path, contract, to_datetime(moment.as_of), left_out)
        tally = write_features(engine, pieces, describe_run(moment, days))
        print_tally(tally, left_out, moment)
        print(f"{count_features(engine):,} rows are in {engine.url!r}")


@contextmanager
def closing_engine(engine: sa.Engine) -> Iterator[None]:
    """Let go of every connection in the end, so that SQLite keeps one file."""
    try:
        yield
    finally:
        engine.dispose()


def to_datetime(instant: np.datetime64) -> datetime:
    """Return an instant of UTC as Python's."""
    found: datetime = instant.astype("datetime64[us]").item()
    return found.replace(tzinfo=UTC)


def describe_run(moment: Moment, days: float) -> Run:
    """Return what the feature table must know of a moment."""
    return Run(
        as_of=to_datetime(moment.as_of),
        since=None if moment.since is None else to_datetime(moment.since),
        until=None if moment.until is None else to_datetime(moment.until),
        keep=timedelta(days=days) if days else None,
    )


def print_tally(tally: Tally, left_out: Mapping[str, int], moment: Moment) -> None:
    """Say what a run has changed, and which rows the service would have refused."""
    found = tally.new + tally.changed + tally.unchanged
    print(
        f"{found:,} decisions were open at {str(moment.as_of)[:19]}: {tally.new:,} new, {tally.changed:,} changed, "
        f"{tally.unchanged:,} unchanged; {tally.withdrawn:,} withdrawn, {tally.expired:,} too old and removed"
    )
    for rule, rows in left_out.items():
        print(f"{rows:,} are left out, which the service would refuse: {rule}")


def check(url: str) -> None:
    """Raise Refusal unless every stored row is to the last bit what training assembled for the same decision."""
    engine = open_stored(url)
    with closing_engine(engine):
        compared, found = compare_rows(read_features(engine), EXAMPLES, read_contract())
    refuse_skew(compared, found)
    print(f"{compared:,} decisions are in the feature table as training assembled them, to the last bit")


def declare(add: Add) -> None:
    """Declare the words of this module and their options."""
    made: Any = add("materialize", materialize)
    made.add_argument("--as-of", help="NOW, or an instant in UTC such as 2013-08-15T06:00: nothing later is looked at")
    made.add_argument("--to", metavar="URL", help="instead of features.url; ${NAME} stands for a variable")
    made.add_argument("--horizon", default="0h", help="also decisions still to come within, such as 6h or 2d (0h)")
    made.add_argument("--whole", action="store_true", help="read all of history, whatever assemble.history_days says")
    made.add_argument("--check", action="store_true", help="hold what is stored against data/examples.parquet")
