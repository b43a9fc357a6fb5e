"""`perennial adopt`: somebody's table becomes the problem of this repository."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pandas as pd
import yaml

from perennial.adoption.contract import render_contract
from perennial.adoption.joining import Joined, join_tables, say_joined
from perennial.adoption.names import row_name
from perennial.adoption.params import plan_params
from perennial.adoption.plan import TablePlan, Wishes, plan_table
from perennial.adoption.proposal import read_out
from perennial.adoption.query import render_query
from perennial.commands import Add
from perennial.commands.declaring import add_fetch_options
from perennial.commands.fetch import PARAMS, build, keep_built
from perennial.commands.given import Given, allow_gaps, complete_fetches, leave_out_watermark, read_given
from perennial.commands.graph import write_graph
from perennial.data.contract import Source, parse_contract
from perennial.data.fetching import SNAPSHOTS, Fetch, describe_fetch
from perennial.io.adoption import refuse_dirty_tree, set_params, write_snapshot
from perennial.io.champion import forget_released
from perennial.io.contract import read_contract
from perennial.io.files import write_text
from perennial.io.params import read_params
from perennial.io.scratch import scratch_folder
from perennial.refusal import Refusal


def adopt(arguments: argparse.Namespace) -> None:
    """Propose what a table is, say why, and write it down as contract, query and params."""
    if not arguments.dry_run:
        refuse_dirty_tree()
    wishes = Wishes(arguments.target, arguments.task, arguments.time, arguments.group, arguments.key)
    first, *others = given = read_given(arguments)
    frame, joined = join_tables(first.name, first.frame, {each.name: each.frame for each in others}, arguments.join)
    plan = allow_gaps(plan_table(frame, first.name, wishes), joined)
    plan = leave_out_watermark(plan, arguments.watermark) if first.declared and arguments.watermark else plan
    print("\n".join([*read_out(plan), *say_joined(plan.name, joined)]))
    if arguments.dry_run:
        print("nothing is written (--dry-run)")
        return
    if not arguments.yes:
        refuse_unasked(" ".join(arguments.sources))
    if is_adopted(plan, given, joined) and is_asked_already(wishes):
        refresh_data(plan, given, joined)
        print("the table is adopted already: only data/source and problem.as_of are new; `make repro` reruns the rest.")
        return
    write_plan(plan, given if first.declared or joined else (), joined)
    print("written: data/contract.yaml, data/examples.sql, params.yaml, data/source.dvc; `git diff HEAD` shows it.")
    if any(each.declared for each in given):
        print("`perennial fetch` fetches it again.")
    print("Say in params.yaml what is decided, by whom, and what it costs; then `make repro`.")


def is_adopted(plan: TablePlan, given: Sequence[Given], joined: Sequence[Joined]) -> bool:
    """Tell whether the contract speaks of these tables already, with the same columns, from the same kind of place."""
    sources = read_contract().sources
    elsewhere = {name for each in joined for name in each.columns.values()}
    own = [column.name for column in plan.columns if column.name not in elsewhere]
    wanted = {plan.name: [row_name(plan)] * (plan.key is None) + own}
    wanted |= {each.name: [each.key, *each.columns] for each in joined}
    if sources.keys() != wanted.keys():
        return False
    fetched = all((each.declared is None) == (sources[each.name].fetch is None) for each in given)
    return fetched and all([c.name for c in sources[name].columns] == names for name, names in wanted.items())


def is_asked_already(wishes: Wishes) -> bool:
    """Tell whether params.yaml says what the person says; what is not said is left as it was written there."""
    said = {f"problem.{word}": wish for word, wish in vars(wishes).items() if wish is not None}
    params = read_params(tuple(said)) if said else {}
    return all(
        params[name] == (None if wish == "none" and name == "problem.time" else wish) for name, wish in said.items()
    )


def refresh_data(plan: TablePlan, given: Sequence[Given], joined: Sequence[Joined]) -> None:
    """Write the snapshots anew; what was declared of them, by us or by hand, stays.

    Raises Refusal when one is fetched from elsewhere than the contract says.
    """
    sources, found = read_contract().sources, complete_fetches(plan, given, joined)
    if joined or given[0].declared:
        for each in given:
            before = sources[each.name].fetch
            if before and each.declared and (before.url, before.query) != (each.declared.url, each.declared.query):
                raise Refusal(
                    f"data/contract.yaml fetches {each.name} by another url or query: correct it there, "
                    f"then `perennial fetch {each.name}`."
                )
        write_fetched(sources, {name: sources[name].fetch or how for name, how in found.items()}, given)
    else:
        write_snapshot(plan.name, numbered_cells(plan))
    if plan.until:
        set_params({"problem.as_of": plan.until})


def write_fetched(
    sources: Mapping[str, Source], fetches: Mapping[str, Fetch], given: Sequence[Given], *, alone: bool = False
) -> None:
    """Write the given tables as snapshots, as `perennial fetch` would; `alone` if no other stays."""
    memory = read_params(PARAMS)["engine.memory_gb"]
    with scratch_folder("snapshots") as folder:
        for each in given:
            (folder / each.name).mkdir()
            build(sources[each.name], fetches[each.name], each.frame, folder / each.name, None, memory)
        keep_built({each.name: folder / each.name for each in given}, alone=alone)


def refuse_unasked(source: str) -> None:
    """Ask whether to go on; raises Refusal on any answer but yes, and where nobody can be asked."""
    if not sys.stdin.isatty():
        raise Refusal(f"nobody is there to agree to the proposal for {source}: add --yes to the command.")
    if input("Take this? [y/N] ").strip().lower() not in ("y", "yes"):
        raise Refusal("nothing is written: say what is different with --target, --task, --time, --group or --key.")


def numbered_cells(plan: TablePlan) -> pd.DataFrame:
    """Return the plain cells with a first column that numbers the rows where the table has no key."""
    if plan.key is not None:
        return plan.cells
    numbers = pd.Series(range(1, plan.rows + 1), index=plan.cells.index, name=row_name(plan)).astype("str")
    return pd.concat([numbers, plan.cells], axis=1)


def write_plan(plan: TablePlan, given: Sequence[Given] = (), joined: tuple[Joined, ...] = ()) -> None:
    """Write the snapshots, of one local table as CSV unless it is `given`, then the documents that speak of them."""
    if not given:
        text = render_contract(plan, write_snapshot(plan.name, numbered_cells(plan)))
    else:
        fetches = complete_fetches(plan, given, joined)
        said = {each.name: describe_fetch(fetches[each.name]) for each in given if each.declared}
        text = render_contract(plan, f"{SNAPSHOTS}/{plan.name}", said.get(plan.name), joined, said)
        write_fetched(parse_contract(yaml.safe_load(text)).sources, fetches, given, alone=True)
    write_text("data/contract.yaml", text)
    write_text("data/examples.sql", render_query(plan, joined))
    set_params(plan_params(plan, datetime.now(UTC).date().isoformat()))
    # A model released for another problem is no model to beat.
    forget_released()
    write_graph()


def declare(add: Add) -> None:
    """Declare the words of this module and their options."""
    take = add("adopt", adopt)
    take.add_argument("sources", nargs="+", metavar="SOURCE", help="a file (CSV, Parquet, JSON, Excel), folder or url")
    for name in ("target", "task", "time", "group", "key"):
        take.add_argument(f"--{name}")
    add_fetch_options(take)
    take.add_argument("--yes", action="store_true", help="take the proposal without asking")
    take.add_argument("--dry-run", action="store_true", help="propose, write nothing")
