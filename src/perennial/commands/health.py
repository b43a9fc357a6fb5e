"""`perennial doctor`: what is wrong here, and the command that mends it."""

import argparse

from perennial.io.finding import render_finding
from perennial.io.health import examine
from perennial.refusal import Refusal


def doctor(_arguments: argparse.Namespace) -> None:
    """Say what is wrong with this machine and this repository, and what mends it; exit 1 when anything is."""
    wrong = 0
    for finding in examine():
        print(render_finding(finding), flush=True)
        wrong += finding.wrong
    if wrong:
        raise Refusal(f"{wrong} of these are wrong: run what stands beside `mend`, then `perennial doctor` again.")
