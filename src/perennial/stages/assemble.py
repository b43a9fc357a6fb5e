"""assemble: examples.sql over the valid sources, one row per decision, and the point-in-time audit."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from perennial.data.audit import Instants, choose_cuts, refuse_peeking, summarise_audit
from perennial.data.contract import Contract, column_of_role, inputs_of
from perennial.io.contract import read_contract
from perennial.io.engine import open_engine
from perennial.io.examples import check_examples
from perennial.io.files import replace_file, write_json
from perennial.io.params import read_params
from perennial.io.process import run_stage
from perennial.io.replay import Replay, create_sources, read_instants, replay_cuts, run_examples
from perennial.io.tables import read_arrow, write_batches
from perennial.io.warehouse import open_warehouse
from perennial.refusal import Refusal

PARAMS = (
    *("problem.as_of", "engine.memory_gb", "engine.workers", "engine.scheduler", "assemble.random_cuts"),
    *("assemble.adversarial_cuts", "assemble.days", "assemble.window_hours", "assemble.lookback_days", "assemble.seed"),
)
VALID, QUERY = "data/valid", "data/examples.sql"
NOT_AUDITABLE: dict[str, Any] = {"auditable": False, "passed": None, "cuts": [], "rows_compared": 0, "differences": []}


def read_query() -> str:
    """Return the text of examples.sql."""
    try:
        return Path(QUERY).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Refusal(f"{QUERY} is not there: it says how sources become one row per decision.") from None


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


def main() -> None:
    """Run the stage."""
    p, contract, query = read_params(PARAMS), read_contract(), read_query()
    as_of, time = str(p["problem.as_of"]), column_of_role(contract, "time")
    condition = f"\"{time}\" <= TIMESTAMP '{as_of}'" if time else "true"
    with replace_file("data/examples.parquet") as path:
        with open_warehouse(p["engine.memory_gb"], p["engine.workers"]) as database:
            create_sources(database, contract, VALID)
            write_batches(path, run_examples(database, "known", query, contract.examples, condition, as_of))
            instants = read_instants(database, contract, "known")
        facts = summarise(path, contract)
        if facts["rows"] == 0:
            raise Refusal(f"{QUERY} yields no row until {as_of}: look at its joins or move problem.as_of later.")
        check_examples(path, inputs_of(contract))
        audit = NOT_AUDITABLE if time is None else run_audit(contract, query, read_times(path, time), instants, p)
    write_json("metrics/assembly.json", facts)
    write_json("metrics/point_in_time.json", audit)


def read_times(path: Path, time: str) -> Instants:
    """Return the instants of the decisions in a file of examples."""
    return np.asarray(read_arrow(path, [time])[time].to_numpy(), dtype="datetime64[us]")


def run_audit(
    contract: Contract, query: str, decisions: Instants, instants: Mapping[str, Instants], p: dict[str, Any]
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
    window, lookback = p["assemble.window_hours"], p["assemble.lookback_days"]
    with open_engine(p["engine.workers"], p["engine.scheduler"]) as engine:
        memory = p["engine.memory_gb"] / engine.workers
        replay = Replay(contract, VALID, query, window, lookback, memory)
        rows, differences = replay_cuts(engine, replay, [cut for _, cut in cuts])
    refuse_peeking(differences, rows)
    return summarise_audit(cuts, rows, sum(column.role == "input" for column in contract.examples))


if __name__ == "__main__":
    run_stage(main)
