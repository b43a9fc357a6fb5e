"""Rows of a database server, through SQLAlchemy; only ever read."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from perennial.io.deadline import seconds_left
from perennial.io.retry import Transient
from perennial.refusal import Refusal

MISSING = "{name} needs its driver: {remedy}."
DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
INSTALL = {"postgresql+psycopg": "run `python3 requirements/install.py runtime postgres`"}
FOREVER = ("authentication failed", "does not exist", "no password supplied", "could not translate")
ALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}  # a line that is cut is noticed
LATE = "{path} did not answer in time: raise fetch.deadline_seconds, or ask for less."


def _engine(url: str, seconds: float) -> sa.Engine:
    # Its pool would print the traceback of a connection that is beyond mending.
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
    try:
        address = sa.make_url(url)
        if "@" in (address.host or ""):  # which whoever looks for that host would tell
            raise Refusal("the url of the database has an @ in its password: write it as %40.")
        name = DRIVERS.get(address.drivername, address.drivername)
        # Only this driver's words are known; whoever needs another gives its own in the url.
        options: dict[str, Any] = {"connect_timeout": max(1, round(seconds)), **ALIVE}
        return sa.create_engine(
            address.set(drivername=name),
            poolclass=sa.NullPool,
            connect_args=options if name == "postgresql+psycopg" else {},
            hide_parameters=True,
        )
    except ImportError as error:
        remedy = INSTALL.get(name, f"install the Python module {error.name} into .venv")
        raise Refusal(MISSING.format(name=f"{address.drivername}://", remedy=remedy)) from None
    except (sa.exc.ArgumentError, ValueError) as error:
        raise Refusal(f"the url of the database cannot be used ({error}): correct it.") from None


@contextmanager
def ask_server(
    url: str, asked: sa.TextClause, values: Mapping[str, Any], seconds: float
) -> Iterator[tuple[list[str], Iterator[Any]]]:
    """Yield the names and the rows of a query; Transient when the server is away, Refusal when it does not take it."""
    engine = _engine(url, seconds)
    place = f"{engine.url.host or 'the database'}:{engine.url.port or ''}".rstrip(":")
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                connection = connection.execution_options(postgresql_readonly=True)
                # Not when connecting, which poolers of connections refuse.
                connection.exec_driver_sql("SET TIME ZONE 'UTC'")
                # A little before the deadline here, so that the server ends it cleanly.
                connection.exec_driver_sql(f"SET statement_timeout = {int(seconds_left() * 900)}")
            found = connection.execution_options(stream_results=True, yield_per=10_000).execute(asked, dict(values))
            yield list(found.keys()), iter(found)
    except sa.exc.DBAPIError as error:
        words = " ".join(str(error.orig).split())[:300]
        if "statement timeout" in words or _is_cut(error):
            raise Refusal(LATE.format(path=place)) from None
        passing = isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError) or error.connection_invalidated
        if passing and not any(word in words for word in FOREVER):
            raise Transient(f"{place} does not answer ({words})") from None
        raise Refusal(f"{place} does not answer the query ({words}): correct the url or the query.") from None
    except sa.exc.SQLAlchemyError as error:
        raise Refusal(f"{place} does not answer the query ({error}): correct the url or the query.") from None
    finally:
        engine.dispose()


def _is_cut(error: BaseException) -> bool:
    """Tell whether a failure is that of cleaning up after the deadline had come."""
    before = error.__context__
    return before is not None and (isinstance(before, Refusal) or _is_cut(before))
