"""Time replayed: examples.sql on what was known at a cut, against what it yields when the future is there."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from perennial.data.audit import Difference, Instants, compare_features, group_cuts
from perennial.data.contract import Contract, column_of_role, is_static
from perennial.data.point_in_time import mask_sql, quote
from perennial.io.engine import Engine
from perennial.io.examples import DAY, Span, between_sql, create_sources, limit_sql, run_examples, run_span
from perennial.io.warehouse import open_warehouse
from perennial.refusal import Refusal

TOGETHER = 10  # cuts that are replayed at once: more spare planning, fewer keep every worker busy to the end


@dataclass(frozen=True)
class Replay:
    """How time is replayed near a cut: the decisions of the `window_hours` before it are compared.

    Both runs see the sources from `lookback_days` before the cut until `ahead_days` after it, which makes a cut cheap.
    What such a short memory hides is found at the whole cuts, which hide nothing but the future.
    """

    contract: Contract
    folder: str
    query: str
    window_hours: int
    lookback_days: int
    ahead_days: int
    history_days: int
    memory_gb: float
    as_of: str


@dataclass(frozen=True)
class Whole:
    """A whole cut: every decision of a span until `cut`, as written to `examples`, against the masked sources."""

    replay: Replay
    examples: Path
    span: Span
    cut: np.datetime64


def _roles(contract: Contract) -> tuple[str, str, list[str]]:
    time, key = (str(column_of_role(contract, role)) for role in ("time", "key"))
    return time, key, [c.name for c in contract.examples if c.role == "input"]


def _create_tables(connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Create the tables that every near cut fills anew; static sources are filled once."""
    for schema in ("near", "cut"):
        connection.execute(f"CREATE SCHEMA {schema}")
        for source in contract.sources.values():
            name, rows = quote(source.name), "" if is_static(source) else " LIMIT 0"
            connection.execute(f"CREATE TABLE {schema}.{name} AS SELECT * FROM known.{name}{rows}")


def _fill_tables(connection: duckdb.DuckDBPyConnection, replay: Replay, cuts: Sequence[np.datetime64]) -> None:
    for source in replay.contract.sources.values():
        if is_static(source):
            continue
        name = quote(source.name)
        connection.execute(f"DELETE FROM near.{name}; DELETE FROM cut.{name}")
        for cut in cuts:
            seen = limit_sql(source, cut - replay.lookback_days * DAY, cut + replay.ahead_days * DAY)
            connection.execute(f"INSERT INTO near.{name} {seen}")
            masked = mask_sql(source, f"TIMESTAMP '{cut}'", f"({seen})")
            connection.execute(f"INSERT INTO cut.{name} {masked}")


def _compare_near(
    connection: duckdb.DuckDBPyConnection, replay: Replay, cuts: Sequence[np.datetime64]
) -> list[tuple[int, list[Difference]]]:
    """Return for each of some cuts that lie apart how many decisions were compared, and what differed."""
    time, key, inputs = _roles(replay.contract)
    _fill_tables(connection, replay, cuts)
    sinces = [cut - np.timedelta64(replay.window_hours, "h") for cut in cuts]
    windows = [between_sql(time, since, cut) for since, cut in zip(sinces, cuts, strict=True)]
    condition = " OR ".join(f"({window})" for window in windows)
    full, masked = (
        run_examples(connection, schema, replay.query, replay.contract.examples, condition, as_of).read_pandas()
        # A feature that reads the clock must not tell the run that is written from one that was asked earlier: the
        # earliest cut stands for all, so that none is asked later than by itself.
        for schema, as_of in (("near", replay.as_of), ("cut", str(min(cuts))))
    )
    results = []
    for since, cut in zip(sinces, cuts, strict=True):
        left, right = (frame[(frame[time] > since) & (frame[time] <= cut)] for frame in (full, masked))
        results.append((len(left), compare_features(left, right, key=key, columns=inputs, cut=str(cut)[:16])))
    return results


def replay_piece(piece: tuple[Replay, Sequence[np.datetime64]]) -> tuple[int, list[Difference]]:
    """Return how many decisions were compared at some cuts, and what differed; what the engine maps in the audit.

    Planning the query costs more than running it on a few days, so cuts further apart than features look back are
    replayed together. A feature that looks back further sees what an earlier cut has hidden: what differs is looked
    at again by itself.
    """
    replay, cuts = piece
    with open_warehouse(replay.memory_gb, 1) as connection:
        create_sources(connection, replay.contract, replay.folder)
        _create_tables(connection, replay.contract)
        results = _compare_near(connection, replay, cuts)
        doubted = [cut for cut, (_, found) in zip(cuts, results, strict=True) if found] if len(cuts) > 1 else []
        alone = {cut: _compare_near(connection, replay, [cut])[0] for cut in doubted}
    results = [alone.get(cut, result) for cut, result in zip(cuts, results, strict=True)]
    return sum(rows for rows, _ in results), [one for _, found in results for one in found]


