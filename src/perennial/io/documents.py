"""YAML files as a person writes them: a key that stands twice is a mistake, not the last one's word."""

from pathlib import Path
from typing import Any

import yaml

from perennial.refusal import Refusal


class _OnceLoader(yaml.SafeLoader):
    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        lines: dict[Any, int] = {}
        for key_node, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            key, line = key_node.value, key_node.start_mark.line + 1
            if isinstance(key, str) and lines.setdefault(key, line) != line and key != "<<":
                raise Refusal(f"{self.name} has the key `{key}` twice, in lines {lines[key]} and {line}: keep one.")
        return super().construct_mapping(node, deep)


def load_yaml(path: str | Path) -> Any:
    """Return what a YAML file holds; raises Refusal when it is absent, not YAML, or has a key twice in one place."""
    try:
        with open(path, encoding="utf-8") as file:
            return yaml.load(file, Loader=_OnceLoader)
    except FileNotFoundError:
        raise Refusal(f"{path} is not there: run this in the root of the repository.") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(f"{path} is not YAML in UTF-8: {' '.join(str(error).split())}.") from None
