"""`perennial`: the commands around the graph; each is named in the README by the same word."""

import argparse
from collections.abc import Sequence
from typing import Any

from perennial.commands.adopt import adopt
from perennial.commands.comment import write_comment
from perennial.commands.declaring import add_fetch_options
from perennial.commands.experiment import check_lock, run_experiment
from perennial.commands.fetch import fetch
from perennial.commands.graph import rewrite_graph
from perennial.commands.health import doctor, refuse_declarations
from perennial.commands.merging import merge_lock
from perennial.commands.posting import add_post_options, post_comment
from perennial.commands.release import promote, roll_back
from perennial.commands.request import add_request_options, answer_request
from perennial.commands.score import score
from perennial.commands.serving import serve
from perennial.commands.sharing import describe_remote, pull, push, verify_data
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

    take = add("adopt", adopt)
    take.add_argument("sources", nargs="+", metavar="SOURCE", help="a file (CSV, Parquet, JSON, Excel), folder or url")
    for name in ("target", "task", "time", "group", "key"):
        take.add_argument(f"--{name}")
    add_fetch_options(take)
    take.add_argument("--yes", action="store_true", help="take the proposal without asking")
    take.add_argument("--dry-run", action="store_true", help="propose, write nothing")
    again = add("fetch", fetch)
    again.add_argument("sources", nargs="*", metavar="SOURCE", help="names in data/contract.yaml; all without one")
    again.add_argument("--whole", action="store_true", help="everything, whatever the watermark")
    answer = add("score", score)
    answer.add_argument("source", help="a CSV or Parquet file with one row per decision")
    answer.add_argument("target", help="where the answers go: NAME.csv or NAME.parquet")
    add("serve", serve).add_argument("--port", type=int, help="instead of serve.port of params.yaml")
    add("verdict", say_verdict)
    add("report", rebuild_report)
    add("graph", rewrite_graph).add_argument("--check", action="store_true", help="change nothing, exit 1 when stale")
    remote = add("remote", describe_remote)
    remote.add_argument("url", help="s3://BUCKET/FOLDER, or the path of a folder that the team shares")
    remote.add_argument("--name", default="storage")
    remote.add_argument("--endpoint", help="http(s) address of an S3 server other than Amazon's")
    remote.add_argument("--profile", help="of ~/.aws, written to .dvc/config.local alone")
    for command in (add("push", push), add("pull", pull), verify := add("verify-data", verify_data)):
        command.add_argument("--seconds", type=float, help="instead of remote.deadline_seconds of params.yaml")
    verify.add_argument("--heal", action="store_true", help="replace what is damaged by a sound copy")
    verify.add_argument("--cache-only", action="store_true", help="leave the remote alone")
    add("doctor", doctor)
    add("declarations", refuse_declarations)
    merge = add("merge-lock", merge_lock)
    merge.add_argument("--install", action="store_true", help="let Git merge dvc.lock this way in this clone")
    merge.add_argument(
        "--sides", nargs=3, metavar=("FORK", "OURS", "THEIRS"), help="three files, as Git's driver gives"
    )
    experiment = add("experiment", run_experiment)
    experiment.add_argument("--base", help="the revision whose dvc.lock is believed; without it none is")
    experiment.add_argument("-S", "--set", action="append", metavar="NAME=VALUE", help="a param of this run only")
    add("check-lock", check_lock)
    comment = add("comment", write_comment)
    comment.add_argument("--base", required=True, help="the revision to compare with")
    comment.add_argument("--out", help="the file to write instead of standard output")
    comment.add_argument("--page", help="the address of the whole page")
    add_post_options(add("post", post_comment).add_argument)
    add_request_options(add("request", answer_request).add_argument)
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
