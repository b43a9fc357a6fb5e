"""`perennial`: the commands around the graph; each is named in the Makefile and the README by the same word."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from perennial.evaluation.gate import refusal_reasons
from perennial.evaluation.rehearsal import rehearsal_reasons
from perennial.io.bento import bento_command, bento_environment, verify_sums
from perennial.io.bundle import bundle_hash
from perennial.io.files import read_json, write_text
from perennial.io.graph import render_graph
from perennial.io.params import read_params
from perennial.io.process import run_entry
from perennial.io.reports import FOLDER, write_views
from perennial.refusal import Refusal

BENTO = Path("models/bento")
PARAMS = ("serve.port",)


def refuse_unpackaged(bento: Path = BENTO) -> None:
    """Raise Refusal with the reasons when nothing was packaged, or when the bento is not as it was packed."""
    record = bento / "refusal.json"
    if record.exists():
        raise Refusal(f"nothing is packaged: {'; '.join(read_json(record)['reasons'])}")
    verify_sums(bento)


def serve(arguments: argparse.Namespace) -> None:
    """Become the server of the packaged bento, on loopback; ends with Ctrl-C."""
    refuse_unpackaged()
    port = arguments.port or read_params(PARAMS)["serve.port"]
    print(f"http://127.0.0.1:{port}: GET /schema says what to send to POST /predict", flush=True)
    command = bento_command("serve", "--host", "127.0.0.1", "--port", str(port), str(BENTO.absolute()))
    os.execve(command[0], command, bento_environment())


def say_verdict(_arguments: argparse.Namespace) -> None:
    """Print whether the model is blessed and rehearsed; raises Refusal with the failing checks when it is not."""
    bundle = bundle_hash("models/bundle")
    reasons = refusal_reasons(read_json("metrics/gate.json"), bundle)
    reasons = reasons or rehearsal_reasons(read_json("metrics/rehearsal.json"), bundle)
    if reasons:
        raise Refusal("\n  ".join([f"bundle {bundle[:12]} is not to be released:", *reasons]))
    print(f"bundle {bundle[:12]} is blessed and rehearsed: reports/index.html tells why, `make serve` answers with it")


def rebuild_report(_arguments: argparse.Namespace) -> None:
    """Write the pages anew from their facts."""
    write_views(read_json(FOLDER / "facts.json"))


def rewrite_graph(arguments: argparse.Namespace) -> None:
    """Write the generated parts of dvc.yaml anew; with --check raise Refusal when they are not current."""
    path = Path("dvc.yaml")
    text = path.read_text(encoding="utf-8")
    current = render_graph(text)
    if arguments.check and current != text:
        raise Refusal("dvc.yaml is not what the stages' imports and PARAMS say: run `make graph` and commit it.")
    if current != text:
        write_text(path, current)


def parse_arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the chosen command as `run`, with its options."""
    parser = argparse.ArgumentParser(prog="perennial", description="The commands around the graph.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Any) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=run.__doc__.splitlines()[0], description=run.__doc__)
        command.set_defaults(run=run)
        return command

    add("serve", serve).add_argument("--port", type=int, help="instead of serve.port of params.yaml")
    add("verdict", say_verdict)
    add("report", rebuild_report)
    add("graph", rewrite_graph).add_argument("--check", action="store_true", help="change nothing, exit 1 when stale")
    return parser.parse_args(words)


def main() -> None:
    """Run one command; a Refusal becomes its sentence on standard error and exit code 1."""
    arguments = parse_arguments()
    run_entry(lambda: arguments.run(arguments))


if __name__ == "__main__":
    main()
