"""params.yaml: the leaves a stage has declared, and nothing else."""

import difflib
from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from perennial.refusal import Refusal

PATH = "params.yaml"


def flatten(document: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each leaf of nested mappings as (dotted name, value); an empty mapping is a leaf."""
    for key, value in document.items():
        if isinstance(value, dict) and value:
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def load_params(path: str = PATH) -> dict[str, Any]:
    """Return every leaf of params.yaml by its dotted name; raises Refusal when it is not a YAML mapping."""
    try:
        with open(path, encoding="utf-8") as file:
            document = yaml.safe_load(file)
    except FileNotFoundError:
        raise Refusal(f"{path} is not there: run this in the root of the repository.") from None
    except yaml.YAMLError as error:
        raise Refusal(f"{path} is not YAML: {' '.join(str(error).split())}.") from None
    if not isinstance(document, dict):
        raise Refusal(f"{path} holds {type(document).__name__}, not sections of keys: restore it from Git.")
    return dict(flatten(document))


def _nearest(name: str, known: Iterable[str]) -> str:
    match = difflib.get_close_matches(name, list(known), n=1, cutoff=0.0)
    return f"; the nearest is `{match[0]}`" if match else ""


def refuse_unknown(leaves: Iterable[str], known: Iterable[str], sections: Iterable[str], path: str = PATH) -> None:
    """Raise Refusal at the first leaf of `sections` that no stage declares, naming the nearest declared one."""
    known, sections = set(known), set(sections)
    for name in leaves:
        if name.split(".")[0] in sections and name not in known:
            raise Refusal(f"{path} has the key `{name}`, which nothing reads{_nearest(name, sorted(known))}.")


def read_params(names: tuple[str, ...], path: str = PATH) -> dict[str, Any]:
    """Return {dotted name: value} for exactly `names`; raises Refusal when one of them is missing."""
    leaves = load_params(path)
    for name in names:
        if name not in leaves:
            raise Refusal(f"{path} has no key `{name}`{_nearest(name, leaves)}: add it.")
    return {name: leaves[name] for name in names}
