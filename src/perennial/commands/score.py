"""`perennial score`: a whole table answered by the packaged model, as the service would answer each row."""

import argparse
from pathlib import Path

from perennial.commands import Add
from perennial.commands.serving import BENTO, refuse_unpackaged
from perennial.io.bundle import bundle_hash, load_bundle, read_part
from perennial.io.scoring import rejected_path, score_file
from perennial.model.schema import parse_inputs
from perennial.refusal import Refusal

BUNDLE = BENTO / "src" / "bundle"


def score(arguments: argparse.Namespace) -> None:
    """Score a CSV or Parquet file with the packaged model; rows it cannot take go beside with their reasons."""
    source, target = Path(arguments.source), Path(arguments.target)
    if target.suffix not in (".csv", ".parquet"):
        raise Refusal(f"{target} is neither .csv nor .parquet: name the answers so.")
    refuse_unpackaged()
    columns = parse_inputs(read_part(BUNDLE, "schema.json")["inputs"])
    tally = score_file(load_bundle(BUNDLE), columns, bundle_hash(BUNDLE), source, target)
    print(f"{tally.scored:,} rows are scored: {target}")
    if tally.rejected:
        print(f"{tally.rejected:,} rows are not what the contract takes: {rejected_path(target)} says why")


def declare(add: Add) -> None:
    """Declare the words of this module and their options."""
    answer = add("score", score)
    answer.add_argument("source", help="a CSV or Parquet file with one row per decision")
    answer.add_argument("target", help="where the answers go: NAME.csv or NAME.parquet")
