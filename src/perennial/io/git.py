"""Git, asked by its own command."""

import subprocess

from perennial.refusal import Refusal


def ask_git(*words: str) -> str | None:
    """Return what a command of Git prints, or None when it fails."""
    try:
        done = subprocess.run(["git", *words], capture_output=True, text=True, errors="replace")
    except FileNotFoundError:
        raise Refusal("git is not installed: install it, then run this again.") from None
    return done.stdout if done.returncode == 0 else None


def run_git(*words: str) -> str:
    """Return what a command of Git prints; raises Refusal with its last line when it fails."""
    done = subprocess.run(["git", *words], capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise Refusal(f"`git {' '.join(words)}` failed ({lines[-1]}): mend that, then run this again.")
    return done.stdout


def unmerged_files() -> set[str]:
    """Return the files that a merge has left in conflict, relative to the root of the repository."""
    lines = (ask_git("ls-files", "--unmerged", "-z") or "").split("\0")
    return {line.partition("\t")[2] for line in lines if line}


def read_side(number: int, path: str) -> str:
    """Return a conflicting file as it was at the fork (1), is on our side (2) or theirs (3); empty where absent."""
    return ask_git("show", f":{number}:{path}") or ""
