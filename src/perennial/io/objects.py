"""The objects behind dvc.lock: whose output each is, which are not what their name says, and their healing."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tqdm import tqdm

from perennial.io.stores import FOLDER_SUFFIX, Cache, Store, hash_path, is_id
from perennial.refusal import Refusal

LOCK = "dvc.lock"


@dataclass(frozen=True)
class Owner:
    """Where an object belongs: a stage, and the path of its output in the workspace."""

    stage: str
    path: str


def read_lock(path: str | Path = LOCK) -> dict[str, Any]:
    """Return dvc.lock as it is; an absent one has no stages; raises Refusal when it cannot be read."""
    if not Path(path).is_file():
        return {"stages": {}}
    return parse_lock(Path(path).read_text(encoding="utf-8", errors="replace"), path)


def parse_lock(text: str, path: str | Path) -> dict[str, Any]:
    """Return the text of a dvc.lock parsed; an empty one has no stages; raises Refusal when it is not one."""
    if "\n<<<<<<< " in f"\n{text}":
        raise Refusal(f"{path} holds a merge conflict: run `perennial merge-lock`.")
    try:
        document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or {"stages": {}}
    except yaml.YAMLError as error:
        words = " ".join(str(error).split())[:200]
        raise Refusal(f"{path} is not YAML ({words}): `git checkout {path}`, then `dvc repro`.") from None
    if not isinstance(document, dict) or not isinstance(document.get("stages", {}), dict):
        raise Refusal(f"{path} is not what DVC writes: `git checkout {path}`, then `dvc repro`.")
    return {"stages": {}} | document


def _outputs(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for stage, body in document.get("stages", {}).items():
        for out in body.get("outs") or ():
            if is_id(str(out.get("md5"))):
                yield stage, out


def _members(cache: Cache, oid: str) -> list[Mapping[str, str]]:
    with suppress(OSError, ValueError):
        listed: list[Mapping[str, str]] = json.loads(cache.path(oid).read_bytes())
        return listed
    return []


def find_owners(document: Mapping[str, Any], cache: Cache) -> dict[str, Owner]:
    """Return {object: the output it belongs to}, files inside of folders included as far as the cache knows them."""
    owners = {}
    for stage, out in _outputs(document):
        oid = str(out["md5"])
        owners[oid] = Owner(stage, str(out["path"]))
        for member in _members(cache, oid) if oid.endswith(FOLDER_SUFFIX) else ():
            owners.setdefault(member["md5"], Owner(stage, f"{out['path']}/{member['relpath']}"))
    return owners


def find_damaged(store: Store) -> list[str]:
    """Return the ids of those objects whose bytes have another MD5, sorted."""
    names = tqdm(store.ids(), desc=f"hash {store.name}", unit="object", disable=None)
    return [oid for oid in names if store.digest(oid) != oid.removesuffix(FOLDER_SUFFIX)]


def heal_object(oid: str, harmed: Store, sound: Store | None, workspace: Path | None, scratch: Path) -> bool:
    """Replace a damaged object by the same one of the workspace or of a sound store; without either it is removed."""
    harmed.remove(oid)
    wanted, copy = oid.removesuffix(FOLDER_SUFFIX), scratch / oid
    if workspace is not None and workspace.is_file():
        shutil.copyfile(workspace, copy)
    if sound is not None and not (copy.is_file() and hash_path(copy) == wanted):
        sound.get(oid, copy)
    if not (copy.is_file() and hash_path(copy) == wanted):
        return False
    harmed.put(oid, copy)
    return harmed.digest(oid) == wanted
