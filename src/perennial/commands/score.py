"""`perennial score`: a whole table answered by the packaged model, as the service would answer each row."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from perennial.commands import Add
from perennial.commands.coming import PARAMS, assemble_coming, keep_open
from perennial.commands.moment import choose_moment, read_as_of, read_horizon
from perennial.commands.serving import BENTO, refuse_unpackaged
from perennial.data.fetching import Fetch
from perennial.io.bundle import bundle_hash, load_bundle, read_part
from perennial.io.contract import read_contract
from perennial.io.fetch import LEAVES, is_remote, read_patience
from perennial.io.params import read_params
from perennial.io.scored_tables import insert_files, keep_rows, refuse_tables
from perennial.io.scoring import Tally, rejected_path, score_file
from perennial.io.scratch import scratch_folder
from perennial.model.schema import parse_inputs
from perennial.refusal import Refusal

BUNDLE = BENTO / "src" / "bundle"
REJECTED = "{}_rejected"


def score(arguments: argparse.Namespace) -> None:
    """Score rows with the packaged model; those it cannot take go beside with their reasons.

    The rows are those of a CSV or Parquet file, of a database's query, or with --as-of the decisions that are open
    then, assembled from the sources as they are. The answers go to a file or to a table that is not there yet.
    """
    refuse_clashes(arguments)
    refuse_unpackaged()
    beside = rejected_path(Path(arguments.target)).as_posix()
    with scratch_folder("scored") as folder:
        if arguments.table:
            beside = REJECTED.format(arguments.table)
            tally = score_to_table(arguments, folder, beside)
        else:
            tally = score_asked(arguments, folder, Path(arguments.target))
    print(f"{tally.scored:,} rows are scored: {arguments.table or arguments.target}")
    if tally.rejected:
        print(f"{tally.rejected:,} rows are not what the contract takes: {beside} says why")


def score_to_table(arguments: argparse.Namespace, folder: Path, beside: str) -> Tally:
    """Score rows into a table of a database, and those it cannot take into the table `beside`."""
    place, patience = Fetch(arguments.target), read_patience(read_params(LEAVES))
    refuse_tables((arguments.table, beside), place, patience)
    answers = folder / "answers.parquet"
    tally = score_asked(arguments, folder, answers)
    bad = {beside: rejected_path(answers)} if tally.rejected else {}
    insert_files({arguments.table: answers} | bad, place, patience)
    return tally


def refuse_clashes(arguments: argparse.Namespace) -> None:
    """Raise Refusal at options that do not belong together."""
    source, target = arguments.source, arguments.target
    if (source is None) == (arguments.as_of is None):
        raise Refusal("give rows to score, or --as-of for the decisions that are open then: one of the two.")
    if source is not None and arguments.horizon is not None:
        raise Refusal("--horizon belongs to --as-of: other rows are scored as they are.")
    if is_remote(source or "") != bool(arguments.query):
        raise Refusal("a database is asked by its url and --query, a file by neither: give both or a path.")
    if is_remote(target) != bool(arguments.table):
        raise Refusal("answers go to a database by its url and --table, to a file by neither: give both or a path.")
    if not arguments.table and Path(target).suffix not in (".csv", ".parquet"):
        raise Refusal(f"{target} is neither .csv nor .parquet: name the answers so.")


def score_asked(arguments: argparse.Namespace, folder: Path, target: Path) -> Tally:
    """Score the rows that the arguments name; those that lie in no file are kept in `folder` meanwhile."""
    if arguments.as_of is not None:
        return score_open(arguments.as_of, read_horizon(arguments.horizon or "0h"), target)
    if arguments.query:
        return score_rows(keep_asked(arguments.source, arguments.query, folder / "rows of the query.parquet"), target)
    return score_rows(Path(arguments.source), target, arguments.encoding)


def keep_asked(url: str, query: str, path: Path) -> Path:
    """Return a file that holds the rows of a database's query."""
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    asked = Fetch(url, query=query)
    keep_rows(asked, path, as_of=now, patience=read_patience(read_params(LEAVES)))
    return path


def score_rows(source: Path, target: Path, encoding: str | None = None) -> Tally:
    """Score a file with the packaged model."""
    columns = parse_inputs(read_part(BUNDLE, "schema.json")["inputs"])
    return score_file(load_bundle(BUNDLE), columns, bundle_hash(BUNDLE), source, target, encoding)


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
    answer.add_argument("source", nargs="?", help="a CSV or Parquet file, or the url of a database; one row a decision")
    answer.add_argument("target", help="where the answers go: NAME.csv, NAME.parquet, or the url of a database")
    answer.add_argument("--query", metavar="SQL", help="of a database, for the rows")
    answer.add_argument("--table", metavar="NAME", help="of a database, for the answers; made anew")
    answer.add_argument("--encoding", metavar="NAME", help="of a CSV that is not UTF-8, such as shift_jis")
    answer.add_argument("--as-of", help="NOW or an instant in UTC: instead of a file, the decisions that are open then")
    answer.add_argument("--horizon", help="with --as-of, also decisions still to come within (0h)")
