"""The graph tells the truth: names, deps, params and paths of dvc.yaml are what the stages really use."""

import ast
import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from perennial.evaluation.finding import name_limits
from perennial.io.graph import declared_params, import_closure, render_graph, stage_module
from perennial.io.params import load_params
from tests.conftest import ROOT, STAGES, run_command

BESIDE_STAGES = {"problem", "engine", "serve", "log", "remote", "fetch", "records", "monitor", "features"}
UNNEEDED = {
    "ingest": {"pandas"},
    "evaluate": {"lightgbm", "optuna"},
    "gate": {"numpy"},
    "package": {"pandas"},
    "rehearse": {"sklearn", "lightgbm"},
    "report": {"numpy"},
}
"""Packages that take up to seconds to import, and that these stages were once made to do without."""
GRAPH: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


def outs_of(stage: str) -> set[str]:
    named = [*GRAPH[stage].get("outs", []), *GRAPH[stage].get("metrics", []), *GRAPH[stage].get("plots", [])]
    return {name if isinstance(name, str) else next(iter(name)) for name in named}


def test_stages_are_the_twelve_in_order() -> None:
    assert tuple(GRAPH) == STAGES


def test_stage_names_are_module_names() -> None:
    modules = {path.stem for path in (ROOT / "src/perennial/stages").glob("*.py")} - {"__init__"}
    assert modules == set(GRAPH)


def test_params_sections_are_stages_or_declared_beside_them() -> None:
    sections = {name.split(".")[0] for name in load_params(str(ROOT / "params.yaml"))}
    assert sections <= set(GRAPH) | BESIDE_STAGES


def test_every_leaf_of_params_is_read_by_somebody() -> None:
    read = {name for stage in STAGES for name in declared_params(stage)}
    beside = ("serve.", "log.", "remote.", "fetch.", "features.")
    leaves = {name for name in load_params(str(ROOT / "params.yaml")) if not name.startswith(beside)}
    assert leaves == read


def test_generated_parts_are_current() -> None:
    text = (ROOT / "dvc.yaml").read_text()
    assert render_graph(text) == text, "run `make graph` and commit dvc.yaml"


def is_mark(file: str) -> bool:
    """Tell whether a file is a package's mark: a docstring and nothing else."""
    tree = ast.parse(Path(file).read_text())
    return file.endswith("/__init__.py") and len(tree.body) == (ast.get_docstring(tree) is not None)


@pytest.mark.parametrize("stage", STAGES)
def test_deps_contain_what_the_module_really_loads_and_it_does_not_wait_for_more(stage: str) -> None:
    modules = "{name: getattr(module, '__file__', None) for name, module in sys.modules.items()}"
    code = f"import json, sys, {stage_module(stage)}; print(json.dumps({modules}))"
    loaded = json.loads(run_command(ROOT, sys.executable, "-c", code).stdout)
    files = {name for name in loaded.values() if name and name.startswith(f"{ROOT}/src/") and not is_mark(name)}
    assert {Path(name).relative_to(ROOT).as_posix() for name in files} <= set(GRAPH[stage]["deps"])
    assert not loaded.keys() & UNNEEDED.get(stage, set())


@pytest.mark.parametrize("stage", STAGES)
def test_declared_params_are_the_ones_the_code_names(stage: str) -> None:
    module = importlib.import_module(stage_module(stage))
    tree = ast.parse(Path(str(module.__file__)).read_text())
    declaration = next(
        n for n in tree.body if isinstance(n, ast.Assign | ast.AnnAssign) and "PARAMS" in ast.unparse(n)[:12]
    )
    inside = {id(node) for node in ast.walk(declaration)}
    used = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside
    }
    if stage == "gate":  # the fields of GateLimits name its limits; tests/evaluation/test_finding.py: each is read
        used |= {f"gate.{name}" for name in name_limits()}
    if stage != "report":  # the page prints every one of them
        assert set(module.PARAMS) <= used, "declared but never read"
    leaves = set(load_params(str(ROOT / "params.yaml")))
    assert used & leaves <= set(module.PARAMS), "read but not declared"


@pytest.mark.parametrize("stage", STAGES)
def test_every_path_a_stage_opens_is_declared(stage: str, project: Path) -> None:
    declared = set(GRAPH[stage]["deps"]) | outs_of(stage) | {"params.yaml", "dvc.yaml"}
    opened = project / "opened.txt"
    watch = f"""
import os, runpy, sys
log = open({str(opened)!r}, "w")
def hook(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        log.write(os.path.abspath(arguments[0]) + chr(10)); log.flush()
sys.addaudithook(hook)
runpy.run_module("perennial.stages.{stage}", run_name="__main__")
"""
    done = run_command(project, sys.executable, "-c", watch)
    assert done.returncode == 0, done.stderr
    inside = [
        Path(line).relative_to(project).as_posix()
        for line in opened.read_text().splitlines()
        if line.startswith(f"{project}/")
    ]
    free = (".perennial/", "src/", "opened.txt", "reports/", "dvclive/")
    # Folders are opened while they are replaced, some by names that are relative to another folder.
    undeclared = {
        path
        for path in inside
        if (project / path).is_file()
        and not path.startswith(free)
        and not any(path == name or path.startswith(f"{name}/") for name in declared)
    }
    assert undeclared == set(), undeclared


def test_import_closure_follows_packages_and_modules(tmp_path: Path) -> None:
    package = tmp_path / "perennial"
    (package / "data").mkdir(parents=True)
    for name in ("__init__", "data/__init__", "data/b"):
        (package / f"{name}.py").write_text("")
    (package / "a.py").write_text("from perennial.data import b\nimport os\n")
    names = [Path(name).relative_to(package).as_posix() for name in import_closure("perennial.a", tmp_path)]
    assert names == ["__init__.py", "a.py", "data/__init__.py", "data/b.py"]
