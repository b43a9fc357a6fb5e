"""What the service can import of what a repository adds: looked at before anything is learned with it."""

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from perennial.extensions import FOLDER
from perennial.io.added import KIND, SOURCE
from perennial.io.graph import PACKAGE, import_closure
from perennial.refusal import Refusal

SERVED = {"numpy", PACKAGE, *sys.stdlib_module_names}


def _imports_of(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield str(node.module)


def refuse_unserved(names: Iterable[str], source: Path = SOURCE) -> None:
    """Raise Refusal when an added transformer, or what it imports of the project, needs more than numpy."""
    for name in names:
        for file in map(Path, import_closure(f"{PACKAGE}.extensions.{KIND}.{name}", source)):
            for module in _imports_of(file):
                if module.split(".")[0] not in SERVED:
                    raise Refusal(
                        f"{FOLDER}/{KIND}/{name}.py imports {module} (in {file.name}), which the service has not: "
                        "write it with numpy."
                    )
