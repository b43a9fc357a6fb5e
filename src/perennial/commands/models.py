"""Which model a person means: a folder, or a released version out of the local cache, verified before it is named."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from perennial.evaluation.release import find_promotion, name_version
from perennial.io.bento import SUMS, verify_sums
from perennial.io.bundle import MANIFEST, verify_bundle
from perennial.io.champion import fetch_released, parse_trail
from perennial.io.files import replace_folder
from perennial.io.git import read_committed
from perennial.io.registry import list_versions, version_tag
from perennial.io.release import TRAIL
from perennial.refusal import Refusal

RELEASED = Path(".perennial/released")


def read_promotion(version: str) -> Mapping[str, Any]:
    """Return the line of the audit trail that made a version, as committed with it."""
    return find_promotion(parse_trail(read_committed(version_tag(version), TRAIL)), version)


def find_bento(word: str) -> Path:
    """Return the folder of a bento that is named by its path or its version; raises Refusal when it is altered."""
    if Path(word).is_dir():
        verify_sums(word, "pack it again, or fetch it again")
        return Path(word).absolute()
    version = name_version(word, list_versions())
    with replace_folder(RELEASED / version) as place:
        fetch_released(version, read_promotion(version), place)
    return (RELEASED / version).absolute()


def find_bundle(word: str) -> Path:
    """Return the folder of a bundle, named by its path, by that of a bento that holds it, or by a released version."""
    place = Path(word)
    if place.is_dir() and not (place / SUMS).is_file():
        if not (place / MANIFEST).is_file():
            raise Refusal(f"{place} holds neither a bento nor a bundle: name such a folder, or a released version.")
        bundle = place.absolute()
    else:
        bundle = find_bento(word) / "src" / "bundle"
    verify_bundle(bundle)
    return bundle
