"""`perennial promote` and `perennial rollback`: which bento is released, said by Git's tags, DVC and an audit trail."""

import argparse
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from perennial.commands import Add
from perennial.commands.models import read_promotion
from perennial.commands.serving import BENTO, refuse_unpackaged
from perennial.commands.verdict import find_reasons
from perennial.evaluation.release import check_words, name_version, next_version
from perennial.io.bundle import bundle_hash, load_bundle
from perennial.io.cache import has_remote, list_stale
from perennial.io.champion import (
    CHAMPION,
    describe_interface,
    fetch_released,
    identify_bento,
    read_named,
    refuse_misnamed,
)
from perennial.io.environment import fresh_environment
from perennial.io.git import list_changed, read_author, read_head
from perennial.io.params import read_params
from perennial.io.registry import list_stages, list_versions, version_tag
from perennial.io.rehearsal import check_packed, rehearse_bento
from perennial.io.release import (
    TRAIL,
    finish_release,
    hold_lock,
    read_pending,
    refuse_missing_tag,
    refuse_own_changes,
    set_down,
    write_entry,
)
from perennial.io.scratch import scratch_folder
from perennial.refusal import Refusal
from perennial.stages.rehearse import BUNDLE, PARAMS, read_budgets, write_script

Found = dict[str, str]


def say(sentence: str) -> None:
    """Print a line of progress at once."""
    print(sentence, flush=True)


def prepare(arguments: argparse.Namespace) -> None:
    """Refuse what no release can be made of, and finish the release that was cut short before."""
    check_words(arguments.stage, arguments.reason)
    read_head()
    read_author()
    pending = read_pending()
    if pending is None:
        refuse_own_changes()
    elif arguments.dry_run:
        say(f"the release of {pending['version']} to {pending['stage']} was cut short and would be finished first")
    else:
        finish_release()
        say(f"finished the release of {pending['version']} to {pending['stage']}, which had been cut short")
    refuse_missing_tag()


def identify_candidate() -> Found:
    """Return the hashes of the packaged bento; raises Refusal unless it is unaltered, blessed and rehearsed."""
    load_bundle(BUNDLE)
    bundle = bundle_hash(BUNDLE)
    if reasons := find_reasons(bundle):
        raise Refusal("\n  ".join([f"bundle {bundle[:12]} is not to be released:", *reasons]))
    refuse_unpackaged(BENTO)
    check_packed(BENTO, bundle)
    return identify_bento(BENTO)


def refuse_untrue_revision() -> None:
    """Raise Refusal unless the newest commit tells how the bento was made: nothing changed, nothing stale."""
    if changed := list_changed():
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        raise Refusal(f"{', '.join(changed[:3])}{more} is not committed: a release names the revision that made it.")
    if stale := list_stale():
        raise Refusal(f"{', '.join(stale)}: not what dvc.lock says: `make repro`, commit dvc.lock, promote again.")


def rehearse_afresh(bento: Path) -> None:
    """Rehearse a bento in an environment made from its own lock alone; raises Refusal with the checks that fail."""
    p = read_params(PARAMS)
    script = write_script(load_bundle(BUNDLE), p)
    say("making a fresh environment from the lock inside the bento")
    with fresh_environment(bento / "env/python/requirements.txt") as python:
        say("rehearsing the bento in it")
        checks, _ = rehearse_bento(bento, script, read_budgets(p), python)
    if failed := [f"{one['name']}: {one['sentence']}" for one in checks if not one["passed"]]:
        raise Refusal("\n  ".join(["the rehearsal in a fresh environment failed:", *failed]))
    say(f"{len(checks)} checks passed")


def choose_version(bento: Path) -> str:
    """Return the version of a new release; its first number moves when callers must send or read something else."""
    same = bool(read_named()) and describe_interface(bento) == describe_interface(CHAMPION)
    return next_version(list_versions(), same)


def say_change(entry: Mapping[str, Any], dry_run: bool) -> None:
    """Print what a release changes before it does."""
    held = list_stages().get(entry["stage"], "nothing")
    say(f"{'would change' if dry_run else 'changes'} {entry['stage']} from {held} to {entry['version']}:")
    say(f"  bundle {entry['bundle'][:12]}, made by revision {entry['revision'][:12]}")
    files = "" if entry["bento"] == read_named().get("bento") else f"{CHAMPION}.dvc, {CHAMPION}.json and "
    say(f"  one commit: {files}a line of {TRAIL}")
    new = "" if entry["version"] in list_versions() else f"the tag {version_tag(entry['version'])}, "
    say(f"  {new}a tag of the stage {entry['stage']}; nothing is pushed")
    if not has_remote():
        say("  no DVC remote is configured: `dvc remote add --default NAME URL` first, for others to get this version")


def make_release(entry: Mapping[str, Any], bento: Path | None) -> None:
    """Set a release down, then make it; without a bento the released one stays."""
    with set_down(entry) as place:
        if bento is not None:
            shutil.copytree(bento, place, dirs_exist_ok=True)
    finish_release()
    say(f"{entry['stage']} is {entry['version']}; share it: `dvc push && git push --follow-tags`")


def promote(arguments: argparse.Namespace) -> None:
    """Release the packaged bento: rehearse it in a fresh environment, commit it as the champion, tag the commit."""
    with hold_lock():
        prepare(arguments)
        found, named = identify_candidate(), read_named()
        if found["bento"] == named.get("bento"):
            promote_again(arguments, named["version"])
            return
        refuse_untrue_revision()
        version = choose_version(BENTO)
        entry = write_entry("promote", version, arguments.stage, arguments.reason, {**found, "revision": read_head()})
        say_change(entry, arguments.dry_run)
        if not arguments.dry_run:
            rehearse_afresh(BENTO)
            make_release(entry, BENTO)


def promote_again(arguments: argparse.Namespace, version: str) -> None:
    """Give a stage to the version that is the champion already, or say that it has it."""
    if list_stages().get(arguments.stage) == version:
        say(f"{arguments.stage} is {version} with this very bento already: nothing to change")
        return
    made = read_promotion(version)
    refuse_misnamed(CHAMPION, made)
    entry = write_entry("promote", version, arguments.stage, arguments.reason, made)
    say_change(entry, arguments.dry_run)
    if not arguments.dry_run:
        make_release(entry, None)


def roll_back(arguments: argparse.Namespace) -> None:
    """Make a released version the champion again, from the local cache alone: no network, no rehearsal."""
    with hold_lock(), scratch_folder("rollback") as place:
        prepare(arguments)
        version = name_version(arguments.version, list_versions())
        if read_named().get("version") == version == list_stages().get(arguments.stage):
            say(f"{arguments.stage} is {version} already: nothing to change")
            return
        made = read_promotion(version)
        fetch_released(version, made, place)
        entry = write_entry("rollback", version, arguments.stage, arguments.reason, made)
        say_change(entry, arguments.dry_run)
        if not arguments.dry_run:
            make_release(entry, place)


def declare(add: Add) -> None:
    """Declare the words of this module and their options."""
    for name, run in (("promote", promote), ("rollback", roll_back)):
        command = add(name, run)
        command.add_argument("--stage", default="prod", help="what the version is released to (prod)")
        command.add_argument("--reason", required=True, metavar="TEXT", help="why, for the audit trail")
        command.add_argument("--dry-run", action="store_true", help="say what would change, change nothing")
    command.add_argument("version", metavar="VERSION", help="as `perennial versions` names it")
