"""Comments under pull requests: one by name, kept up to date in place; three ways to send it."""

import os
import re
import shutil
import subprocess
import urllib.parse
from collections.abc import Callable
from pathlib import Path

from perennial.io.github import GitHub
from perennial.refusal import Refusal

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,60}")
COMMIT = re.compile(r"[0-9a-f]{40}")


def marker(name: str) -> str:
    """Return the hidden line by which a comment is found again; raises Refusal for a name that could end it."""
    if not NAME.fullmatch(name):
        raise Refusal(f"a comment cannot be named {name!r}: use small letters, digits and hyphens.")
    return f"<!-- perennial: {name} -->"


def post_by_api(github: GitHub, number: int, text: str, name: str, author: str) -> str:
    """Write or update the comment of this name and return its address.

    Only a comment by `author` is ever changed: anyone may write the marker, and the token may edit anyone's words.
    """
    body = {"body": f"{marker(name)}\n{text}"}
    for comment in github.pages(f"/issues/{number}/comments"):
        if str(comment["body"]).startswith(marker(name)) and (comment.get("user") or {}).get("login") == author:
            answer = github.ask("PATCH", f"/issues/comments/{comment['id']}", body)
            break
    else:
        answer = github.ask("POST", f"/issues/{number}/comments", body)
    return str(answer["html_url"])


def confirm_number(github: GitHub, number: int, commit: str) -> int | None:
    """Return the number when this commit is still the head of that pull request."""
    return number if github.ask("GET", f"/pulls/{number}")["head"]["sha"] == commit else None


def find_number(github: GitHub, commit: str, head: str) -> int | None:
    """Return the open pull request whose head is this commit, None when it has moved on or is closed.

    head: OWNER:BRANCH, which finds a fork's pull request too.
    """
    if not COMMIT.fullmatch(commit):
        raise Refusal(f"{commit!r} is no full commit hash: give that of the run.")
    query = urllib.parse.urlencode({"state": "open", "head": head})
    for pull in github.pages(f"/pulls?{query}"):
        if pull["head"]["sha"] == commit and pull["base"]["repo"]["full_name"] == github.repository:
            return int(pull["number"])
    return None


def run_poster(command: list[str]) -> None:
    """Run a poster's own program; raises Refusal when it is absent or says no."""
    if shutil.which(command[0]) is None:
        raise Refusal(f"`{command[0]}` is not installed: install it, or post with --poster api.")
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
        raise Refusal(f"`{command[0]}` did not post the comment: {lines[-1][:200]}")


def gh_command(github: GitHub, number: int, file: Path) -> list[str]:
    """GitHub's own program: updates the last comment of the same account."""
    edit = ["--edit-last", "--create-if-none"]
    return ["gh", "pr", "comment", str(number), "--repo", github.repository, "--body-file", str(file), *edit]


def cml_command(github: GitHub, number: int, file: Path) -> list[str]:
    """CML: updates the last comment with its watermark; uploads no picture."""
    server = os.environ.get("GITHUB_SERVER_URL", "https://github.com")
    place = [f"--repo={server}/{github.repository}", "--driver=github", f"--target=pr/{number}"]
    return ["cml", "comment", "update", *place, "--publish=false", str(file)]


PROGRAMS: dict[str, Callable[[GitHub, int, Path], list[str]]] = {"gh": gh_command, "cml": cml_command}