def replay_cuts(engine: Engine, replay: Replay, cuts: Sequence[np.datetime64]) -> tuple[int, list[Difference]]:
    """Return how many decisions were compared, and what differed between the full run and the masked ones."""
    before = max(replay.lookback_days * DAY, replay.history_days * DAY, np.timedelta64(replay.window_hours, "h"))
    groups = group_cuts(cuts, before + replay.ahead_days * DAY, TOGETHER)
    results = engine.map(replay_piece, [(replay, group) for group in groups], label="point-in-time audit")
    found = sorted((one for _, found in results for one in found), key=lambda one: one.cut)
    return sum(rows for rows, _ in results), found


def _create_masked(connection: duckdb.DuckDBPyConnection, whole: Whole) -> None:
    connection.execute("CREATE SCHEMA masked")
    for source in whole.replay.contract.sources.values():
        limited = f"({limit_sql(source, whole.span.low, whole.span.high)})"
        masked = mask_sql(source, f"TIMESTAMP '{whole.cut}'", limited)
        connection.execute(f"CREATE VIEW masked.{quote(source.name)} AS {masked}")


def replay_whole(whole: Whole) -> tuple[int, list[Difference]]:
    """Return how many decisions were compared at a whole cut, and what differed."""
    contract, query = whole.replay.contract, whole.replay.query
    time, key, inputs = _roles(contract)
    condition = between_sql(time, whole.span.since, whole.cut)
    with open_warehouse(whole.replay.memory_gb, 1) as connection:
        create_sources(connection, contract, whole.replay.folder)
        _create_masked(connection, whole)
        masked = run_examples(connection, "masked", query, contract.examples, condition, str(whole.cut)).read_pandas()
        names = ", ".join(map(quote, (key, *inputs)))
        written = f"SELECT {names} FROM read_parquet('{whole.examples}') WHERE {condition}"
        full = connection.sql(written).to_arrow_table().to_pandas()
    return len(full), compare_features(full, masked, key=key, columns=inputs, cut=str(whole.cut)[:16])


def replay_whole_cuts(
    engine: Engine, replay: Replay, examples: Path, spans: Sequence[Span], cuts: Sequence[np.datetime64]
) -> tuple[int, list[Difference]]:
    """Return how many decisions were compared at whole cuts, and what differed."""
    around = [next(span for span in spans if cut <= span.until or span is spans[-1]) for cut in cuts]
    pieces = [Whole(replay, examples, span, cut) for span, cut in zip(around, cuts, strict=True)]
    results = engine.map(replay_whole, pieces, label="every decision before")
    return sum(rows for rows, _ in results), [one for _, found in results for one in found]


def refuse_short_history(
    connection: duckdb.DuckDBPyConnection, replay: Replay, spans: Sequence[Span], history_days: int
) -> None:
    """Raise Refusal when the first day of the last span changes with twice the history."""
    span = spans[-1]
    if len(spans) == 1 or span.since is None or span.low is None:
        return
    _, key, inputs = _roles(replay.contract)
    until = min(span.since + DAY, span.until)
    frames: list[pd.DataFrame] = []
    for low in (span.low, span.low - history_days * DAY):
        day = Span(span.since, until, low, span.high)
        frames.append(run_span(connection, replay.contract, replay.query, day, str(span.until)).read_pandas())
    for one in compare_features(frames[1], frames[0], key=key, columns=inputs, cut=str(until)[:16]):
        raise Refusal(
            f"assemble.history_days is {history_days}, but `{one.column}` of {one.key} is {one.full} with twice the "
            f"history and {one.masked} without: raise it, or set assemble.piece_days to null."
        )


def read_instants(connection: duckdb.DuckDBPyConnection, contract: Contract, schema: str) -> dict[str, Instants]:
    """Return the instants at which something becomes known, by the name of the column that holds them."""
    found: dict[str, Instants] = {}
    for source in contract.sources.values():
        every = (*source.columns, *source.derived)
        named = {column.known_at for column in every}
        for column in every:
            if column.dtype == "datetime" and column.name in named:
                table = f"{schema}.{quote(source.name)}"
                query = f"SELECT DISTINCT {quote(column.name)} AS v FROM {table} WHERE v IS NOT NULL ORDER BY v"
                values = connection.sql(query).to_arrow_table()["v"].to_numpy()
                found[f"{source.name}.{column.name}"] = values.astype("datetime64[us]")
    return found
