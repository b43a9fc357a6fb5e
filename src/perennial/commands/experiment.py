"""`perennial experiment` and `perennial check-lock`: run what a pull request holds, believe nothing that it claims."""

import argparse
import re

from perennial.commands import Add
from perennial.io.experiment import bring_outputs, read_record, run_graph, write_record
from perennial.io.lock import doubted_stages, forget_stages, restore_lock, stale_stages
from perennial.io.params import load_params, refuse_unknown
from perennial.refusal import Refusal
from perennial.report.request import read_settings


def run_experiment(arguments: argparse.Namespace) -> None:
    """Run the graph; each stage that dvc.lock tells otherwise than the base runs again, whatever dvc.lock says."""
    settings = read_settings(arguments.set or [])
    names = [setting.partition("=")[0] for setting in settings]
    refuse_unknown(names, load_params(), {name.split(".")[0] for name in names})
    bring_outputs()
    if not settings:
        forget_stages(doubted_stages(known_base(arguments.base)))
    seconds = run_graph(settings)
    if not settings:
        restore_lock()
    write_record(seconds, settings)


def known_base(base: str | None) -> str | None:
    """Return the revision; None for an empty word, and for the zeros that stand for "none" where a branch is new."""
    return None if not base or re.fullmatch("0+", base) else base


def check_lock(_arguments: argparse.Namespace) -> None:
    """Exit 1 naming the stages whose committed dvc.lock or results are not what the code gave."""
    record = read_record()
    if record is None or record["settings"]:
        raise Refusal("nothing was run at this commit: run `make experiment` first.")
    if names := stale_stages():
        many = "stages" if len(names) > 1 else "stage"
        raise Refusal(
            f"what is committed is not what the code gives in {many} {', '.join(names)}: run `make repro`"
            " and commit dvc.lock, metrics and reports."
        )
    print("dvc.lock and every committed result are what the code gives")


def declare(add: Add) -> None:
    """Declare the words of this module and their options."""
    experiment = add("experiment", run_experiment)
    experiment.add_argument("--base", help="the revision whose dvc.lock is believed; without it none is")
    experiment.add_argument("-S", "--set", action="append", metavar="NAME=VALUE", help="a param of this run only")
    add("check-lock", check_lock)
