"""`perennial graph`: the generated parts of dvc.yaml."""

import argparse
from pathlib import Path

from perennial.io.files import write_text
from perennial.io.graph import render_graph
from perennial.refusal import Refusal


def rewrite_graph(arguments: argparse.Namespace) -> None:
    """Write the generated parts of dvc.yaml anew; with --check raise Refusal when they are not current."""
    path = Path("dvc.yaml")
    text = path.read_text(encoding="utf-8")
    current = render_graph(text)
    if arguments.check and current != text:
        raise Refusal("dvc.yaml is not what the stages' imports and PARAMS say: run `make graph` and commit it.")
    if current != text:
        write_text(path, current)
