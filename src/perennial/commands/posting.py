"""`perennial post`: a finished comment under a pull request; needs Python alone, so that no package sees the token."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from perennial.commands import Add
from perennial.io.files import write_text
from perennial.io.github import GitHub, connect
from perennial.io.posting import PROGRAMS, confirm_number, find_number, marker, post_by_api, run_poster
from perennial.io.process import run_entry
from perennial.io.scratch import scratch_folder
from perennial.report.untrusted import MOST_CHARACTERS, tame_markdown

AUTHOR = "github-actions[bot]"


def read_comment(path: Path, own: str, otherwise: str) -> str:
    """Return the file's text, or `otherwise` where there is none, made harmless; `own` is the repository's address."""
    text = f"{otherwise}\n"
    if path.is_file() and not path.is_symlink():
        with path.open("rb") as file:
            text = file.read(8 * MOST_CHARACTERS).decode("utf-8", errors="replace")
    return tame_markdown(text, own)


def say_absence(reason: str, run: str) -> str:
    """Return what to post when there is no comment: why, and where the log lies."""
    told = reason or "The experiment ended before it had anything to report."
    return f"✕ {told} [The log]({run}) says more." if run else f"✕ {told}"


def post_comment(arguments: argparse.Namespace) -> None:
    """Post a file as the comment of a pull request, or update the one that is there."""
    github = connect()
    number = choose_number(github, arguments)
    if number is None:
        print(f"no open pull request has the head {arguments.commit}: nothing is posted")
        return
    server = os.environ.get("GITHUB_SERVER_URL", "https://github.com")
    otherwise = say_absence(arguments.reason or "", arguments.run_page or "")
    text = read_comment(Path(arguments.file), f"{server}/{github.repository}", otherwise)
    if arguments.poster == "api":
        print(post_by_api(github, number, text, arguments.name, arguments.author))
    else:
        post_by_program(arguments.poster, github, number, f"{marker(arguments.name)}\n{text}")


def choose_number(github: GitHub, arguments: argparse.Namespace) -> int | None:
    """Return the pull request to post to, None when its head is another commit by now."""
    if arguments.pull_request is None:
        return find_number(github, arguments.commit or "", arguments.head or "")
    number: int = arguments.pull_request
    return confirm_number(github, number, arguments.commit) if arguments.commit else number


def post_by_program(poster: str, github: GitHub, number: int, text: str) -> None:
    """Hand the text to another program."""
    with scratch_folder("comment") as folder:
        write_text(folder / "comment.md", text)
        run_poster(PROGRAMS[poster](github, number, folder / "comment.md"))
    print(f"{poster} posted the comment to pull request {number}")


def positive(text: str) -> int | None:
    """Read a pull request's number; empty text means that it is not known."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no number of a pull request")
    return int(text)


def add_post_options(add: Callable[..., Any]) -> None:
    """Declare what `perennial post` takes."""
    add("--pull-request", type=positive, help="its number; without it the one whose head is --commit")
    add("--commit", help="the full hash of the head that was reported on")
    add("--head", help="OWNER:BRANCH of that head")
    add("--file", required=True, help="the comment as Markdown; it is not trusted")
    add("--name", default="report", help="which comment to update; others stay")
    add("--reason", help="what to say when the file is absent")
    add("--run", dest="run_page", help="the address of the run whose log says more")
    add("--poster", choices=["api", *PROGRAMS], default="api")
    add("--author", default=AUTHOR, help="whose comment may be updated")


def declare(add: Add) -> None:
    """Declare the words of this module and their options."""
    add_post_options(add("post", post_comment).add_argument)


def main() -> None:
    """Post from the command line without the environment."""
    parser = argparse.ArgumentParser(prog="perennial post", description=post_comment.__doc__)
    add_post_options(parser.add_argument)
    run_entry(lambda: post_comment(parser.parse_args()))


if __name__ == "__main__":
    main()
