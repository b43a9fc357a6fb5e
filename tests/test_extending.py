"""The page that says how the project is extended, followed to the letter in a fresh copy."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from perennial.io.files import read_json, sha256_file, write_json
from perennial.io.graph import import_closure
from perennial.io.tables import read_table, write_table
from tests.adoption.tables import customers
from tests.conftest import ROOT, release_nothing, set_params
from tests.io.fetched import make_repository
from tests.io.ftp import NAME, PASSWORD, ftp_server
from tests.page import FILES
from tests.stages.learned import make_project
from tests.tiny import write_verdict

TRANSFORMER = "extensions/transformers/frequency.py"
pytestmark = pytest.mark.timeout(900)
ADDED = {
    **{"families": "forest", "metrics": "far_off", "checks": "slices_filled"},
    **{"transformers": "frequency", "sources": "ftp"},
}


def add_files(source: Path) -> None:
    for name, text in FILES.items():
        (source / "perennial" / name).write_text(text)


def bend(folder: Path) -> None:
    """Make the target one that no straight line follows."""
    rows = read_table(folder / "data/examples.parquet")
    write_table(folder / "data/examples.parquet", rows.assign(late=20.0 * rows["delay"].abs() + rows["wind"].fillna(0)))


def declare(folder: Path, transformer: str) -> None:
    """Declare the transformer as the page says."""
    contract = yaml.safe_load((folder / "data/contract.yaml").read_text())
    contract["examples"]["carrier"]["encode"] = transformer
    (folder / "data/contract.yaml").write_text(yaml.safe_dump(contract, sort_keys=False))


def run(folder: Path, *command: str) -> str:
    """Run Python in the copy, with the source of the copy."""
    environment = os.environ | {"PYTHONPATH": str(folder / "src")}
    done = subprocess.run([sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small project with its own source, to which the page's five files are added; judged."""
    small = {"search__families": ["forest", "linear"], "search__trials": 3, "train__members": 1}
    folder = make_project(tmp_path_factory.mktemp("extended") / "p", "regression", **small)
    bend(folder)
    declare(folder, "frequency")
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    add_files(folder / "src")
    (folder / "requirements").symlink_to(ROOT / "requirements")
    release_nothing(folder)
    write_json(folder / "metrics/point_in_time.json", {"auditable": True, "passed": True, "differences": []})
    set_params(folder, {"train.confidence": 0.01, "evaluate.linear_rows": 1000, "evaluate.importance_rows": 200})
    for stage in ("split", "search"):
        run(folder, "-m", f"perennial.stages.{stage}")
    with pytest.raises(AssertionError, match=r"_tree\.Tree, which skops does not trust .* train\.trusted_types"):
        run(folder, "-m", "perennial.stages.train")
    set_params(folder, {"train.trusted_types": ["sklearn.tree._tree.Tree"]})
    for stage in ("train", "evaluate", "gate"):
        run(folder, "-m", f"perennial.stages.{stage}")
    return folder


def test_the_page_has_one_of_each() -> None:
    assert sorted(FILES) == sorted(f"extensions/{kind}/{name}.py" for kind, name in ADDED.items())


def test_each_file_is_a_dependency_of_the_stages_that_use_it_and_of_no_other(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    add_files(tmp_path / "src")
    uses = {
        stage: {kind for kind, name in ADDED.items() if f"extensions/{kind}/{name}.py" in " ".join(closure)}
        for stage in ("ingest", "assemble", "search", "train", "evaluate", "gate", "package")
        for closure in [import_closure(f"perennial.stages.{stage}", tmp_path / "src")]
    }
    assert uses == {
        **{"ingest": set(), "assemble": set(), "search": {"families", "transformers"}},
        **{"train": {"families", "metrics", "transformers"}, "evaluate": {"metrics", "transformers"}},
        **{"gate": {"checks"}, "package": {"checks", "transformers"}},
    }


@pytest.mark.parametrize(("text", "said"), [("", r"forest\.py has no FAMILY"), (None, r"linear\.py has a name")])
def test_a_file_that_adds_nothing_or_takes_a_name_is_refused(tmp_path: Path, text: str | None, said: str) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    body = FILES["extensions/families/forest.py"] if text is None else text
    name = "linear" if text is None else "forest"
    (tmp_path / f"src/perennial/extensions/families/{name}.py").write_text(body)
    code = "from perennial.model.candidates import find_family; find_family('lightgbm')"
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "src")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert re.search(said, done.stderr)


