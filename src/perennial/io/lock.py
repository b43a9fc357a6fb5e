"""dvc.lock against what the code gives: which stages to believe, and which committed results are not what ran."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from perennial.io.files import write_text
from perennial.io.git import list_changed, read_committed, run_git
from perennial.io.revisions import LOCK, read_stages
from perennial.report.change import diff_stages


def doubted_stages(base: str | None) -> list[str]:
    """Return the stages whose locked entry is not that of the base, which was proven there; without base all."""
    committed = read_stages("HEAD")
    return [change.name for change in diff_stages(read_stages(base) if base else {}, committed)]


def forget_stages(names: list[str], path: str = LOCK) -> None:
    """Take stages out of dvc.lock, so that DVC can believe nothing that it says of them."""
    place = Path(path)
    document = yaml.safe_load(place.read_text(encoding="utf-8")) if place.is_file() else None
    if document and names:
        document["stages"] = {name: entry for name, entry in document["stages"].items() if name not in names}
        write_text(place, yaml.safe_dump(document, sort_keys=False))


def restore_lock(path: str = LOCK) -> None:
    """Put the committed bytes of dvc.lock back when it says the same: DVC appends what was forgotten."""
    committed, place = read_committed("HEAD", path), Path(path)
    if committed and place.is_file() and yaml.safe_load(committed) == yaml.safe_load(place.read_text("utf-8")):
        write_text(place, committed)
        run_git("add", "--", path)  # DVC has staged its own order


def stale_stages(path: str = LOCK) -> list[str]:
    """Return the stages of which HEAD holds another entry or another result than the working tree, in graph order."""
    document = yaml.safe_load(Path(path).read_text(encoding="utf-8")) if Path(path).is_file() else {}
    current: dict[str, Any] = (document or {}).get("stages") or {}
    names = {change.name for change in diff_stages(read_stages("HEAD"), current)}
    changed = set(list_changed())
    names |= {name for name, entry in current.items() if not changed.isdisjoint(paths_of(entry))}
    return [name for name in current if name in names] + sorted(names - current.keys())


def paths_of(entry: Mapping[str, Any]) -> list[str]:
    """Return what a stage writes."""
    return [out["path"] for out in entry.get("outs") or ()]
