"""`perennial`: the commands around the graph; each is named in the Makefile and the README by the same word."""

import argparse
from collections.abc import Sequence
from typing import Any

from perennial.commands.graph import rewrite_graph
from perennial.commands.release import promote, roll_back
from perennial.commands.serving import serve
from perennial.commands.verdict import rebuild_report, say_verdict
from perennial.commands.versions import list_releases, show_release
from perennial.io.process import run_entry


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
    for name, run in (("promote", promote), ("rollback", roll_back)):
        command = add(name, run)
        command.add_argument("--stage", default="prod", help="what the version is released to (prod)")
        command.add_argument("--reason", required=True, metavar="TEXT", help="why, for the audit trail")
        command.add_argument("--dry-run", action="store_true", help="say what would change, change nothing")
    add("versions", list_releases)
    command.add_argument("version", metavar="VERSION", help="as `perennial versions` names it")
    add("show", show_release).add_argument("version", metavar="VERSION", help="as `perennial versions` names it")
    return parser.parse_args(words)


def main() -> None:
    """Run one command; a Refusal becomes its sentence on standard error and exit code 1."""
    arguments = parse_arguments()
    run_entry(lambda: arguments.run(arguments))


if __name__ == "__main__":
    main()
