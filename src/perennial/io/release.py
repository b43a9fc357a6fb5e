"""A release is first set down whole under .perennial/, then made step by step: cut short anywhere, it is finished."""

import fcntl
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from perennial.evaluation.release import describe_release
from perennial.io.champion import NAMED, PLACEHOLDER, POINTER, hold_bento, parse_trail, read_named, refuse_misnamed
from perennial.io.files import read_json, replace_folder, write_json, write_text
from perennial.io.git import commit_files, last_change, list_changed, read_author, read_committed, read_head
from perennial.io.registry import assign_stage, list_stages, list_versions, register_version, version_tag
from perennial.refusal import Refusal

PENDING = Path(".perennial/release")
TRAIL = "models/releases.jsonl"
OWN = (POINTER, NAMED, TRAIL, PLACEHOLDER, "models/.gitignore")


@contextmanager
def hold_lock() -> Iterator[None]:
    """Let one release at a time be made in this folder; raises Refusal for a second."""
    path = Path(".perennial/release.lock")
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refusal("another release is being made in this folder: wait for it.") from None
        yield


def refuse_own_changes() -> None:
    """Raise Refusal when a file that a release writes is not as committed."""
    if changed := list_changed(*OWN):
        raise Refusal(f"{', '.join(changed)} is not as committed: commit it, or `git restore` it.")


def refuse_missing_tag() -> None:
    """Raise Refusal when the released version has no tag here, as in a clone without tags."""
    version = read_named().get("version")
    if version is not None and version not in list_versions():
        raise Refusal(f"{NAMED} names {version}, the tag {version_tag(version)} is absent: `git fetch --tags` first.")


def write_entry(action: str, version: str, stage: str, reason: str, found: Mapping[str, str]) -> dict[str, str]:
    """Return a line of the audit trail, its time apart; `found`: the hashes and the revision that made the bundle."""
    said = {"action": action, "version": version, "stage": stage, "reason": reason, "author": read_author()}
    return {**said, **{name: found[name] for name in ("bundle", "bento", "revision")}}


@contextmanager
def set_down(entry: Mapping[str, Any]) -> Iterator[Path]:
    """Yield an empty folder for the bento of a release; afterwards the release is pending, whole."""
    with replace_folder(PENDING) as place:
        (place / "bento").mkdir()
        yield place / "bento"
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        write_json(place / "entry.json", {"head": read_head(), "entry": {"time": now, **entry}})


def read_pending() -> dict[str, Any] | None:
    """Return the line of the release that was cut short, None without one."""
    if not (PENDING / "entry.json").is_file():
        return None
    entry: dict[str, Any] = read_json(PENDING / "entry.json")["entry"]
    return entry


def finish_release() -> None:
    """Make the pending release; every step may have been made before. Raises Refusal when the branch has moved."""
    pending = read_json(PENDING / "entry.json")
    entry, text = pending["entry"], read_committed("HEAD", TRAIL)
    if entry not in parse_trail(text):
        if read_head() != pending["head"]:
            raise Refusal(
                f"the release of {entry['version']} was begun at {pending['head'][:12]} and cut short: go back with "
                f"`git checkout`, or drop it with `rm -r {PENDING}`."
            )
        commit_release(entry, text)
    tag_release(entry)
    shutil.rmtree(PENDING)


def commit_release(entry: Mapping[str, Any], text: str | None) -> None:
    """Write the released files and commit exactly these; `text` is the audit trail as committed."""
    bento = PENDING / "bento"
    if any(bento.iterdir()):
        refuse_misnamed(bento, entry)
        hold_bento(bento, entry)
    write_text(TRAIL, (text or "") + json.dumps(entry, sort_keys=True, ensure_ascii=False) + "\n")
    commit_files(describe_release(entry), list_changed(*OWN))


def tag_release(entry: Mapping[str, Any]) -> None:
    """Make the tags of a release that are not there yet."""
    message = f"{describe_release(entry)}\n\n{entry['author']}"
    if entry["version"] not in list_versions():
        register_version(entry["version"], last_change(TRAIL), message)
    if list_stages().get(entry["stage"]) != entry["version"]:
        assign_stage(entry["version"], entry["stage"], message)
