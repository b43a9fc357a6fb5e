"""`perennial request`: what a comment asks for; needs Python alone, so that no package sees the token."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from perennial.commands import Add
from perennial.commands.posting import positive
from perennial.io.github import GitHub, connect
from perennial.io.process import run_entry
from perennial.refusal import Refusal
from perennial.report.request import read_request


def read_head(github: GitHub, number: int) -> str:
    """Return the commit to run; raises Refusal for a closed pull request, or one whose code is not of this repository.

    What a comment starts runs beside main's cache, where no stranger's code may run.
    """
    pull = github.ask("GET", f"/pulls/{number}")
    if pull["state"] != "open":
        raise Refusal(f"pull request {number} is {pull['state']}: open it again first.")
    if (pull["head"]["repo"] or {}).get("full_name") != github.repository:
        raise Refusal("experiments run on branches of this repository only: push the branch here first.")
    return str(pull["head"]["sha"])


def answer_request(arguments: argparse.Namespace) -> None:
    """Write the commit and the params that a comment asks for, or the reason why not, as NAME=VALUE lines."""
    try:
        settings = read_request(arguments.text, arguments.association)
        answer = {"commit": read_head(connect(), arguments.pull_request), "settings": " ".join(settings)}
    except Refusal as refusal:
        answer = {"reason": f"No experiment: {refusal}"}
    lines = "".join(f"{name}={' '.join(value.split())}\n" for name, value in answer.items())
    if arguments.out:
        with Path(arguments.out).open("a", encoding="utf-8") as file:
            file.write(lines)
    print(lines, end="")


def add_request_options(add: Callable[..., Any]) -> None:
    """Declare what `perennial request` takes."""
    add("--pull-request", type=positive, required=True, help="its number")
    add("--text", required=True, help="the comment")
    add("--association", required=True, help="what its author is to the repository, in GitHub's word")
    add("--out", help="the file that the answer is added to")


def declare(add: Add) -> None:
    """Declare the words of this module and their options."""
    add_request_options(add("request", answer_request).add_argument)


def main() -> None:
    """Answer from the command line without the environment."""
    parser = argparse.ArgumentParser(prog="perennial request", description=answer_request.__doc__)
    add_request_options(parser.add_argument)
    run_entry(lambda: answer_request(parser.parse_args()))


if __name__ == "__main__":
    main()
