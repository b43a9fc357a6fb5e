"""Rows of a declared source, whatever its kind: asked again while it is down, without a word of its credentials."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import pandas as pd

from perennial.data.fetching import Fetch
from perennial.extensions import add_extensions, load_extensions
from perennial.io.adoption import read_files
from perennial.io.credentials import fill_in, hide, read_variables
from perennial.io.deadline import end_within
from perennial.io.fetch_added import ask_added
from perennial.io.fetch_http import download, probe_json, read_pages
from perennial.io.fetch_s3 import download_objects
from perennial.io.fetch_sql import SCHEMES, count_sql, read_sql
from perennial.io.json_rows import find_next, find_records
from perennial.io.retry import Again, attempt
from perennial.io.scratch import scratch_folder
from perennial.refusal import Refusal

LEAVES = ("fetch.timeout_seconds", "fetch.attempts", "fetch.wait_seconds", "fetch.deadline_seconds")
SUFFIXES = {
    "text/csv": ".csv",
    "application/json": ".json",
    "application/x-ndjson": ".jsonl",
    "application/vnd.apache.parquet": ".parquet",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}
T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """How a source is waited for: the silence that ends an attempt, the end of all, and how it is asked again."""

    seconds: float
    deadline: float
    again: Again


def read_patience(params: Mapping[str, Any]) -> Patience:
    """Return the patience that params.yaml gives by the leaves `LEAVES`."""
    again = partial(attempt, attempts=params["fetch.attempts"], wait_seconds=params["fetch.wait_seconds"])
    return Patience(params["fetch.timeout_seconds"], params["fetch.deadline_seconds"], again)


def _read_database(fetch: Fetch, as_of: datetime, since: Any, patience: Patience) -> pd.DataFrame:
    frame: pd.DataFrame = patience.again(partial(read_sql, fetch, as_of=as_of, since=since, seconds=patience.seconds))
    return frame


def _read_web(fetch: Fetch, as_of: datetime, since: Any, patience: Patience) -> pd.DataFrame:
    if fetch.records is not None or fetch.pages:
        return read_pages(fetch, as_of=as_of, since=since, seconds=patience.seconds, again=patience.again)
    with scratch_folder("fetched") as folder:
        path, kind = patience.again(partial(download, fetch, folder, as_of=as_of, seconds=patience.seconds))
        suffix = SUFFIXES.get(kind.split(";")[0].strip(), "")
        path = path if path.suffix else path.rename(path.with_name(path.name + suffix))
        return read_files([path], fetch.sheet, fetch.encoding)


def _read_bucket(fetch: Fetch, as_of: datetime, since: Any, patience: Patience) -> pd.DataFrame:
    with scratch_folder("fetched") as folder:
        files = patience.again(partial(download_objects, fetch, folder, seconds=patience.seconds))
        return read_files(files, fetch.sheet, fetch.encoding)


Reader = Callable[[Fetch, datetime, Any, Patience], pd.DataFrame]
READERS: dict[str, Reader] = {
    **dict.fromkeys(SCHEMES, _read_database),
    **dict.fromkeys(("http", "https"), _read_web),
    "s3": _read_bucket,
}
"""The kinds of source: the scheme of their urls, and who reads their rows as text cells."""


def _scheme(url: str) -> str:
    return url.split("://")[0].split("+")[0]


def is_remote(address: str) -> bool:
    """Tell whether an address is a url that is fetched, or named by the environment, rather than a path."""
    return "://" in address or address.startswith("${")


def may_be_database(address: str) -> bool:
    """Tell whether an address is the url of a database, or one that the environment names."""
    return address.startswith("${") or ("://" in address and _scheme(address) in SCHEMES)


def _find_reader(url: str) -> Reader:
    added = {
        name.replace("_", "-"): partial(_read_added, name, kind) for name, kind in load_extensions("sources").items()
    }
    readers: dict[str, Reader] = add_extensions(READERS, added, "sources")
    if _scheme(url) not in readers:
        raise Refusal(f"{_scheme(url)}:// is not read: give a path, or a url of {', '.join(readers)}.")
    return readers[_scheme(url)]


def _read_added(
    name: str, kind: Callable[..., Any], fetch: Fetch, as_of: datetime, since: Any, patience: Patience
) -> pd.DataFrame:
    def ask() -> pd.DataFrame:
        with scratch_folder("fetched") as folder:
            files = ask_added(name, kind, fetch, folder, as_of=as_of, since=since, seconds=patience.seconds)
            return read_files(files, fetch.sheet, fetch.encoding)

    frame: pd.DataFrame = patience.again(ask)
    return frame


def read_remote(fetch: Fetch, *, as_of: datetime, since: Any, patience: Patience) -> pd.DataFrame:
    """Return the rows of a source as text cells, from `since` on where that is not None.

    Raises Down when it does not answer, Refusal when it answers with something else; neither names a credential.
    """
    return guarded(fetch, patience, lambda filled: _find_reader(filled.url)(filled, as_of, since, patience))


def count_remote(fetch: Fetch, *, as_of: datetime, since: Any, patience: Patience) -> int | None:
    """Return how many rows a database has now, from `since` on where its query says that; None for other kinds."""

    def count(filled: Fetch) -> int | None:
        if _scheme(filled.url) not in SCHEMES:
            return None
        found: int | None = patience.again(
            partial(count_sql, filled, as_of=as_of, since=since, seconds=patience.seconds)
        )
        return found

    return guarded(fetch, patience, count)


def discover(fetch: Fetch, *, as_of: datetime, patience: Patience) -> Fetch:
    """Return a declaration that says where the rows and the next page are, where an address answers with JSON."""

    def look(filled: Fetch) -> Fetch:
        found = None
        if _scheme(filled.url) in ("http", "https") and filled.records is None and not filled.sha256:
            found = patience.again(partial(probe_json, filled, as_of=as_of, seconds=patience.seconds))
        if found is None:
            return fetch
        body, linked = found
        following = find_next(body)
        pages = {"next": following} if following else {"link": True} if linked else {}
        return replace(fetch, records=find_records(body) or "", pages=fetch.pages or pages)

    return guarded(fetch, patience, look)


def guarded(fetch: Fetch, patience: Patience, call: Callable[[Fetch], T]) -> T:
    """Return what `call` gives for a declaration with its credentials put in; no refusal tells one of them."""
    variables = read_variables(fetch)
    try:
        with end_within(patience.deadline, "the fetch", "fetch.deadline_seconds"):
            return call(fill_in(fetch, variables))
    except Refusal as refusal:
        # Every sentence about a source passes here, so that none tells a credential.
        raise type(refusal)(hide(str(refusal), fetch, variables)) from None
