from pathlib import Path

import pytest
import yaml

from perennial.io.graph import import_closure, render_graph, stage_sources
from tests.conftest import ROOT

FILES = {
    "perennial/__init__.py": "",
    "perennial/io/__init__.py": "",
    "perennial/io/a.py": "from perennial.io import b\nimport numpy\n",
    "perennial/io/b.py": "from perennial.data.c import thing\n",
    "perennial/data/__init__.py": "import perennial.data.hidden\n",
    "perennial/data/c.py": "def late():\n    import perennial.io.lazy\n",
    "perennial/data/hidden.py": "",
    "perennial/io/lazy.py": "from perennial.io import a\n",
    "perennial/io/alone.py": "",
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A package whose modules import one another in the ways Python allows, in a circle too."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_a_closure_holds_what_is_imported_anywhere_and_the_packages_above_it(source: Path) -> None:
    found = import_closure("perennial.io.a", source)
    assert {Path(name).relative_to(source).as_posix() for name in found} == set(FILES) - {"perennial/io/alone.py"}


def test_a_module_that_is_not_of_the_project_has_no_files(source: Path) -> None:
    assert import_closure("numpy", source) == []


def test_package_depends_on_the_service_that_it_ships_without_importing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert "src/perennial/serving/service.py" in stage_sources("package")


def test_a_package_that_says_nothing_is_no_dep_of_a_stage_unless_it_is_shipped(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source / "perennial/stages").mkdir()
    (source / "perennial/stages/__init__.py").write_text('"""A mark."""\n')
    (source / "perennial/stages/gate.py").write_text("import perennial.data\n")
    names = [Path(name).relative_to(source / "perennial").as_posix() for name in stage_sources("gate", source)]
    assert names == ["data/__init__.py", "data/hidden.py", "stages/gate.py"]
    monkeypatch.chdir(ROOT)
    assert "src/perennial/io/__init__.py" not in stage_sources("gate")
    assert "src/perennial/io/__init__.py" in stage_sources("package")


def test_rendering_restores_deps_and_params_and_keeps_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text = (ROOT / "dvc.yaml").read_text()
    document = yaml.safe_load(text)
    assert "# " in text
    worn = text.replace("      - src/perennial/stages/gate.py\n", "").replace("      - problem.as_of\n", "")
    assert worn != text
    assert render_graph(worn) == text
    assert yaml.safe_load(render_graph(worn)) == document
