"""`perennial merge-lock`: a dvc.lock that two branches changed, settled stage by stage."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from perennial.commands import Add
from perennial.data.lock_merge import merge_locks
from perennial.io.files import write_text
from perennial.io.git import read_side, run_git, unmerged_files
from perennial.io.objects import LOCK, parse_lock
from perennial.refusal import Refusal

ATTRIBUTES = ".gitattributes"
DRIVER = "perennial-lock"
ATTRIBUTE = f"{LOCK} merge={DRIVER}\n"


def settle(texts: Sequence[str], path: str) -> list[str]:
    """Write the merger of the texts of the fork, of ours and of theirs to `path`; return the stages left out."""
    base, ours, theirs = (parse_lock(text, LOCK) for text in texts)
    merged, dropped = merge_locks(base, ours, theirs)
    write_text(path, yaml.safe_dump(merged, sort_keys=False, allow_unicode=True))
    return dropped


def list_outputs(dropped: Sequence[str], texts: Sequence[str]) -> set[str]:
    """Return the paths of the outputs of stages on either side."""
    documents = [parse_lock(text, LOCK) for text in texts]
    bodies: list[dict[str, Any]] = [d["stages"].get(stage, {}) for d in documents for stage in dropped]
    return {out["path"] for body in bodies for out in body.get("outs", ())}


def install_driver() -> None:
    """Let Git itself merge dvc.lock this way in this clone."""
    run_git("config", f"merge.{DRIVER}.name", "dvc.lock, stage by stage")
    run_git("config", f"merge.{DRIVER}.driver", "perennial merge-lock --sides %O %A %B")
    path = Path(ATTRIBUTES)
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    if ATTRIBUTE not in text:
        write_text(path, text + ATTRIBUTE)
    print(f"Git now merges {LOCK} stage by stage in this clone: commit {ATTRIBUTES}")


def _say(dropped: Sequence[str]) -> None:
    print(f"{LOCK} is merged; both sides changed: {', '.join(dropped) or 'no stage'}")
    print("now run `dvc checkout --allow-missing` and `dvc repro`, which reruns just what the merge has changed")


def merge_lock(arguments: argparse.Namespace) -> None:
    """Settle a merge conflict in dvc.lock stage by stage, so that `dvc repro` reruns what both sides changed."""
    if arguments.install:
        install_driver()
        return
    if arguments.sides:
        texts = [Path(side).read_text(encoding="utf-8") for side in arguments.sides]
        _say(settle(texts, arguments.sides[1]))
        return
    conflicts = unmerged_files()
    if LOCK not in conflicts:
        raise Refusal(f"{LOCK} is not in conflict: run this after a `git merge` or `git rebase` that says it is.")
    texts = [read_side(number, LOCK) for number in (1, 2, 3)]
    dropped = settle(texts, LOCK)
    # Whatever side they are of, these are written anew.
    remade = sorted(conflicts & list_outputs(dropped, texts[1:]))
    if remade:
        run_git("checkout", "--ours", "--", *remade)
    run_git("add", "--", LOCK, *remade)
    _say(dropped)


def declare(add: Add) -> None:
    """Declare the words of this module and their options."""
    merge = add("merge-lock", merge_lock)
    merge.add_argument("--install", action="store_true", help="let Git merge dvc.lock this way in this clone")
    merge.add_argument(
        "--sides", nargs=3, metavar=("FORK", "OURS", "THEIRS"), help="three files, as Git's driver gives"
    )
