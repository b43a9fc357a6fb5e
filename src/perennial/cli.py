"""`perennial`: the commands around the graph; each is named in the README by the same word."""

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from perennial.io.process import run_entry

WORDS = {
    "adopt": "adopt",
    "fetch": "fetch",
    "materialize": "materialize",
    "score": "score",
    "serve": "serving",
    "key": "serving",
    "image": "image",
    "records": "records",
    "lanes": "lanes",
    "verdict": "verdict",
    "report": "verdict",
    "graph": "graph",
    "remote": "sharing",
    "push": "sharing",
    "pull": "sharing",
    "verify-data": "sharing",
    "doctor": "health",
    "declarations": "health",
    "merge-lock": "merging",
    "experiment": "experiment",
    "check-lock": "experiment",
    "comment": "comment",
    "post": "posting",
    "request": "request",
    "promote": "release",
    "rollback": "release",
    "versions": "versions",
    "show": "versions",
}
"""Each word with the module of `perennial.commands` that declares it: only the module that is asked for is imported."""


def build_parser(modules: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser of the words that some modules declare; the command to run is in `run`."""
    parser = argparse.ArgumentParser(prog="perennial", description="The commands around the graph.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace], None]) -> argparse.ArgumentParser:
        told = run.__doc__ or ""
        command = commands.add_parser(name, help=told.splitlines()[0], description=told)
        command.set_defaults(run=run)
        return command

    for module in modules:
        import_module(f"perennial.commands.{module}").declare(add)
    return parser


def parse_arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the chosen command as `run`, with its options."""
    given = sys.argv[1:] if words is None else words
    chosen = WORDS.get(given[0]) if given else None
    return build_parser([chosen] if chosen else list(dict.fromkeys(WORDS.values()))).parse_args(given)


def main() -> None:
    """Run one command; a Refusal becomes its sentence on standard error and exit code 1."""
    arguments = parse_arguments()
    run_entry(lambda: arguments.run(arguments))


if __name__ == "__main__":
    main()
