"""The decisions that wait for their outcome, assembled from the sources as they are now by the graph's own query."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from perennial.commands.moment import Moment
from perennial.data.contract import Contract, column_of_role, inputs_of
from perennial.io.contract import PATH as CONTRACT
from perennial.io.contract import read_contract
from perennial.io.examples import (
    DAY,
    Span,
    between_sql,
    check_query,
    create_sources,
    create_span,
    refuse_undeclared,
    run_examples,
)
from perennial.io.files import read_json, sha256_text, write_json
from perennial.io.tables import read_arrow, write_batches, write_table
from perennial.io.warehouse import open_warehouse
from perennial.stages.assemble import read_query
from perennial.stages.ingest import write_sources
from perennial.stages.validate import validate_sources

PARAMS = ("engine.memory_gb", "engine.workers", "assemble.history_days", "features.retention_days")
PROVEN = Path(".perennial/features/history.json")
"""Whether the history that features are said to need is enough, by query and contract."""
KINDS = ("raw", "valid", "quarantine")
SHOWN = 3


def assemble_coming(folder: Path, p: Mapping[str, Any], moment: Moment, *, whole: bool = False) -> Path:
    """Write what examples.sql yields of the decisions of a moment into `folder`; return the file.

    Only as much history is read as features look back, unless `whole`: that it is enough is proven once for a query
    and a contract, with twice as much. Raises Refusal where a source breaks a table rule, as the graph does; bad rows
    are printed and left out.
    """
    contract, query, days = read_contract(), read_query(), int(p["assemble.history_days"])
    mark = sha256_text(f"{query}\0{Path(CONTRACT).read_text(encoding='utf-8')}\0{days}")
    proven = read_json(PROVEN) if PROVEN.is_file() else {}
    if whole or moment.since is None or proven.get(mark) is False:
        return _assemble(folder, p, contract, query, moment)
    if proven.get(mark):
        return _assemble(folder, p, contract, query, moment, days)
    target = _assemble(folder, p, contract, query, moment, 2 * days)
    found = _find_short(folder, p, contract, query, moment, days)
    write_json(PROVEN, {mark: found is None})
    if found is None:
        return target
    print(f"{found} differs with twice the {days} days of assemble.history_days: all of history is read from now on.")
    return _assemble(folder, p, contract, query, moment)


def keep_open(examples: Path, target: Path) -> Path:
    """Write the key, the time and the inputs of those examples that have no label; return `target`."""
    contract = read_contract()
    label = column_of_role(contract, "target")
    named = [column_of_role(contract, role) for role in ("key", "time")]
    names = list(dict.fromkeys([*filter(None, named), *(column.name for column in inputs_of(contract))]))
    table = read_arrow(examples)
    write_table(target, (table.filter(table[label].is_null()) if label else table).select(names))
    return target


def _assemble(
    folder: Path, p: Mapping[str, Any], contract: Contract, query: str, moment: Moment, days: int | None = None
) -> Path:
    low = None if days is None or moment.since is None else moment.since - days * DAY
    target, as_of = folder / "examples.parquet", str(moment.as_of)
    for name in KINDS:
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir()
    raw, valid, quarantine = (folder / name for name in KINDS)
    with open_warehouse(p["engine.memory_gb"], p["engine.workers"]) as database:
        check_query(database, contract, query)
        manifest: dict[str, Any] = write_sources(database, contract, as_of, raw, folder, low)
        facts = validate_sources(database, contract, manifest, as_of, (raw, valid, quarantine))
    with open_warehouse(p["engine.memory_gb"], p["engine.workers"]) as database:
        create_sources(database, contract, str(valid))
        refuse_undeclared(database, contract, query, as_of)
        write_batches(target, _run(database, "known", contract, query, moment))
    _print_bad(facts)
    return target


def _run(
    database: duckdb.DuckDBPyConnection, schema: str, contract: Contract, query: str, moment: Moment
) -> pa.RecordBatchReader:
    time = column_of_role(contract, "time")
    condition = "true" if time is None or moment.until is None else between_sql(time, moment.since, moment.until)
    return run_examples(database, schema, query, contract.examples, condition, str(moment.as_of))


def _find_short(
    folder: Path, p: Mapping[str, Any], contract: Contract, query: str, moment: Moment, days: int
) -> str | None:
    """Return the first input of what was assembled that is another one with `days` of history, in any bit; or None."""
    full = read_arrow(folder / "examples.parquet")
    low = None if moment.since is None else moment.since - days * DAY
    with open_warehouse(p["engine.memory_gb"], p["engine.workers"]) as database:
        create_sources(database, contract, str(folder / "valid"))
        create_span(database, contract, Span(moment.since, moment.until or moment.as_of, low))
        short = _run(database, "span", contract, query, moment).read_all()
    names = [str(column_of_role(contract, "key")), *(column.name for column in inputs_of(contract))]
    return next((name for name in names if not full[name].combine_chunks().equals(short[name].combine_chunks())), None)


def _print_bad(facts: Mapping[str, Any]) -> None:
    for name, each in facts.items():
        if each["bad"]:
            worst = ", ".join(f"{rule} ({count:,})" for rule, count in list(each["reasons"].items())[:SHOWN])
            print(f"{name}: {each['bad']:,} of {each['rows']:,} rows are left out: {worst}")
