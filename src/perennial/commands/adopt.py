"""`perennial adopt`: somebody's table becomes the problem of this repository."""

import argparse
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from perennial.adoption.documents import plan_params, read_out, render_contract, render_query, row_name
from perennial.adoption.plan import TablePlan, Wishes, plan_table
from perennial.commands import Add
from perennial.commands.graph import write_graph
from perennial.io.adoption import read_cells_of, refuse_dirty_tree, set_params, write_snapshot
from perennial.io.champion import forget_released
from perennial.io.contract import read_contract
from perennial.io.files import write_text
from perennial.refusal import Refusal


def name_table(address: str) -> str:
    """Return the name of a table: that of its file, as a plain word."""
    stem = Path(address.split("?")[0].rstrip("/")).name.split(".")[0]
    word = re.sub(r"\W+", "_", stem, flags=re.ASCII).strip("_").lower() or "table"
    return f"t_{word}" if word[0].isdigit() else word


def adopt(arguments: argparse.Namespace) -> None:
    """Propose what a table is, say why, and write it down as contract, query and params."""
    if not arguments.dry_run:
        refuse_dirty_tree()
    wishes = Wishes(arguments.target, arguments.task, arguments.time, arguments.group, arguments.key)
    plan = plan_table(read_cells_of(arguments.source, arguments.query), name_table(arguments.source), wishes)
    print("\n".join(read_out(plan)))
    if arguments.dry_run:
        print("nothing is written (--dry-run)")
        return
    if not arguments.yes:
        refuse_unasked(arguments.source)
    if is_adopted(plan):
        refresh_data(plan)
        print("the table is adopted already: only data/source and problem.as_of are new; `make repro` reruns the rest.")
        return
    write_plan(plan)
    print("written: data/contract.yaml, data/examples.sql, params.yaml, data/source.dvc; `git diff` shows it.")
    print("Say in params.yaml what the decision costs; then `make repro`.")


def is_adopted(plan: TablePlan) -> bool:
    """Tell whether the contract speaks of this table already, with the same columns."""
    source = read_contract().sources.get(plan.name)
    names = [row_name(plan)] * (plan.key is None) + [column.name for column in plan.columns]
    return source is not None and [column.name for column in source.columns] == names


def refresh_data(plan: TablePlan) -> None:
    """Write the snapshot anew; what was declared of it, by us or by hand, stays."""
    write_snapshot(plan.name, numbered_cells(plan))
    if plan.until:
        set_params({"problem.as_of": plan.until})


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


def write_plan(plan: TablePlan) -> None:
    """Write the snapshot, then the documents that speak of it."""
    path = write_snapshot(plan.name, numbered_cells(plan))
    write_text("data/contract.yaml", render_contract(plan, path))
    write_text("data/examples.sql", render_query(plan))
    set_params(plan_params(plan, datetime.now(UTC).date().isoformat()))
    # A model released for another problem is no model to beat.
    forget_released()
    write_graph()


def declare(add: Add) -> None:
    """Declare the words of this module and their options."""
    take = add("adopt", adopt)
    take.add_argument("source", help="a CSV, Parquet or JSON-lines file, a folder of those, https://…, sqlite:///FILE")
    for name in ("target", "task", "time", "group", "key", "query"):
        take.add_argument(f"--{name}")
    take.add_argument("--yes", action="store_true", help="take the proposal without asking")
    take.add_argument("--dry-run", action="store_true", help="propose, write nothing")
