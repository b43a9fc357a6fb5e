"""dvc.yaml kept true: the deps that follow from imports and the params that a stage reads."""

import ast
import functools
import importlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

PACKAGE = "perennial"
CONTRACT, INGEST = "data/contract.yaml", "ingest"


def _module_file(source: Path, module: str) -> Path | None:
    base = source.joinpath(*module.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


@functools.cache
def _parse_imports(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the project's modules that a file names in its imports, and the kinds of its `load_extensions("kind")`."""
    names, kinds = set[str](), set[str]()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "load_extensions":
            kinds |= {ast.literal_eval(node.args[0])} if len(node.args) == 1 else set()
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(name for name in names if name.split(".")[0] == PACKAGE), frozenset(kinds)


def _imported_modules(file: Path, source: Path) -> set[str]:
    names, kinds = _parse_imports(file.read_text(encoding="utf-8"))
    added = [f"{PACKAGE}.extensions.{kind}" for kind in kinds]
    return set(names).union(
        f"{kind}.{path.stem}" for kind in added for path in source.joinpath(*kind.split(".")).glob("*.py")
    )


def import_closure(module: str, source: str | Path = "src") -> list[str]:
    """Return the files of every project module that importing `module` loads, parent packages included, sorted."""
    source, found, waiting = Path(source), set[Path](), [module]
    while waiting:
        parts = waiting.pop().split(".")
        for end in range(1, len(parts) + 1):
            file = _module_file(source, ".".join(parts[:end]))
            if file is not None and file not in found:
                found.add(file)
                waiting.extend(_imported_modules(file, source))
    return sorted(path.as_posix() for path in found)


def stage_module(stage: str) -> str:
    """Return the dotted module of a stage."""
    return f"{PACKAGE}.stages.{stage}"


def declared_params(stage: str) -> list[str]:
    """Return the leaves of params.yaml that a stage reads, sorted."""
    return sorted(importlib.import_module(stage_module(stage)).PARAMS)


def _says_nothing(file: Path) -> bool:
    """Tell whether a file only marks a package: no result depends on it, and DVC takes 20 ms a run for each dep."""
    return file.name == "__init__.py" and all(
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for node in ast.parse(file.read_text(encoding="utf-8")).body
    )


def stage_sources(stage: str, source: str | Path = "src") -> list[str]:
    """Return the files that a stage's result depends on: what it imports, and what it ships without importing it."""
    imported = {file for file in import_closure(stage_module(stage), source) if not _says_nothing(Path(file))}
    ships = getattr(importlib.import_module(stage_module(stage)), "SHIPS", ())
    return sorted(imported.union(*(import_closure(module, source) for module in ships)))


def _is_generated(dep: str) -> bool:
    return dep.startswith(f"src/{PACKAGE}/") and dep.endswith(".py")


def local_sources(contract: str | Path = CONTRACT) -> list[str]:
    """Return the paths of the contract's sources that are files or folders here, sorted; none without a contract."""
    if not Path(contract).is_file():
        return []
    sources = (YAML(typ="safe").load(Path(contract)) or {}).get("sources") or {}
    paths = {str(source.get("path")) for source in sources.values()}
    return sorted(path for path in paths if "://" not in path)


def with_generated(document: dict[str, Any], sources: Sequence[str] = ()) -> dict[str, Any]:
    """Fill each stage's import deps and params, and the `sources` of ingest, in place and return the document."""
    for stage, body in document["stages"].items():
        data = [dep for dep in body["deps"] if not _is_generated(dep)]
        if stage == INGEST:
            data = [dep for dep in data if dep == CONTRACT or not dep.startswith("data/")] + list(sources)
        body["deps"] = sorted(data) + stage_sources(stage)
        params = declared_params(stage)
        if params:
            body["params"] = params
        else:
            body.pop("params", None)
    return document


def render_graph(text: str) -> str:
    """Return the text of dvc.yaml with its generated parts made anew; comments stay."""
    yaml = YAML()
    yaml.width = 120
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    yaml.dump(with_generated(yaml.load(text), local_sources()), stream)
    return stream.getvalue()
