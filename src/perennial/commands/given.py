"""The tables that `perennial adopt` was given: read, named, and how each is fetched again."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from perennial.adoption.joining import Joined
from perennial.adoption.names import row_name
from perennial.adoption.plan import TablePlan
from perennial.commands.declaring import declare_fetch, pair_queries
from perennial.commands.fetch import PARAMS
from perennial.data.fetching import Fetch
from perennial.io.adoption import read_cells_of
from perennial.io.fetch import discover, read_patience, read_remote
from perennial.io.params import read_params
from perennial.io.snapshot import EARLIEST
from perennial.refusal import Refusal


@dataclass(frozen=True)
class Given:
    """A table that was given: its name, how it is fetched (None for files here), its rows as text cells."""

    name: str
    address: str
    declared: Fetch | None
    frame: pd.DataFrame


def name_table(address: str, query: str | None = None) -> str:
    """Return the name of a table, as a plain word: that of its file, or the one its query names first."""
    named = re.search(r'\bfrom\s+([\w."]+)', query or "", re.IGNORECASE)
    path = named[1].replace(".", "/").replace('"', "") if named else address.split("?")[0].rstrip("/")
    stem = Path(path).name.split(".")[0]
    word = re.sub(r"\W+", "_", stem, flags=re.ASCII).strip("_").lower() or "table"
    return f"t_{word}" if word[0].isdigit() else word


def read_given(arguments: argparse.Namespace) -> list[Given]:
    """Return the given tables, the first of which holds the decisions; raises Refusal when two have one name."""
    given: list[Given] = []
    for address, query in pair_queries(arguments.sources, arguments.query or ()):
        name, declared = name_table(address, query), declare_fetch(arguments, address, query)
        if name in [each.name for each in given]:
            raise Refusal(
                f"two sources are called {name}: rename a file, or adopt a folder for the parts of one table."
            )
        if declared is None:
            given.append(Given(name, address, None, read_cells_of(address, arguments.sheet, arguments.encoding)))
        else:
            first = replace(declared, watermark=arguments.watermark) if not given else declared
            given.append(Given(name, address, *fetch_cells(first)))
    return given


def fetch_cells(declared: Fetch) -> tuple[Fetch, pd.DataFrame]:
    """Return the declaration with what its answer told of itself, and the rows as text cells."""
    patience, now = read_patience(read_params(PARAMS)), datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    declared = discover(declared, as_of=now, patience=patience)
    since = EARLIEST["datetime"] if ":since" in (declared.query or "") else None
    return declared, read_remote(declared, as_of=now, since=since, patience=patience)


def complete_fetches(plan: TablePlan, given: Sequence[Given], joined: Sequence[Joined]) -> dict[str, Fetch]:
    """Return how each table is written, with what the plan has found: months, rows to be named, forms of cells."""
    forms = {column.name: column.form for column in plan.columns if column.form}
    elsewhere = {each.name: each.columns for each in joined}
    found = {}
    for each in given:
        declared = each.declared or Fetch(each.address)
        names = elsewhere.get(each.name)
        if names is None:
            own = {name: form for name, form in forms.items() if not any(name in j.columns.values() for j in joined)}
            named = None if plan.key else row_name(plan)
            found[each.name] = replace(declared, months=plan.time, numbered=named, formats=own)
        else:
            own = {old: forms[new] for old, new in names.items() if new in forms}
            found[each.name] = replace(declared, formats=own)
    return found


def allow_gaps(plan: TablePlan, joined: Sequence[Joined]) -> TablePlan:
    """Return the plan with every joined column nullable: a later decision may find no row there."""
    elsewhere = {name for each in joined for name in each.columns.values()}
    columns = tuple(replace(c, nullable=True) if c.name in elsewhere else c for c in plan.columns)
    return replace(plan, columns=columns)


def leave_out_watermark(plan: TablePlan, watermark: str) -> TablePlan:
    """Return the plan without the watermark as an input: it moves when a row is corrected, also after its outcome.

    Raises Refusal when the table has no such column, or no key by which a corrected row is found again.
    """
    if watermark not in [column.name for column in plan.columns]:
        raise Refusal(f"--watermark {watermark}: the table has no such column.")
    if plan.key is None:
        raise Refusal(f"--watermark {watermark}: the table has no key, so a corrected row cannot be found; say --key.")
    reason = "the watermark: it moves whenever the row is changed"
    left = [
        replace(column, role="ignored", reason=reason)
        if column.name == watermark and column.role in ("input", "ignored")
        else column
        for column in plan.columns
    ]
    return replace(plan, columns=tuple(left))
