"""`perennial verdict` and `perennial report`: what was found, in one sentence and in pages."""

import argparse

from perennial.commands import Add
from perennial.evaluation.gate import refusal_reasons
from perennial.evaluation.rehearsal import rehearsal_reasons
from perennial.io.bundle import bundle_hash
from perennial.io.files import read_json
from perennial.io.reports import FOLDER, write_views
from perennial.refusal import Refusal


def find_reasons(bundle: str) -> list[str]:
    """Return why the bundle with this hash is not to be released: not blessed or not rehearsed; empty when it may."""
    reasons = refusal_reasons(read_json("metrics/gate.json"), bundle)
    return reasons or rehearsal_reasons(read_json("metrics/rehearsal.json"), bundle)


def say_verdict(_arguments: argparse.Namespace) -> None:
    """Print whether the model is blessed and rehearsed; raises Refusal with the failing checks when it is not."""
    bundle = bundle_hash("models/bundle")
    if reasons := find_reasons(bundle):
        raise Refusal("\n  ".join([f"bundle {bundle[:12]} is not to be released:", *reasons]))
    print(f"bundle {bundle[:12]} is blessed and rehearsed: reports/index.html tells why, `make serve` answers with it")


def rebuild_report(_arguments: argparse.Namespace) -> None:
    """Write the pages anew from their facts."""
    write_views(read_json(FOLDER / "facts.json"))


def declare(add: Add) -> None:
    """Declare the words of this module and their options."""
    add("verdict", say_verdict)
    add("report", rebuild_report)
