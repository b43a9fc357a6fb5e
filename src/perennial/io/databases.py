"""SQLite and PostgreSQL by their URL: engines that answer in time, and tables brought up to date."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from perennial.refusal import Refusal

WAIT_SECONDS = 3
_NOWHERE = (None, "", ":memory:")


@dataclass(frozen=True)
class Kept:
    """Tables of one kind: their name in a sentence, who migrates them to which revision, and who waits for whom."""

    name: str
    migrations: Path
    head: str
    version_table: str
    lock: int


def _tune_sqlite(connection: Any, _record: Any) -> None:
    with closing(connection.cursor()) as cursor:
        cursor.execute("PRAGMA journal_mode=WAL")
        # FULL: a commit is on the disk, not only out of our hands, before the caller sees his answer.
        cursor.execute("PRAGMA synchronous=FULL")


def parse_url(url: str, name: str) -> sa.URL:
    """Return the parsed address of what `name` says; raises Refusal when it is neither SQLite nor PostgreSQL."""
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise Refusal(f"the address of {name} is no URL: give sqlite:///FILE or postgresql+psycopg://…") from None
    if "@" in (parsed.host or ""):  # which whoever looks for that host would tell
        raise Refusal(f"the address of {name} has an @ in its password: write it as %40.")
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise Refusal(f"{name} is in {parsed.get_backend_name()}: give sqlite:///FILE or postgresql+psycopg://…")
    return parsed


def absolute_url(url: str, name: str = "the log") -> str:
    """Return the address with the path of a SQLite file made absolute; a password stays in it."""
    parsed = parse_url(url, name)
    if parsed.get_backend_name() != "sqlite" or parsed.database in _NOWHERE:
        return url
    return parsed.set(database=str(Path(str(parsed.database)).absolute())).render_as_string(hide_password=False)


def refuse_memory(parsed: sa.URL, name: str) -> None:
    """Raise Refusal at an address of SQLite that names no file."""
    if parsed.database in _NOWHERE:
        raise Refusal(f"{name} would be in memory and lost: give sqlite:///FILE.")


def _open_postgres(parsed: sa.URL, name: str, settings: str, ping: bool) -> sa.Engine:
    options = {"connect_timeout": WAIT_SECONDS, "options": settings}
    try:
        return sa.create_engine(parsed, connect_args=options, pool_pre_ping=ping, hide_parameters=True)
    except ModuleNotFoundError as error:
        raise Refusal(
            f"{error.name} is not installed, which {name} in PostgreSQL needs: install requirements/postgres.txt."
        ) from None


def open_database(url: str, name: str, seconds: float = WAIT_SECONDS) -> sa.Engine:
    """Return an engine whose statements end within `seconds`; nothing is connected yet.

    Raises Refusal at an address that cannot be meant.
    """
    parsed = parse_url(url, name)
    if parsed.get_backend_name() == "sqlite":
        refuse_memory(parsed, name)
        engine = sa.create_engine(parsed, connect_args={"timeout": WAIT_SECONDS}, hide_parameters=True)
        sa.event.listen(engine, "connect", _tune_sqlite)
        return engine
    return _open_postgres(parsed, name, f"-c statement_timeout={seconds * 1000:.0f}", ping=True)


def open_reader(url: str, name: str, seconds: float = WAIT_SECONDS) -> sa.Engine:
    """Return an engine that cannot write, and asks nothing but what it is asked; as `open_database` otherwise."""
    parsed = parse_url(url, name)
    if parsed.get_backend_name() == "sqlite":
        refuse_memory(parsed, name)
        place = Path(str(parsed.database)).absolute().as_uri()
        address = sa.URL.create("sqlite", database=place, query={"mode": "ro", "uri": "true"})
        return sa.create_engine(address, connect_args={"timeout": seconds}, hide_parameters=True)
    settings = f"-c statement_timeout={seconds * 1000:.0f} -c default_transaction_read_only=on"
    return _open_postgres(parsed, name, settings, ping=False)


@contextmanager
def begin_writing(engine: sa.Engine, lock: int) -> Iterator[sa.Connection]:
    """Yield a connection in a transaction that no other writer with the same `lock` runs beside."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({lock})")
        yield connection


def read_revision(engine: sa.Engine, version_table: str) -> str | None:
    """Return the revision of the tables that are there, None before the first."""
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table(version_table):
            return None
        revision: str | None = connection.scalar(sa.text(f"SELECT version_num FROM {version_table}"))
        return revision


def _run_migrations(engine: sa.Engine, kept: Kept) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(kept.migrations))
    with begin_writing(engine, kept.lock) as connection:  # two may start at once
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _probe_writing(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql(
            "BEGIN IMMEDIATE" if engine.dialect.name == "sqlite" else "SET TRANSACTION READ WRITE"
        )
        connection.rollback()


def migrate(engine: sa.Engine, kept: Kept) -> None:
    """Bring the tables to this code's revision.

    Raises Refusal when they are a newer release's, out of reach, or may not be written.
    """
    place = f"{kept.name} at {engine.url!r}"
    try:
        if engine.dialect.name == "sqlite":
            Path(str(engine.url.database)).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = read_revision(engine, kept.version_table)
        if found is not None and found > kept.head:
            raise Refusal(f"{kept.name} has the tables of a newer release ({found}, not {kept.head}): serve that one.")
        if found != kept.head:
            _run_migrations(engine, kept)
        _probe_writing(engine)
    except sa.exc.SQLAlchemyError as error:
        raise Refusal(f"{place} cannot be opened ({describe(error):.200}).") from None
    except OSError as error:
        raise Refusal(f"{place} cannot be made ({error.strerror}).") from None


def describe(error: Exception) -> str:
    """Return what a database said, in one line, without the statement and its values."""
    return " ".join(str(getattr(error, "orig", None) or error).split())
