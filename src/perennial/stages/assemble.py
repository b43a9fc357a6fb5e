"""assemble: examples.sql over the valid sources, one row per decision, and the point-in-time audit."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from perennial.data.audit import Instants, choose_cuts, choose_whole_cuts, refuse_peeking, summarise_audit
from perennial.data.contract import Contract, column_of_role, inputs_of
from perennial.io.contract import read_contract
from perennial.io.engine import open_engine
from perennial.io.example_rules import check_examples
from perennial.io.examples import (
    Span,
    check_query,
    create_sources,
    find_first,
    plan_spans,
    refuse_undeclared,
    run_spans,
)
from perennial.io.files import replace_file, write_json
from perennial.io.params import read_params
from perennial.io.process import run_stage
from perennial.io.replay import Replay, read_instants, refuse_short_history, replay_cuts, replay_whole_cuts
from perennial.io.tables import read_arrow, verify_tables, write_batches
from perennial.io.warehouse import open_warehouse
from perennial.refusal import Refusal

PARAMS = (
    *("problem.as_of", "engine.memory_gb", "engine.workers", "engine.scheduler", "assemble.random_cuts"),
    *(
        "assemble.adversarial_cuts",
        "assemble.days",
        "assemble.window_hours",
        "assemble.lookback_days",
        "assemble.ahead_days",
        "assemble.seed",
    ),
    *("assemble.whole_cuts", "assemble.piece_days", "assemble.history_days"),
)
VALID, QUERY = "data/valid", "data/examples.sql"
NOT_AUDITABLE: dict[str, Any] = {"auditable": False, "passed": None, "cuts": [], "rows_compared": 0, "differences": []}


def read_query() -> str:
    """Return the text of examples.sql."""
    try:
        return Path(QUERY).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Refusal(f"{QUERY} is not there: it says how sources become one row per decision.") from None
    except UnicodeDecodeError as error:
        raise Refusal(f"{QUERY} is not UTF-8 ({error}): save it as UTF-8 text.") from None


def summarise(path: Path, contract: Contract) -> dict[str, Any]:
    """Return the facts of the examples in a file: rows, labelled rows, and how the others ended."""
    target, outcome = column_of_role(contract, "target"), column_of_role(contract, "outcome")
    examples = read_arrow(path, [name for name in (target, outcome) if name])
    facts: dict[str, Any] = {"rows": examples.num_rows, "columns": len(contract.examples)}
    facts["labelled"] = examples.num_rows - (examples[target].null_count if target else 0)
    if outcome:
        counts = examples[outcome].value_counts().to_pylist()
        facts["outcomes"] = {str(each["values"]): each["counts"] for each in counts}
    return facts


def plan(database: duckdb.DuckDBPyConnection, contract: Contract, p: dict[str, Any]) -> list[Span]:
    """Return the spans of time that are assembled one after the other."""
    as_of = np.datetime64(str(p["problem.as_of"]), "us")
    first = find_first(database, contract)
    if column_of_role(contract, "time") is None or first is None:
        return [Span(None, as_of)]
    history, ahead = p["assemble.history_days"], p["assemble.ahead_days"]
    return plan_spans(first, as_of, piece_days=p["assemble.piece_days"], history_days=history, ahead_days=ahead)


def main() -> None:
    """Run the stage."""
    p, contract, query = read_params(PARAMS), read_contract(), read_query()
    as_of, time = str(p["problem.as_of"]), column_of_role(contract, "time")
    replay = describe_replay(contract, query, p)
    for name in contract.sources:
        verify_tables(f"{VALID}/{name}")
    with replace_file("data/examples.parquet") as path:
        with open_warehouse(p["engine.memory_gb"], p["engine.workers"]) as database:
            check_query(database, contract, query)
            create_sources(database, contract, VALID)
            refuse_undeclared(database, contract, query, as_of)
            spans = plan(database, contract, p)
            write_batches(path, run_spans(database, contract, query, spans, as_of))
            refuse_short_history(database, replay, spans, p["assemble.history_days"])
            instants = read_instants(database, contract, "known")
        facts = summarise(path, contract)
        if facts["rows"] == 0:
            raise Refusal(f"{QUERY} yields no row until {as_of}: look at its joins or move problem.as_of later.")
        check_examples(path, inputs_of(contract))
        audit = NOT_AUDITABLE if time is None else run_audit(replay, path, spans, read_times(path, time), instants, p)
    write_json("metrics/assembly.json", facts)
    write_json("metrics/point_in_time.json", audit)


def read_times(path: Path, time: str) -> Instants:
    """Return the instants of the decisions in a file of examples."""
    return np.asarray(read_arrow(path, [time])[time].to_numpy(), dtype="datetime64[us]")


def describe_replay(contract: Contract, query: str, p: dict[str, Any]) -> Replay:
    """Return how time is replayed, as params say."""
    return Replay(
        contract,
        VALID,
        query,
        window_hours=p["assemble.window_hours"],
        lookback_days=p["assemble.lookback_days"],
        ahead_days=p["assemble.ahead_days"],
        history_days=p["assemble.history_days"],
        memory_gb=p["engine.memory_gb"],
        as_of=str(p["problem.as_of"]),
    )


def run_audit(
    replay: Replay,
    path: Path,
    spans: Sequence[Span],
    decisions: Instants,
    instants: Mapping[str, Instants],
    p: dict[str, Any],
) -> dict[str, Any]:
    """Replay time at the cuts and return the facts; raises Refusal when a feature peeks."""
    cuts = choose_cuts(
        decisions,
        instants,
        random=p["assemble.random_cuts"],
        adversarial=p["assemble.adversarial_cuts"],
        days=[str(day) for day in p["assemble.days"]],
        seed=p["assemble.seed"],
    )
    whole = choose_whole_cuts(decisions, p["assemble.whole_cuts"], p["assemble.seed"])
    with open_engine(p["engine.workers"], p["engine.scheduler"]) as engine:
        small = replace(replay, memory_gb=replay.memory_gb / engine.workers)
        rows, differences = replay_cuts(engine, small, [cut for _, cut in cuts])
        more, found = replay_whole_cuts(engine, small, path, spans, whole)
    refuse_peeking(differences + found, rows + more)
    every = [*cuts, *(("every decision before", cut) for cut in whole)]
    return summarise_audit(every, rows + more, sum(column.role == "input" for column in replay.contract.examples))


if __name__ == "__main__":
    run_stage(main)
