"""`perennial records`: how many predictions are recorded, their export, and what is too old removed."""

import argparse
import os
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from perennial.commands import Add
from perennial.io.databases import absolute_url
from perennial.io.leaves import read_instant
from perennial.io.params import read_params
from perennial.io.record_export import export_predictions
from perennial.io.records import count_predictions, migrate_log, open_log, prune_log
from perennial.refusal import Refusal

PARAMS = ("log.url", "log.retention_days")


def open_records(url: str | None = None) -> sa.Engine:
    """Return the log at `url`, else that of PERENNIAL_LOG_URL or params.yaml, its tables brought up to date."""
    engine = open_log(url or os.environ.get("PERENNIAL_LOG_URL") or absolute_url(read_params(PARAMS)["log.url"]))
    if engine.dialect.name == "sqlite" and not Path(str(engine.url.database)).is_file():
        raise Refusal(f"nothing is recorded at {engine.url!r}: `perennial serve` begins a log with its first start.")
    migrate_log(engine)
    return engine


def read_bound(name: str, given: str | None) -> datetime | None:
    """Return the instant that an option gives; raises Refusal when it is none."""
    if given is None:
        return None
    if (instant := read_instant(given)) is None:
        raise Refusal(f"--{name} is {given!r}: give a day or an instant such as 2013-07-01.")
    return datetime.fromisoformat(instant).replace(tzinfo=UTC)


def show_records(_arguments: argparse.Namespace) -> None:
    """Say how many predictions are recorded, and where."""
    engine = open_records()
    print(f"{count_predictions(engine):,} predictions are recorded in {engine.url!r}")


def export_records(arguments: argparse.Namespace) -> None:
    """Write recorded predictions, each input a column, with the newest label of each, as Parquet."""
    target, since = Path(arguments.out), read_bound("since", arguments.since)
    if target.suffix != ".parquet":
        raise Refusal(f"{target} is no .parquet: name the file so.")
    rows = export_predictions(open_records(), target, since)
    print(f"{rows:,} predictions are in {target}")


def prune_records(arguments: argparse.Namespace) -> None:
    """Remove predictions and labels older than log.retention_days."""
    days = read_params(PARAMS)["log.retention_days"] if arguments.days is None else arguments.days
    if not days > 0:
        raise Refusal("log.retention_days is 0, which keeps everything: give --days.")
    print(f"{prune_log(open_records(), days):,} predictions are removed")


def declare(add: Add) -> None:
    """Declare the words of this module and their options."""
    records = add("records", show_records).add_subparsers(metavar="WORD")
    export = records.add_parser("export", help=export_records.__doc__)
    export.set_defaults(run=export_records)
    export.add_argument("--out", required=True, help="NAME.parquet")
    export.add_argument("--since", help="a day or an instant such as 2013-07-01, UTC")
    prune = records.add_parser("prune", help=prune_records.__doc__)
    prune.set_defaults(run=prune_records)
    prune.add_argument("--days", type=float, help="instead of log.retention_days of params.yaml")
