"""`perennial graph`: the generated parts of dvc.yaml."""

import argparse
from pathlib import Path

from perennial.commands import Add
from perennial.io.files import write_text
from perennial.io.graph import render_graph
from perennial.refusal import Refusal

PATH = Path("dvc.yaml")


def rewrite_graph(arguments: argparse.Namespace) -> None:
    """Write the generated parts of dvc.yaml anew; with --check raise Refusal when they are not current."""
    if not arguments.check:
        write_graph()
    elif render_graph(text := PATH.read_text(encoding="utf-8")) != text:
        raise Refusal("dvc.yaml is not what the stages' imports and PARAMS say: run `make graph` and commit it.")


def write_graph() -> None:
    """Write the generated parts of dvc.yaml anew where they are not current."""
    text = PATH.read_text(encoding="utf-8")
    current = render_graph(text)
    if current != text:
        write_text(PATH, current)


def declare(add: Add) -> None:
    """Declare the words of this module and their options."""
    add("graph", rewrite_graph).add_argument("--check", action="store_true", help="change nothing, exit 1 when stale")
