"""`perennial score`: a whole table answered by the packaged model, as the service would answer each row."""

import argparse
from pathlib import Path

from perennial.commands import Add
from perennial.commands.coming import PARAMS, assemble_coming, keep_open
from perennial.commands.moment import choose_moment, read_as_of, read_horizon
from perennial.commands.serving import BENTO, refuse_unpackaged
from perennial.io.bundle import bundle_hash, load_bundle, read_part
from perennial.io.contract import read_contract
from perennial.io.params import read_params
from perennial.io.scoring import Tally, rejected_path, score_file
from perennial.io.scratch import scratch_folder
from perennial.model.schema import parse_inputs
from perennial.refusal import Refusal

BUNDLE = BENTO / "src" / "bundle"


def score(arguments: argparse.Namespace) -> None:
    """Score a CSV or Parquet file with the packaged model; rows it cannot take go beside with their reasons.

    With --as-of the rows are the decisions that are open then, assembled from the sources as they are.
    """
    target = Path(arguments.target)
    if target.suffix not in (".csv", ".parquet"):
        raise Refusal(f"{target} is neither .csv nor .parquet: name the answers so.")
    if (arguments.source is None) == (arguments.as_of is None):
        raise Refusal("give a file of rows, or --as-of for the decisions that are open then: one of the two.")
    if arguments.source is not None and arguments.horizon is not None:
        raise Refusal("--horizon belongs to --as-of: a file of rows is scored as it is.")
    refuse_unpackaged()
    if arguments.source is not None:
        tally = score_rows(Path(arguments.source), target)
    else:
        tally = score_open(arguments.as_of, read_horizon(arguments.horizon or "0h"), target)
    print(f"{tally.scored:,} rows are scored: {target}")
    if tally.rejected:
        print(f"{tally.rejected:,} rows are not what the contract takes: {rejected_path(target)} says why")


def score_rows(source: Path, target: Path) -> Tally:
    """Score a file with the packaged model."""
    columns = parse_inputs(read_part(BUNDLE, "schema.json")["inputs"])
    return score_file(load_bundle(BUNDLE), columns, bundle_hash(BUNDLE), source, target)


def score_open(as_of: str, horizon_hours: float, target: Path) -> Tally:
    """Score the decisions that wait for their outcome, with their key and time beside the inputs."""
    p = read_params(PARAMS)
    days = float(p["features.retention_days"])
    moment = choose_moment(read_contract(), read_as_of(as_of), days, horizon_hours)
    with scratch_folder("open") as folder:
        return score_rows(keep_open(assemble_coming(folder, p, moment), folder / "open.parquet"), target)


def declare(add: Add) -> None:
    """Declare the words of this module and their options."""
    answer = add("score", score)
    answer.add_argument("source", nargs="?", help="a CSV or Parquet file with one row per decision")
    answer.add_argument("target", help="where the answers go: NAME.csv or NAME.parquet")
    answer.add_argument("--as-of", help="NOW or an instant in UTC: instead of a file, the decisions that are open then")
    answer.add_argument("--horizon", help="with --as-of, also decisions still to come within (0h)")
