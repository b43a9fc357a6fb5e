"""YAML files as a person writes them: a key that stands twice is a mistake, not the last one's word."""

from pathlib import Path
from typing import Any

import yaml

from perennial.refusal import Refusal

_MOST_NESTED = 100
# That of libyaml is ten times as fast, where it was built in.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _OnceLoader(_Loader):  # type: ignore[misc]
    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        places: dict[Any, tuple[int, int]] = {}
        for key_node, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            key, mark = key_node.value, key_node.start_mark
            place = mark.line + 1, mark.column
            if isinstance(key, str) and places.setdefault(key, place) != place and key != "<<":
                lines = f"lines {places[key][0]} and {place[0]}" if places[key][0] != place[0] else f"line {place[0]}"
                raise Refusal(f"{mark.name} has the key `{key}` twice, in {lines}: keep one.")
        return super().construct_mapping(node, deep)


def load_yaml(path: str | Path) -> Any:
    """Return what a YAML file holds; raises Refusal when it is absent, not YAML, or has a key twice in one place."""
    try:
        with open(path, encoding="utf-8") as file:
            _refuse_depth(file, path)
            file.seek(0)
            return yaml.load(file, Loader=_OnceLoader)
    except FileNotFoundError:
        raise Refusal(f"{path} is not there: run this in the root of the repository.") from None
    except (yaml.YAMLError, ValueError, KeyError, AttributeError) as error:  # also of a date that no calendar has
        raise Refusal(f"{path} is not YAML in UTF-8: {' '.join(str(error).split())}.") from None


def _refuse_depth(file: Any, path: str | Path) -> None:
    # libyaml would go as deep as the file does, and take the process down with it.
    depth = 0
    for event in yaml.parse(file, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MOST_NESTED:
            raise Refusal(f"{path} is not YAML that a person wrote: it nests more than {_MOST_NESTED} levels.")