@pytest.mark.slow
def test_an_added_family_is_searched_and_served_through_scikit_learn(copy: Path) -> None:
    assert "forest" in read_json(copy / "metrics/search.json")["families"]
    [member] = read_json(copy / "models/bundle/model.json")["members"]
    assert member["family"] == "estimator"
    assert read_json(copy / "metrics/train.json")["members"][0]["family"] == "forest"


@pytest.mark.slow
def test_the_same_estimator_is_the_same_bytes(copy: Path) -> None:
    before = read_json(copy / "metrics/train.json")["bundle"]
    run(copy, "-m", "perennial.stages.train")
    assert read_json(copy / "metrics/train.json")["bundle"] == before


@pytest.mark.slow
def test_an_added_score_has_its_interval_and_an_added_check_judges(copy: Path) -> None:
    score = read_json(copy / "metrics/evaluation.json")["metrics"]["far_off"]
    assert score["interval"][0] <= score["value"] <= score["interval"][1]
    assert "far_off" in read_json(copy / "metrics/scores.json")
    [check] = [one for one in read_json(copy / "metrics/gate.json")["checks"] if one["name"] == "slices_filled"]
    assert check["passed"] is (check["value"] >= 100)


@pytest.mark.slow
def test_its_bento_asks_for_scikit_learn_and_answers_as_judged(copy: Path) -> None:
    write_verdict(copy, read_json(copy / "metrics/train.json")["bundle"])
    set_params(copy, {"rehearse.rows": 20, "rehearse.requests": 20, "rehearse.p50_ms": 2000, "rehearse.p95_ms": 9000})
    for stage in ("package", "rehearse"):
        run(copy, "-m", f"perennial.stages.{stage}")
    assert "skops==" in (copy / "models/bento/env/python/requirements.txt").read_text()
    checks = read_json(copy / "metrics/rehearsal.json")["checks"]
    assert [check for check in checks if not check["passed"]] == []
    assert (copy / "models/bento/src" / f"perennial/{TRANSFORMER}").read_text() == FILES[TRANSFORMER]
    assert TRANSFORMER in (copy / "models/bento/SHA256SUMS").read_text()


@pytest.mark.slow
def test_an_added_transformer_lies_in_the_bundle_by_name_and_hash(copy: Path) -> None:
    [column] = [one for one in read_json(copy / "models/bundle/encoder.json")["columns"] if one["kind"] == "added"]
    assert (column["name"], column["by"], column["parts"]) == ("carrier", "frequency", ["share"])
    assert sum(column["learned"].values()) == pytest.approx(1.0)
    file = copy / "src/perennial/extensions/transformers/frequency.py"
    assert read_json(copy / "models/bundle/manifest.json")["transformers"] == {"frequency": sha256_file(file)}


@pytest.mark.slow
def test_an_added_kind_of_source_is_adopted_and_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("FTP_USER", NAME), ("FTP_WORD", PASSWORD), ("DVC_SITE_CACHE_DIR", str(tmp_path / "dvc"))):
        monkeypatch.setenv(name, value)
    folder = make_repository(tmp_path / "clone")
    (folder / "src").unlink()
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    add_files(folder / "src")
    for words in (["add", "-A"], ["-c", "user.name=A", "-c", "user.email=a@b.org", "commit", "-qm", "own source"]):
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)
    files = {"/out/customers.csv": customers().to_csv(index=False).encode()}
    with ftp_server(files) as address:
        url = f"ftp://${{FTP_USER}}:${{FTP_WORD}}@{address}/out/customers.csv"
        run(folder, "-m", "perennial.cli", "adopt", url, "--target", "churned", "--yes")
        assert url in (folder / "data/contract.yaml").read_text()
        assert "nothing new" in run(folder, "-m", "perennial.cli", "fetch")
        files["/out/customers.csv"] = customers().head(150).to_csv(index=False).encode()
        assert "customers: 150 rows; changed" in run(folder, "-m", "perennial.cli", "fetch")
    words = [sys.executable, "-m", "perennial.cli", "fetch"]
    away = os.environ | {"PYTHONPATH": str(folder / "src")}
    done = subprocess.run(words, cwd=folder, env=away, capture_output=True, text=True)
    assert done.returncode == 1
    assert "the source customers is down: ftp does not answer" in done.stderr
    assert "still holds 150 rows" in done.stderr
    assert "Traceback" not in done.stderr
    assert PASSWORD not in done.stderr


def test_the_files_of_the_page_are_written_as_the_project_is(tmp_path: Path) -> None:
    for name, text in FILES.items():
        path = tmp_path / Path(name).name
        path.write_text(text)
        done = subprocess.run(
            [Path(sys.executable).parent / "ruff", "format", "--check", "--config", ROOT / "pyproject.toml", path]
        )
        assert done.returncode == 0, name
