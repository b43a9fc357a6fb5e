"""`perennial versions` and `perennial show`: what was released, out of Git alone."""

import argparse
import json

from perennial.commands import Add
from perennial.commands.models import read_promotion
from perennial.evaluation.release import name_version, shorten, tabulate
from perennial.io.champion import parse_trail
from perennial.io.git import read_committed, read_head
from perennial.io.registry import commit_of, list_stages, list_versions, stages_of, version_tag
from perennial.io.release import TRAIL


def list_releases(_arguments: argparse.Namespace) -> None:
    """Print every released version: the stages it holds, when, which bundle, by whom and why."""
    read_head()
    stages, versions = list_stages(), list_versions()
    if not versions:
        print("nothing is released yet: `perennial promote --reason TEXT` releases the packaged bento")
        return
    print(tabulate([shorten(read_promotion(version), stages_of(version, stages)) for version in versions]))


def show_release(arguments: argparse.Namespace) -> None:
    """Print what is known of one version: its hashes, its scores, and every line of the audit trail about it."""
    read_head()
    version = name_version(arguments.version, list_versions())
    tag, made = version_tag(version), read_promotion(version)
    stages = ", ".join(stages_of(version, list_stages())) or "none"
    facts = {"version": version, "stages": stages, "tag": tag, "commit": commit_of(tag)}
    for name, value in (facts | {name: made[name] for name in ("revision", "bundle", "bento")}).items():
        print(f"{name:9} {value}")
    for name, value in json.loads(read_committed(tag, "metrics/scores.json") or "{}").items():
        print(f"  {name:26} {value}")
    for one in parse_trail(read_committed("HEAD", TRAIL)):
        if one["version"] == version:
            print(f"{one['time']}  {one['action']} to {one['stage']} by {one['author']}: {one['reason']}")


def declare(add: Add) -> None:
    """Declare the words of this module and their options."""
    add("versions", list_releases)
    add("show", show_release).add_argument("version", metavar="VERSION", help="as `perennial versions` names it")
