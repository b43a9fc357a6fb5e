"""Git as a process: what is committed, what is changed, and commits of exactly the named files."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from perennial.refusal import Refusal


def _run(arguments: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
    try:
        return subprocess.run(
            ["git", *arguments], env=environment, capture_output=True, encoding="utf-8", errors="replace"
        )
    except FileNotFoundError:
        raise Refusal("git is not installed: install it, then run this again.") from None


def run_git(*arguments: str) -> str:
    """Return what git says; raises Refusal with its own last line when it fails."""
    done = _run(arguments)
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
        raise Refusal(f"`git {arguments[0]}` failed: {lines[-1]:.300}")
    return done.stdout


def read_head() -> str:
    """Return the hash of the newest commit; raises Refusal where there is none."""
    done = _run(["rev-parse", "--verify", "--quiet", "HEAD"])
    if done.returncode != 0:
        raise Refusal(f"{os.getcwd()} is no Git repository with a commit: a release needs a revision to name.")
    if prefix := run_git("rev-parse", "--show-prefix").strip():
        raise Refusal(f"{os.getcwd()} is the folder {prefix} of a Git repository: the registry needs one of its own.")
    return done.stdout.strip()


def read_author() -> str:
    """Return `Name <mail>` of who works here; raises Refusal when Git does not know."""
    done = _run(["var", "GIT_AUTHOR_IDENT"])
    if done.returncode != 0:
        raise Refusal("Git does not know who you are: `git config user.name NAME`, `git config user.email MAIL`.")
    return done.stdout.strip().rsplit(" ", 2)[0]


def read_committed(revision: str, path: str) -> str | None:
    """Return the text of a file as of a revision, None when it is not there."""
    done = _run(["show", f"{revision}:./{path}"])
    return done.stdout if done.returncode == 0 else None


def find_commit(revision: str) -> str:
    """Return the full hash of a revision; raises Refusal when Git knows none of that name."""
    done = _run(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"])
    if done.returncode != 0:
        raise Refusal(f"{revision!r} is no revision of this repository: fetch it, or name another with --base.")
    return done.stdout.strip()


def list_changed(*paths: str) -> list[str]:
    """Return the files that differ from the newest commit, new ones included, below `paths` or everywhere."""
    entries = run_git("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", *paths)
    return sorted(entry[3:] for entry in entries.split("\0") if entry)


def list_refs(pattern: str) -> list[str]:
    """Return the names of the tags that match, oldest first."""
    return run_git("for-each-ref", "--sort=creatordate", "--format=%(refname:strip=2)", f"refs/tags/{pattern}").split()


def tag_time(pattern: str) -> int:
    """Return the newest time (seconds since 1970) among the tags that match, 0 without any."""
    times = run_git("for-each-ref", "--format=%(creatordate:unix)", f"refs/tags/{pattern}").split()
    return max(map(int, times), default=0)


def last_change(path: str) -> str:
    """Return the hash of the newest commit that changed a file."""
    return run_git("log", "-1", "--format=%H", "--", path).strip()


def commit_files(message: str, paths: Sequence[str]) -> None:
    """Commit these files as they are, those that are gone as removed, and nothing else that is staged."""
    present = [path for path in paths if Path(path).exists()]
    gone = [path for path in paths if path not in present and read_committed("HEAD", path) is not None]
    run_git("add", "--", *present)
    run_git("commit", "--quiet", "--only", "-m", message, "--", *present, *gone)


def ask_git(*arguments: str) -> str | None:
    """Return what git says, None when it fails."""
    done = _run(arguments)
    return done.stdout if done.returncode == 0 else None


def unmerged_files() -> set[str]:
    """Return the files that a merge has left in conflict, relative to the root of the repository."""
    lines = (ask_git("ls-files", "--unmerged", "-z") or "").split("\0")
    return {line.partition("\t")[2] for line in lines if line}


def read_side(number: int, path: str) -> str:
    """Return a conflicting file as it was at the fork (1), is on our side (2) or theirs (3); empty where absent."""
    return ask_git("show", f":{number}:{path}") or ""
