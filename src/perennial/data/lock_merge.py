"""Two branches' dvc.lock merged stage by stage: what one side changed is taken, what both changed is made again."""

from collections.abc import Mapping
from typing import Any

_ABSENT = object()


def merge_sections(
    base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Return the merged entries in the order of ours, then of theirs, and the names that both sides changed.

    An entry that both changed differently is left out, so that DVC runs its stage again.
    """
    merged, dropped = {}, []
    for name in dict.fromkeys((*ours, *theirs)):
        before, left, right = (side.get(name, _ABSENT) for side in (base, ours, theirs))
        if left == right or right == before:
            entry = left
        elif left == before:
            entry = right
        else:
            entry = _ABSENT
            dropped.append(name)
        if entry is not _ABSENT:
            merged[name] = entry
    return merged, dropped


def merge_locks(
    base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Return the merged dvc.lock and the stages whose entries were left out, each of the three a parsed dvc.lock."""
    stages, dropped = merge_sections(*(side.get("stages") or {} for side in (base, ours, theirs)))
    return {"schema": ours.get("schema", theirs.get("schema", "2.0")), "stages": stages}, dropped
