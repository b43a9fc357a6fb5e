"""The released bento in models/champion/ (DVC), its name in models/champion.json (Git), and what it says of itself."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from perennial.io.bento import SUMS, verify_sums
from perennial.io.bundle import BOUNDS, bundle_hash, read_part, verify_bundle
from perennial.io.cache import restore_tracked, track
from perennial.io.files import read_json, replace_folder, sha256_file, write_json, write_text
from perennial.io.git import read_committed, run_git
from perennial.io.registry import version_tag
from perennial.refusal import Refusal

CHAMPION, NAMED = "models/champion", "models/champion.json"
POINTER = f"{CHAMPION}.dvc"
PLACEHOLDER = f"{CHAMPION}/unreleased.txt"


def identify_bento(bento: str | Path, remedy: str = "") -> dict[str, str]:
    """Return the hashes {"bundle", "bento"} of a bento as packed; raises Refusal when a file of it is altered."""
    verify_sums(bento, remedy)
    return {"bundle": bundle_hash(Path(bento) / "src/bundle"), "bento": sha256_file(Path(bento) / SUMS)}


def read_named() -> dict[str, Any]:
    """Return what models/champion.json names: {"bundle", "bento", "version"}, empty before the first release."""
    named: dict[str, Any] = read_json(NAMED)
    return named


def describe_interface(bento: str | Path) -> list[Any]:
    """Return what callers of a bento must send and will read.

    In it are neither the order of the inputs nor how they are described in words.
    """
    bundle = Path(bento) / "src/bundle"
    manifest = verify_bundle(bundle)
    bounded = [BOUNDS] if BOUNDS in manifest["files"] else []
    document = read_part(bundle, "schema.json")
    inputs = {one["name"]: {name: one[name] for name in one if name != "description"} for one in document["inputs"]}
    return [manifest["task"], manifest["classes"], document | {"inputs": inputs}, *bounded]


def refuse_misnamed(bento: str | Path, entry: Mapping[str, Any], remedy: str = "") -> None:
    """Raise Refusal unless a bento is unaltered and the one that a line of the audit trail names."""
    found = identify_bento(bento, remedy)
    for name, digest in found.items():
        if digest != entry[name]:
            raise Refusal(f"the {name} of {entry['version']} has the hash {digest}, released was {entry[name]}.")


def hold_bento(bento: str | Path, entry: Mapping[str, Any]) -> None:
    """Put a bento into models/champion/ and the cache, and its name into models/champion.json."""
    for left in Path(CHAMPION).parent.glob(".champion.*"):
        shutil.rmtree(left)  # of a release that was cut short
    with replace_folder(CHAMPION) as place:
        shutil.copytree(bento, place, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    # DVC takes no folder of which Git holds a file, as it does before the first release.
    run_git("rm", "-r", "--quiet", "--cached", "--ignore-unmatch", "--", CHAMPION)
    track(CHAMPION)
    write_json(NAMED, {name: entry[name] for name in ("bundle", "bento", "version")})


def fetch_released(version: str, made: Mapping[str, Any], target: str | Path) -> None:
    """Copy the bento of a version out of the local cache into an empty folder, verified by the line that made it.

    Raises Refusal when the cache does not hold it as it was released.
    """
    pointer = read_committed(version_tag(version), POINTER)
    if pointer is None:
        raise Refusal(f"the tag {version_tag(version)} holds no {POINTER}: it was not made by `perennial promote`.")
    fetch = f"`dvc fetch --all-tags {POINTER}`"
    absent = f"{version} is not in the local cache: {fetch} brings it from the remote."
    with restore_tracked(pointer, absent) as bento:
        shutil.copytree(bento, target, dirs_exist_ok=True)
    refuse_misnamed(target, made, f"the local cache holds {version} altered; remove the cache, then {fetch}")


def parse_trail(text: str | None) -> list[dict[str, Any]]:
    """Return the lines of an audit trail, oldest first; none where there is no trail."""
    return [json.loads(line) for line in (text or "").splitlines()]


def forget_released() -> None:
    """Put back what is there before the first release; tags and the audit trail stay."""
    shutil.rmtree(CHAMPION, ignore_errors=True)
    Path(POINTER).unlink(missing_ok=True)
    ignored = Path(CHAMPION).parent / ".gitignore"
    if ignored.is_file():
        lines = ignored.read_text(encoding="utf-8").splitlines(keepends=True)
        write_text(ignored, "".join(line for line in lines if line.strip() != "/champion"))
    write_text(PLACEHOLDER, "No model is released yet.\n")
    write_json(NAMED, {})
