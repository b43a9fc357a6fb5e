"""A table of any length scored in pieces: bounded memory, rejected rows beside, and a killed run goes on."""

import fcntl
import glob
import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from perennial.data.contract import Column, Source
from perennial.data.point_in_time import quote
from perennial.data.typed import EXACT, UNPARSED, typed_sql
from perennial.data.validation import bad_rows, row_reasons, rule_masks
from perennial.io.csv_text import csv_relation
from perennial.io.engine import count_cores
from perennial.io.files import replace_file, sha256_file
from perennial.io.scratch import scratch_folder
from perennial.io.tables import write_table
from perennial.io.warehouse import open_warehouse
from perennial.model.conformal import bound_scores
from perennial.model.frames import predict_frame
from perennial.model.predictor import Model, decide
from perennial.refusal import Refusal

PIECE = 131_072
NUMBERS = ("DOUBLE", "BIGINT", "INTEGER", "SMALLINT", "TINYINT")
ANSWERS = ("score", "lower", "upper", "decision", "model_version")


@dataclass(frozen=True)
class Tally:
    """How many rows were scored and how many were rejected."""

    scored: int
    rejected: int


def score_file(
    model: Model, columns: Sequence[Column], bundle: str, source: Path, target: Path, encoding: str | None = None
) -> Tally:
    """Score `source` (CSV or Parquet) into `target`, and its bad rows with their reasons into `rejected_path(target)`.

    Every column of the source is kept; score (and lower and upper of a number), decision and model_version are added.
    `bundle` is the model's hash, `encoding` that of a CSV where it is known.
    Raises Refusal when the source is not there or damaged, or lacks a column that the model needs.
    """
    if not source.is_file():
        raise Refusal(f"{source} is not there: give a CSV or Parquet file.")
    if source.resolve() in (target.resolve(), rejected_path(target).resolve()):
        raise Refusal(f"{source} would be written over: name other answers.")
    pieces = Path(".perennial/scoring") / piece_name(bundle, source, encoding)
    with (
        open_warehouse(1.0) as database,
        scratch_folder("score") as scratch,
        _relation(source, scratch, encoding) as relation,
        tqdm(total=count_rows(database, relation, source), desc="score", unit="row", unit_scale=True) as bar,
        _alone(pieces, source),
    ):
        for number, table in enumerate(read_typed(database, relation, columns, source)):
            good, bad = pieces / f"{number:06d}.good.parquet", pieces / f"{number:06d}.bad.parquet"
            if not bad.exists():
                scored, rejected = score_piece(model, columns, table, bundle[:12])
                write_table(good, scored)
                write_table(bad, rejected)
            bar.update(len(table))
        rejected = join_pieces(pieces, "bad", rejected_path(target))
        return Tally(join_pieces(pieces, "good", target), rejected)


def rejected_path(target: Path) -> Path:
    """Return where the rows go that cannot be scored: beside the answers."""
    return target.with_name(f"{target.stem}.rejected{target.suffix}")


def piece_name(bundle: str, source: Path, encoding: str | None) -> str:
    """Return a name for the pieces of one model over one file's content."""
    return hashlib.sha256(f"{bundle}{sha256_file(source)}{encoding}".encode()).hexdigest()[:24]


@contextmanager
def _alone(pieces: Path, source: Path) -> Iterator[None]:
    """Make the folder of the pieces, for one run at a time, and remove it at the end; a killed run leaves it."""
    pieces.mkdir(parents=True, exist_ok=True)
    name = pieces / "lock"
    with name.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = os.path.samestat(os.fstat(lock.fileno()), name.stat())
        except OSError:
            held = False  # or the run that held it has just removed it
        if not held:
            raise Refusal(f"another run scores {source} already: wait for it.")
        try:
            yield
        except BaseException:
            if not any(pieces.glob("*.parquet")):
                shutil.rmtree(pieces)  # nothing that the next run need not do again
            raise
        shutil.rmtree(pieces)


@contextmanager
def _relation(source: Path, scratch: Path, encoding: str | None) -> Iterator[str]:
    if source.suffix == ".parquet":
        yield f"read_parquet('{glob.escape(str(source)).replace(chr(39), chr(39) * 2)}')"
    else:
        yield csv_relation(source, scratch, encoding)


def count_rows(database: duckdb.DuckDBPyConnection, relation: str, source: Path) -> int:
    """Return how many rows there are to score."""
    with _damage_said(source):
        return len(database.sql(f"SELECT * FROM {relation}"))


def read_typed(
    database: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[Column], source: Path
) -> Iterator[pa.Table]:
    """Yield the rows in pieces: the model's columns typed as the contract types them, the others as text."""
    with _damage_said(source):
        names = database.sql(f"SELECT * FROM {relation}").columns
        refuse_other_columns(names, columns, source)
        typed = find_typed(database, relation, columns)
        known = {column.name: column for column in columns if column.name not in typed}
        every = tuple(known.get(name, Column(name, "text")) for name in names)
        cells = ", ".join(f"{typed.get(name) or _as_text(name)} AS {quote(name)}" for name in names)
        described = Source("rows", "", (), None, None, None, 1.0, (), every, ())
        query = typed_sql(described, f"(SELECT {cells} FROM {relation})")
        reader = database.sql(query).to_arrow_reader(PIECE)
        empty = True
        for batch in reader:
            empty = False
            yield pa.Table.from_batches([batch])
        if empty:
            yield reader.schema.empty_table()


