"""`perennial doctor` and `perennial declarations`: what is wrong here, and what mends it."""

import argparse

from perennial.commands import Add
from perennial.io.contract import read_contract
from perennial.io.finding import render_finding
from perennial.io.health import examine
from perennial.io.params import graph_params, read_params
from perennial.refusal import Refusal


def doctor(_arguments: argparse.Namespace) -> None:
    """Say what is wrong with this machine and this repository, and what mends it; exit 1 when anything is."""
    wrong = 0
    for finding in examine():
        print(render_finding(finding), flush=True)
        wrong += finding.wrong
    if wrong:
        raise Refusal(f"{wrong} of these are wrong: run what stands beside `mend`, then `perennial doctor` again.")


def refuse_declarations(_arguments: argparse.Namespace) -> None:
    """Read params.yaml and data/contract.yaml in whole; exit 1 at the first mistake, before any stage runs."""
    read_params(tuple(sorted(graph_params())))
    read_contract()


def declare(add: Add) -> None:
    """Declare the words of this module and their options."""
    add("doctor", doctor)
    add("declarations", refuse_declarations)
