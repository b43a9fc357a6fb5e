"""The feature table: what a run has assembled goes in, in one transaction, and only where it is new or changed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from perennial.io.databases import Kept, begin_writing, describe, migrate, open_database, open_reader
from perennial.io.feature_tables import FEATURE_RUNS, FEATURES
from perennial.refusal import Refusal

HEAD = "0001"
"""The revision that this code reads and writes; the newest of `feature_migrations/versions`."""
MIGRATIONS = Path(__file__).parent / "feature_migrations"
KEPT = Kept("the feature table", MIGRATIONS, HEAD, "features_alembic_version", 1919247215)
WRITE_SECONDS = 300.0
AT_ONCE = 1000

Row = Mapping[str, Any]
_SEEN = sa.Table(
    "seen_decisions", sa.MetaData(), sa.Column("key", sa.String(200)), sa.Column("open", sa.Boolean), prefixes=["TEMP"]
)


@dataclass(frozen=True)
class Run:
    """What a run looked at: what is known at `as_of` of the decisions after `since` until `until` (None: all).

    A row is kept for `keep` after what it holds was known; None keeps all.
    """

    as_of: datetime
    since: datetime | None
    until: datetime | None
    keep: timedelta | None


@dataclass
class Tally:
    """How many rows a run found new, changed and as they were, and removed as withdrawn or too old."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    expired: int = 0


def open_features(url: str) -> sa.Engine:
    """Return an engine for the feature table, its tables brought up to date; raises Refusal where it cannot be."""
    engine = open_database(url, KEPT.name, WRITE_SECONDS)
    migrate(engine, KEPT)
    return engine


def open_stored(url: str) -> sa.Engine:
    """Return an engine that reads what is there and cannot write; raises Refusal where nothing is."""
    engine = open_reader(url, KEPT.name, WRITE_SECONDS)
    place = sa.make_url(url)
    if place.get_backend_name() == "sqlite" and not Path(str(place.database)).is_file():
        raise _refuse_absent(place)
    return engine


def _refuse_absent(place: sa.URL) -> Refusal:
    return Refusal(f"nothing is materialized at {place!r}: run `perennial materialize --as-of NOW`.")


def in_utc(instant: datetime | None) -> datetime | None:
    """Return an instant with its zone; SQLite keeps none."""
    if instant is None:
        return None
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


@contextmanager
def _said(engine: sa.Engine) -> Iterator[None]:
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        raise Refusal(f"{KEPT.name} at {engine.url!r} does not answer ({describe(error):.200}).") from None


def write_features(engine: sa.Engine, pieces: Iterable[Sequence[Row]], run: Run) -> Tally:
    """Bring the table up to a run, all of it or nothing, and return what that changed.

    A row has `key`, `decision_at`, `known_at` and `inputs` as the table, and `open`: whether its outcome is not known.
    Only open rows are written; the others stay as they were asked for. Raises Refusal when a later run is there.
    """
    tally = Tally()
    with _said(engine), begin_writing(engine, KEPT.lock) as connection:
        _refuse_earlier(connection, run)
        _SEEN.create(connection, checkfirst=False)
        for piece in pieces:
            for start in range(0, len(piece), AT_ONCE):
                _write_piece(connection, piece[start : start + AT_ONCE], tally)
        _settle(connection, run, tally)
        _SEEN.drop(connection, checkfirst=False)
        connection.execute(
            sa.insert(FEATURE_RUNS),
            {
                "as_of": run.as_of,
                "finished_at": datetime.now(UTC),
                "written": tally.new + tally.changed,
                "unchanged": tally.unchanged,
                "removed": tally.withdrawn + tally.expired,
            },
        )
    return tally


