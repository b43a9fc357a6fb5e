"""params.yaml: the leaves a stage has declared, and nothing else."""

import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from perennial.io.clashes import refuse_clashes
from perennial.io.documents import load_yaml
from perennial.io.leaves import read_instant, refuse_misfits
from perennial.refusal import Refusal

PATH, GRAPH = "params.yaml", "dvc.yaml"
BESIDE_STAGES = {"serve", "log", "remote", "fetch", "records", "monitor", "features"}
"""Sections that no stage reads."""


def flatten(document: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each leaf of nested mappings as (dotted name, value); an empty mapping is a leaf."""
    for key, value in document.items():
        if isinstance(value, dict) and value:
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _load_mapping(path: str | Path) -> dict[str, Any]:
    document = load_yaml(path)
    if not isinstance(document, dict):
        raise Refusal(f"{path} holds {type(document).__name__}, not sections of keys: restore it from Git.")
    return document


def load_params(path: str = PATH) -> dict[str, Any]:
    """Return every leaf of params.yaml by its dotted name; raises Refusal when it is not a YAML mapping."""
    return dict(flatten(_load_mapping(path)))


def graph_params(path: str | Path = GRAPH) -> set[str]:
    """Return the leaves that the stages of dvc.yaml declare; none where that file is absent."""
    if not Path(path).is_file():
        return set()
    stages = _load_mapping(path).get("stages") or {}
    return {name for stage in stages.values() for name in stage.get("params") or () if isinstance(name, str)}


def _nearest(name: str, known: Iterable[str]) -> str:
    match = difflib.get_close_matches(name, list(known), n=1, cutoff=0.0)
    return f"; the nearest is `{match[0]}`" if match else ""


def refuse_unknown(leaves: Iterable[str], known: Iterable[str], sections: Iterable[str], path: str = PATH) -> None:
    """Raise Refusal at the first leaf of `sections` that is not `known`, naming the nearest known one."""
    known, sections = set(known), set(sections)
    for name in leaves:
        if name.split(".")[0] in sections and name not in known:
            raise Refusal(f"{path} has the key `{name}`, which nothing reads{_nearest(name, sorted(known))}.")


def read_params(names: tuple[str, ...], path: str = PATH) -> dict[str, Any]:
    """Return {dotted name: value} for exactly `names`, problem.as_of as text in UTC without zone.

    Raises Refusal when one of them is missing, and, so that no run finds out late, when any leaf of the file has
    another type, a value out of bounds, or one that cannot be meant beside another, or is declared by no stage of
    the dvc.yaml beside it.
    """
    leaves = load_params(path)
    for name in names:
        if name not in leaves:
            raise Refusal(f"{path} has no key `{name}`{_nearest(name, leaves)}: add it.")
    if known := graph_params(Path(path).with_name(GRAPH)):
        refuse_unknown(leaves, known | set(names), {name.split(".")[0] for name in leaves} - BESIDE_STAGES, path)
    refuse_misfits(leaves, path)
    refuse_clashes(leaves, path)
    return {name: read_instant(leaves[name]) if name == "problem.as_of" else leaves[name] for name in names}
