import argparse
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from perennial.cli import parse_arguments
from perennial.commands.adopt import adopt, name_table
from perennial.io.contract import read_contract
from perennial.io.params import load_params
from perennial.io.sources import locate
from perennial.refusal import Refusal
from tests.adoption.tables import customers, orders
from tests.conftest import copy_inputs


def git(*words: str) -> str:
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Git and DVC repository with the problem that ships, and a table beside it."""
    folder = copy_inputs(tmp_path / "clone")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "dvc"))
    customers().to_csv(tmp_path / "customers.csv", index=False)
    (folder / ".gitignore").write_text("/.perennial/\n")
    git("init", "-q")
    subprocess.run(["dvc", "init", "-q"], check=True)
    for name, value in (("user.name", "A"), ("user.email", "a@example.org")):
        git("config", name, value)
    git("add", "-A")
    git("commit", "-qm", "begin")
    return folder


def run(*words: str) -> None:
    adopt(parse_arguments(["adopt", *words]))


def test_a_table_becomes_the_problem() -> None:
    run("../customers.csv", "--target", "churned", "--yes")
    params, contract = load_params(), read_contract()
    assert (params["problem.task"], params["problem.target"], params["problem.key"]) == (
        *("binary", "churned", "customer_id"),
    )
    assert list(contract.sources) == ["customers"]
    assert locate(contract.sources["customers"].path)
    assert "data/source/customers.csv" in Path("dvc.yaml").read_text()
    assert Path("data/source.dvc").exists()
    changed = {line[3:] for line in git("status", "--porcelain").splitlines()}
    assert {"data/contract.yaml", "data/examples.sql", "params.yaml", "dvc.yaml"} <= changed


def test_a_dry_run_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    run("../customers.csv", "--dry-run")
    assert git("status", "--porcelain") == ""
    assert "asked: churned, binary" in capsys.readouterr().out


def test_a_tree_that_is_not_committed_is_refused() -> None:
    Path("notes.txt").write_text("mine")
    with pytest.raises(Refusal, match=r"notes\.txt is not committed"):
        run("../customers.csv", "--yes")


def test_nobody_to_ask_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refusal, match="--yes"):
        run("../customers.csv")
    assert git("status", "--porcelain") == ""


def test_a_no_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", argparse.Namespace(isatty=lambda: True))
    monkeypatch.setattr("builtins.input", lambda _: "n")
    with pytest.raises(Refusal, match="nothing is written"):
        run("../customers.csv")
    assert git("status", "--porcelain") == ""


def test_a_corrected_file_changes_the_data_alone() -> None:
    table = orders()
    table.to_csv("../orders.csv", index=False)
    run("../orders.csv", "--yes")
    by_hand = Path("data/contract.yaml").read_text().replace("max_bad_share: 0.01", "max_bad_share: 0.05")
    Path("data/contract.yaml").write_text(by_hand)
    git("add", "-A")
    git("commit", "-qm", "adopt")
    later = table.tail(1).assign(ordered_at="2024-05-01 10:00:00", paid_at="2024-05-01 12:00:00")
    pd.concat([table, later]).to_csv("../orders.csv", index=False)
    run("../orders.csv", "--yes")
    assert {line[3:] for line in git("status", "--porcelain").splitlines()} == {"data/source.dvc", "params.yaml"}
    assert load_params()["problem.as_of"] == "2024-05-02"
    assert Path("data/contract.yaml").read_text() == by_hand


def test_a_released_model_of_another_problem_is_not_to_be_beaten() -> None:
    Path("models/champion/unreleased.txt").unlink()
    Path("models/champion.dvc").write_text("outs: []\n")
    Path("models/champion.json").write_text('{"bundle": "abc"}\n')
    git("add", "-A")
    git("commit", "-qm", "release")
    run("../customers.csv", "--yes")
    assert Path("models/champion.json").read_text() == "{}\n"
    assert Path("models/champion/unreleased.txt").exists()
    assert not Path("models/champion.dvc").exists()


def test_a_table_of_a_database_is_called_as_in_the_query() -> None:
    assert name_table("postgresql://${U}:${P}@host/db", 'SELECT * FROM sales."Big Orders" AS o JOIN x') == "big"
    assert name_table("duckdb:///x.db", "select * from sales.orders") == "orders"


@pytest.mark.parametrize(
    ("address", "name"),
    [("a/My Table.csv.gz", "my_table"), ("https://host/2024.csv?x=1", "t_2024"), ("sqlite:///größe.db", "gr_e")],
)
def test_a_table_is_called_as_its_file(address: str, name: str) -> None:
    assert name_table(address) == name


def test_a_hopeless_table_leaves_everything(tmp_path: Path) -> None:
    hopeless: Any = customers().assign(churned="no")
    hopeless.to_csv(tmp_path / "customers.csv", index=False)
    with pytest.raises(Refusal, match="'no' on every row where it is known"):
        run("../customers.csv", "--target", "churned", "--yes")
    assert git("status", "--porcelain") == ""
