"""`perennial lanes`: what each lane answered, and which of two models is better on what came of it."""

import argparse
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from perennial.commands import Add
from perennial.commands.records import open_records, read_bound
from perennial.evaluation.lane_rows import find_classes, pair_canaries, pair_shadows, sort_rows
from perennial.evaluation.lanes import Rules, judge_pair
from perennial.evaluation.release import tabulate
from perennial.io.params import read_params
from perennial.io.records import list_lanes, read_predictions
from perennial.refusal import Refusal
from perennial.report.lanes import describe_pair

PARAMS = (
    *("problem.task", "problem.metric", "problem.block", "problem.group"),
    *("gate.min_rows", "gate.min_blocks"),
)
COLUMNS = ("model", "lane", "rows", "first", "last")


def show_lanes(_arguments: argparse.Namespace) -> None:
    """Print how many predictions each model made in which lane, from when to when."""
    print(tabulate(list_lanes(open_records()), COLUMNS))


def judge_lanes(
    p: Mapping[str, Any], url: str | None, since: datetime | None, until: datetime | None
) -> list[dict[str, Any]]:
    """Return what is said of each pair of models in the record."""
    grouped = p["problem.block"] == "group"  # only the group is among the inputs
    pieces = read_predictions(open_records(url), since, until, with_inputs=grouped)
    rows = (row for piece in pieces for row in piece)
    lanes = sort_rows(rows, p["problem.block"], p["problem.group"])
    pairs = [*pair_shadows(lanes), *pair_canaries(lanes)]
    if not pairs:
        more = f"; the champion answered for a canary {len(lanes.fallbacks):,} times" if lanes.fallbacks else ""
        raise Refusal(
            f"no challenger scored any of {len(lanes.answered):,} predictions{more}: "
            "serve one with `perennial serve --challenger`."
        )
    classes = find_classes(p["problem.task"], lanes)
    counts = p["gate.min_rows"], p["gate.min_blocks"]
    rules = Rules(p["problem.metric"], classes, p["problem.block"], *counts)
    return [judge_pair(rules, pair) for pair in pairs]


def compare_lanes(arguments: argparse.Namespace) -> None:
    """Say which of champion and challenger is better, once labels are in."""
    since, until = read_bound("since", arguments.since), read_bound("until", arguments.until)
    if since and until and since >= until:
        raise Refusal(f"--since {arguments.since} is not before --until {arguments.until}: swap them.")
    judged = judge_lanes(read_params(PARAMS), arguments.records, since, until)
    print(json.dumps({"pairs": judged}, indent=2) if arguments.json else "\n\n".join(map(describe_pair, judged)))


def declare(add: Add) -> None:
    """Declare the words of this module and their options."""
    lanes = add("lanes", show_lanes).add_subparsers(metavar="WORD")
    compare = lanes.add_parser("compare", help=compare_lanes.__doc__)
    compare.set_defaults(run=compare_lanes)
    compare.add_argument("--since", help="a day or an instant such as 2013-07-01, UTC")
    compare.add_argument("--until", help="before this day or instant, UTC")
    compare.add_argument("--records", metavar="URL", help="instead of log.url of params.yaml")
    compare.add_argument("--json", action="store_true", help="everything, for programs")
