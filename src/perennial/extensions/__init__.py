"""What a repository adds to the project: one object in one file named after it; docs/extending.md says how."""

import functools
import pkgutil
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from perennial.refusal import Refusal

FOLDER = "src/perennial/extensions"
OBJECTS = {
    **{"families": "FAMILY", "metrics": "METRIC", "checks": "CHECK"},
    **{"transformers": "TRANSFORMER", "sources": "SOURCE"},
}


def list_extensions(kind: str) -> list[str]:
    """Return the names of what is added of a kind of `OBJECTS`, sorted; nothing of it is imported."""
    return sorted(module.name for module in pkgutil.iter_modules([f"{place}/{kind}" for place in __path__]))


@functools.cache
def load_extensions(kind: str) -> Mapping[str, Any]:
    """Return what is added of a kind of `OBJECTS`, by name.

    Whoever calls this with a literal depends on all files of the kind, for DVC too. Raises Refusal for a file without
    its object.
    """
    found = {}
    for name in list_extensions(kind):
        try:
            module = import_module(f"{__name__}.{kind}.{name}")
        except ModuleNotFoundError as error:
            raise Refusal(f"{FOLDER}/{kind}/{name}.py needs the module {error.name}, which is not here.") from None
        if not hasattr(module, OBJECTS[kind]):
            raise Refusal(f"{FOLDER}/{kind}/{name}.py has no {OBJECTS[kind]}: define it there.")
        found[name] = getattr(module, OBJECTS[kind])
    return found


def add_extensions(known: Mapping[str, Any], added: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return what is known and then what is added; raises Refusal for a name that is taken."""
    for name in sorted(known.keys() & added.keys()):
        raise Refusal(f"{FOLDER}/{kind}/{name}.py has a name that is taken: rename the file.")
    return {**known, **added}