def _refuse_earlier(connection: sa.Connection, run: Run) -> None:
    last = in_utc(connection.scalar(newest_run()))
    if last is not None and run.as_of < last:
        raise Refusal(
            f"{KEPT.name} is already as of {last:%Y-%m-%dT%H:%M:%S}; {run.as_of:%Y-%m-%dT%H:%M:%S} is earlier and "
            "would take it back: give a later --as-of, or another place with --to."
        )


def _write_piece(connection: sa.Connection, piece: Sequence[Row], tally: Tally) -> None:
    connection.execute(sa.insert(_SEEN), [{"key": row["key"], "open": row["open"]} for row in piece])
    asked = [row for row in piece if row["open"]]
    stored = {row["key"]: row for row in _read_rows(connection, [row["key"] for row in asked])}
    fresh = [row for row in asked if row["key"] not in stored]
    changed = [row for row in asked if row["key"] in stored and not _same(row, stored[row["key"]])]
    now = datetime.now(UTC)
    told = ("key", "decision_at", "known_at", "inputs")
    if changed:
        connection.execute(sa.delete(FEATURES).where(FEATURES.c.key.in_([row["key"] for row in changed])))
    if fresh or changed:
        rows = [{**{name: row[name] for name in told}, "written_at": now} for row in (*fresh, *changed)]
        connection.execute(sa.insert(FEATURES), rows)
    tally.new, tally.changed = tally.new + len(fresh), tally.changed + len(changed)
    tally.unchanged += len(asked) - len(fresh) - len(changed)


def _same(row: Row, stored: Row) -> bool:
    return all(in_utc(row[name]) == in_utc(stored[name]) for name in ("decision_at", "known_at")) and bool(
        row["inputs"] == stored["inputs"]
    )


def _read_rows(connection: sa.Connection, keys: Sequence[str]) -> Sequence[Row]:
    found = connection.execute(sa.select(FEATURES).where(FEATURES.c.key.in_(keys)))
    return [dict(row) for row in found.mappings()]


def _settle(connection: sa.Connection, run: Run, tally: Tally) -> None:
    """Remove what the run should have seen and did not, and what is too old; date what it no longer confirms."""
    seen, at = sa.select(_SEEN.c.key), FEATURES.c.decision_at
    looked: sa.ColumnElement[bool] = sa.true()
    if run.until is not None:
        looked = sa.and_(at <= run.until, at > run.since) if run.since else at <= run.until
    gone = sa.delete(FEATURES).where(looked, FEATURES.c.key.not_in(seen))
    tally.withdrawn = connection.execute(gone).rowcount
    confirmed = seen.where(_SEEN.c.open.is_(True))
    before = connection.scalar(newest_run())
    if before is not None:
        left = sa.and_(FEATURES.c.known_at.is_(None), FEATURES.c.key.not_in(confirmed))
        connection.execute(sa.update(FEATURES).where(left).values(known_at=in_utc(before)))
    if run.keep is not None:
        old = sa.delete(FEATURES).where(FEATURES.c.known_at < run.as_of - run.keep)
        tally.expired = connection.execute(old).rowcount


def newest_run() -> Any:
    """Return the query of the instant that the last run was asked for."""
    return sa.select(FEATURE_RUNS.c.as_of).order_by(FEATURE_RUNS.c.number.desc()).limit(1)


def count_features(engine: sa.Engine) -> int:
    """Return how many rows are in the table."""
    with _said(engine), engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(FEATURES)) or 0


def read_features(engine: sa.Engine) -> Iterator[Sequence[Row]]:
    """Yield every row in pieces by key, instants with their zone; raises Refusal where there is no table to read."""
    with _said(engine), engine.connect() as connection:
        if not sa.inspect(connection).has_table(FEATURES.name):
            raise _refuse_absent(engine.url)
        found = connection.execution_options(yield_per=AT_ONCE).execute(sa.select(FEATURES).order_by(FEATURES.c.key))
        for piece in found.mappings().partitions():
            yield [{**row, **{name: in_utc(row[name]) for name in ("decision_at", "known_at")}} for row in piece]
