"""`perennial adopt`: somebody's table becomes the problem of this repository."""

import argparse
import re
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import yaml

from perennial.adoption.documents import plan_params, read_out, render_contract, render_query, row_name
from perennial.adoption.plan import TablePlan, Wishes, plan_table
from perennial.commands import Add
from perennial.commands.declaring import add_fetch_options, declare_fetch
from perennial.commands.fetch import PARAMS, build, keep_built
from perennial.commands.graph import write_graph
from perennial.data.contract import Source, parse_contract
from perennial.data.fetching import SNAPSHOTS, Fetch, describe_fetch
from perennial.io.adoption import read_cells_of, refuse_dirty_tree, set_params, write_snapshot
from perennial.io.champion import forget_released
from perennial.io.contract import read_contract
from perennial.io.fetch import discover, read_patience, read_remote
from perennial.io.files import write_text
from perennial.io.params import read_params
from perennial.io.scratch import scratch_folder
from perennial.io.snapshot import EARLIEST
from perennial.refusal import Refusal


def name_table(address: str, query: str | None = None) -> str:
    """Return the name of a table, as a plain word: that of its file, or the one its query names first."""
    named = re.search(r'\bfrom\s+([\w."]+)', query or "", re.IGNORECASE)
    path = named[1].replace(".", "/").replace('"', "") if named else address.split("?")[0].rstrip("/")
    stem = Path(path).name.split(".")[0]
    word = re.sub(r"\W+", "_", stem, flags=re.ASCII).strip("_").lower() or "table"
    return f"t_{word}" if word[0].isdigit() else word


def adopt(arguments: argparse.Namespace) -> None:
    """Propose what a table is, say why, and write it down as contract, query and params."""
    if not arguments.dry_run:
        refuse_dirty_tree()
    wishes = Wishes(arguments.target, arguments.task, arguments.time, arguments.group, arguments.key)
    declared = declare_fetch(arguments)
    declared, frame = fetch_cells(declared) if declared else (None, read_cells_of(arguments.source, arguments.sheet))
    plan = plan_table(frame, name_table(arguments.source, arguments.query), wishes)
    plan = leave_out_watermark(plan, declared.watermark) if declared and declared.watermark else plan
    print("\n".join(read_out(plan)))
    if arguments.dry_run:
        print("nothing is written (--dry-run)")
        return
    if not arguments.yes:
        refuse_unasked(arguments.source)
    if is_adopted(plan, declared is not None):
        refresh_data(plan, declared, frame)
        print("the table is adopted already: only data/source and problem.as_of are new; `make repro` reruns the rest.")
        return
    write_plan(plan, declared and complete_fetch(declared, plan), frame)
    print("written: data/contract.yaml, data/examples.sql, params.yaml, data/source.dvc; `git diff` shows it.")
    if declared:
        print(f"`perennial fetch {plan.name}` fetches it again.")
    print("Say in params.yaml what the decision costs; then `make repro`.")


def fetch_cells(declared: Fetch) -> tuple[Fetch, pd.DataFrame]:
    """Return the declaration with what its answer told of itself, and the rows as text cells."""
    patience, now = read_patience(read_params(PARAMS)), datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    declared = discover(declared, as_of=now, patience=patience)
    since = EARLIEST["datetime"] if ":since" in (declared.query or "") else None
    return declared, read_remote(declared, as_of=now, since=since, patience=patience)


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


def complete_fetch(declared: Fetch, plan: TablePlan) -> Fetch:
    """Return the declaration with what the plan has found: the months, the numbering, the forms of cells."""
    return replace(
        declared,
        months=plan.time,
        numbered=None if plan.key else row_name(plan),
        formats={column.name: column.form for column in plan.columns if column.form},
    )


def is_adopted(plan: TablePlan, fetched: bool) -> bool:
    """Tell whether the contract speaks of this table already, with the same columns, from the same kind of place."""
    source = read_contract().sources.get(plan.name)
    names = [row_name(plan)] * (plan.key is None) + [column.name for column in plan.columns]
    if source is None or fetched != (source.fetch is not None):
        return False
    return [column.name for column in source.columns] == names


def refresh_data(plan: TablePlan, declared: Fetch | None, frame: pd.DataFrame) -> None:
    """Write the snapshot anew; what was declared of it, by us or by hand, stays.

    Raises Refusal when it is fetched from elsewhere than the contract says.
    """
    source = read_contract().sources[plan.name]
    if declared is not None and source.fetch is not None:
        if (declared.url, declared.query) != (source.fetch.url, source.fetch.query):
            raise Refusal(
                f"data/contract.yaml fetches {plan.name} by another url or query: correct it there, "
                f"then `perennial fetch {plan.name}`."
            )
        write_fetched(source, source.fetch, frame)
    else:
        write_snapshot(plan.name, numbered_cells(plan))
    if plan.until:
        set_params({"problem.as_of": plan.until})


def write_fetched(source: Source, declared: Fetch, frame: pd.DataFrame, *, alone: bool = False) -> None:
    """Write what was fetched as the snapshot of a source, as `perennial fetch` would; `alone` if no other stays."""
    with scratch_folder("snapshots") as folder:
        target = folder / source.name
        target.mkdir()
        build(source, declared, frame, target, None, read_params(PARAMS)["engine.memory_gb"])
        keep_built({source.name: target}, alone=alone)


def refuse_unasked(source: str) -> None:
    """Ask whether to go on; raises Refusal on any answer but yes, and where nobody can be asked."""
    if not sys.stdin.isatty():
        raise Refusal(f"nobody is there to agree: say `perennial adopt {source} --yes`.")
    if input("Take this? [y/N] ").strip().lower() not in ("y", "yes"):
        raise Refusal("nothing is written: say what is different with --target, --task, --time, --group or --key.")


def numbered_cells(plan: TablePlan) -> pd.DataFrame:
    """Return the plain cells with a first column that numbers the rows where the table has no key."""
    if plan.key is not None:
        return plan.cells
    numbers = pd.Series(range(1, plan.rows + 1), index=plan.cells.index, name=row_name(plan)).astype("str")
    return pd.concat([numbers, plan.cells], axis=1)


def write_plan(plan: TablePlan, declared: Fetch | None = None, frame: pd.DataFrame | None = None) -> None:
    """Write the snapshot, of the `frame` that was fetched where it was, then the documents that speak of it."""
    if declared is None or frame is None:
        text = render_contract(plan, write_snapshot(plan.name, numbered_cells(plan)))
    else:
        text = render_contract(plan, f"{SNAPSHOTS}/{plan.name}", describe_fetch(declared))
        source = parse_contract(yaml.safe_load(text)).sources[plan.name]
        write_fetched(source, declared, frame, alone=True)
    write_text("data/contract.yaml", text)
    write_text("data/examples.sql", render_query(plan))
    set_params(plan_params(plan, datetime.now(UTC).date().isoformat()))
    # A model released for another problem is no model to beat.
    forget_released()
    write_graph()


def declare(add: Add) -> None:
    """Declare the words of this module and their options."""
    take = add("adopt", adopt)
    take.add_argument("source", help="a file (CSV, Parquet, JSON, Excel), a folder of those, or a url: https, s3, SQL")
    for name in ("target", "task", "time", "group", "key"):
        take.add_argument(f"--{name}")
    add_fetch_options(take)
    take.add_argument("--yes", action="store_true", help="take the proposal without asking")
    take.add_argument("--dry-run", action="store_true", help="propose, write nothing")