@contextmanager
def _damage_said(source: Path) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise Refusal(f"{source} does not read as a table ({' '.join(str(error).split())[:200]}).") from None


def _as_text(name: str) -> str:
    return f"nullif(CAST({quote(name)} AS VARCHAR), '')"


def _as_it_is(column: Column, kind: str) -> tuple[str, str] | None:
    """Return the SQL of a cell that needs no text, and of whether reading its text would say the same."""
    name = quote(column.name)
    if column.dtype == "numeric" and kind in NUMBERS:
        number = f"CAST({name} AS DOUBLE)"
        return number, f"isfinite({number}) AND abs({number}) < {EXACT}"
    if column.dtype == "datetime" and kind == "TIMESTAMP":
        return name, f"{name} BETWEEN TIMESTAMP '0001-01-01' AND TIMESTAMP '9999-12-31'"
    return (name, "true") if column.dtype == "boolean" and kind == "BOOLEAN" else None


def find_typed(database: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[Column]) -> dict[str, str]:
    """Return {column: SQL of its cells} of the columns whose every cell has its type already, as Parquet may hold."""
    found = database.sql(f"SELECT * FROM {relation}")
    kinds = dict(zip(found.columns, map(str, found.types), strict=True))
    ready = {column.name: each for column in columns if (each := _as_it_is(column, kinds[column.name]))}
    if not ready:
        return {}
    rules = ", ".join(f"bool_and({quote(name)} IS NULL OR ({rule}))" for name, (_, rule) in ready.items())
    [kept] = database.sql(f"SELECT {rules} FROM {relation}").fetchall()
    return {name: cell for (name, (cell, _)), sound in zip(ready.items(), kept, strict=True) if sound}


def refuse_other_columns(names: Sequence[str], columns: Sequence[Column], source: Path) -> None:
    """Raise Refusal when a column of the model is not there, or one is called as an answer will be."""
    absent = [column.name for column in columns if column.name not in names]
    if absent:
        raise Refusal(
            f"{source} has no column {absent[0]!r}, which the model needs: add it, empty where it is missing."
        )
    held = {name.lower() for name in names}  # a database does not look at the case
    taken = [name for name in (*ANSWERS, UNPARSED, "reasons") if name.lower() in held]
    if taken:
        raise Refusal(f"{source} has a column {taken[0]!r}, as an answer is called: rename it.")


def score_piece(model: Model, columns: Sequence[Column], table: pa.Table, version: str) -> tuple[pa.Table, pa.Table]:
    """Return the rows with their answers, and the rows that the contract does not take with their reasons."""
    # A column of objects, as pandas has it otherwise where one is missing, is encoded value by value.
    frame = table.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get)
    masks = rule_masks(frame, columns)
    bad, rows = bad_rows(masks, len(frame)), table.drop_columns([UNPARSED])
    reasons = pa.array(row_reasons(masks, bad), type=pa.string())
    good = frame[~bad].reset_index(drop=True)
    scores = predict_frame(model, good, num_threads=count_cores()) if len(good) else np.zeros(0)
    ends = () if model.bounds is None else zip(("lower", "upper"), bound_scores(model.bounds, scores), strict=True)
    answers = {
        "score": pa.array(scores if scores.ndim == 1 else scores.max(axis=1), type=pa.float64()),
        **{name: pa.array(end, type=pa.float64()) for name, end in ends},
        "decision": pa.array([str(each) for each in decide(model, scores)] if len(good) else [], type=pa.string()),
        "model_version": pa.array([version] * len(good), type=pa.string()),
    }
    answered = rows.filter(pa.array(~bad))
    for name, values in answers.items():
        answered = answered.append_column(name, values)
    return answered, rows.filter(pa.array(bad)).append_column("reasons", reasons)


def join_pieces(pieces: Path, kind: str, target: Path) -> int:
    """Write the pieces of one kind one after the other as `target`, whole or not at all; return how many rows."""
    files, rows = sorted(pieces.glob(f"*.{kind}.parquet")), 0
    with replace_file(target) as place:
        if target.suffix == ".csv":
            for number, file in enumerate(files):
                frame = pq.read_table(file).to_pandas()
                frame.to_csv(place, mode="a", header=number == 0, index=False, lineterminator="\n")
                rows += len(frame)
        else:
            with pq.ParquetWriter(place, pq.read_schema(files[0])) as writer:
                for file in files:
                    table = pq.read_table(file)
                    writer.write_table(table)
                    rows += table.num_rows
    return rows
