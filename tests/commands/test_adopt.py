import argparse
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from perennial.cli import parse_arguments
from perennial.commands.adopt import adopt
from perennial.commands.given import name_table
from perennial.io.contract import read_contract
from perennial.io.params import load_params
from perennial.io.sources import locate
from perennial.refusal import Refusal
from tests.adoption.tables import customers, orders
from tests.conftest import copy_inputs
from tests.io.web import gives_json, web_server


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


def test_another_question_to_the_same_table_is_another_problem() -> None:
    run("../customers.csv", "--target", "churned", "--yes")
    git("add", "-A")
    git("commit", "-qm", "adopt")
    run("../customers.csv", "--target", "plan", "--yes")
    assert (load_params()["problem.target"], load_params()["problem.task"]) == ("plan", "multiclass")


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


def test_rows_behind_an_address_are_adopted_with_the_way_to_fetch_them_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "s3cr3t")
    # No key, and dates that a few of them alone might tell otherwise.
    table = orders(200).assign(ordered_at=lambda t: pd.to_datetime(t["ordered_at"]).dt.strftime("%d/%m/%Y"))
    rows = table.drop(columns="paid_at").to_dict("records")
    with web_server() as web:
        url = web.on("/orders", gives_json({"data": rows[:150], "next": "/more"}))
        web.on("/more", gives_json({"data": rows[150:], "next": None}))
        run(url, "--header", "Authorization=Bearer ${SHOP_TOKEN}", "--target", "total", "--yes")
        fetch = read_contract().sources["orders"].fetch
        assert fetch is not None
        assert (fetch.records, fetch.pages, fetch.months) == ("data", {"next": "next"}, "ordered_at")
        assert (fetch.numbered, fetch.formats) == ("row_id", {"ordered_at": "%d/%m/%Y"})
        assert fetch.headers == {"Authorization": "Bearer ${SHOP_TOKEN}"}
        assert web.asked[-1][2]["Authorization"] == "Bearer s3cr3t"
        pointer = Path("data/source.dvc").read_text()
        again = parse_arguments(["fetch"])
        again.run(again)
        assert capsys.readouterr().out.endswith("orders: 200 rows; nothing new\n")
        assert Path("data/source.dvc").read_text() == pointer
        git("add", "-A")
        git("commit", "-qm", "adopt")
        with pytest.raises(Refusal, match="fetches orders by another url or query"):
            run(f"{url}?all=1", "--header", "Authorization=Bearer ${SHOP_TOKEN}", "--target", "total", "--yes")
    assert "data/source/orders" in Path("dvc.yaml").read_text()
    assert "s3cr3t" not in git("log", "-p")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["postgresql://me:s3cr3t@host/db", "--query", "SELECT 1"], "the password of the url is written out"),
        (["https://host/x", "--header", "Authorization"], "--header Authorization: write NAME=VALUE"),
        (["https://host/x", "--pages", "pages=1"], "--pages pages=1: write link, next=PATH, or parameter=NAME"),
        (["ftp://host/x"], "ftp:// is not read"),
    ],
)
def test_a_source_that_cannot_be_declared(words: list[str], said: str) -> None:
    with pytest.raises(Refusal, match=said) as refused:
        run(*words, "--yes")
    assert "s3cr3t" not in str(refused.value)


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
