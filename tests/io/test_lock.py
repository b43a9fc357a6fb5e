from pathlib import Path
from typing import Any

import pytest
import yaml

from perennial.io.lock import doubted_stages, forget_stages, restore_lock, stale_stages
from tests.pulls import commit, git

ENTRY: dict[str, Any] = {"cmd": "x", "outs": [{"path": "out.json", "md5": "1"}]}


def write_lock(**stages: Any) -> None:
    Path("dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": stages}, sort_keys=False))


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet", "--initial-branch=main")
    Path("out.json").write_text("{}\n")
    write_lock(one=ENTRY, two={"cmd": "y"})
    commit("base")


def test_without_a_base_every_stage_is_doubted() -> None:
    assert doubted_stages(None) == ["one", "two"]


def test_what_the_base_says_too_is_believed() -> None:
    git("checkout", "--quiet", "-b", "topic")
    write_lock(one=ENTRY, two={"cmd": "z"}, three={"cmd": "w"})
    commit("claim")
    assert doubted_stages("main") == ["two", "three"]


def test_a_forgotten_stage_is_out_of_the_lock() -> None:
    forget_stages(["one"])
    assert list(yaml.safe_load(Path("dvc.lock").read_text())["stages"]) == ["two"]


def test_forgetting_nothing_or_without_a_lock_changes_nothing() -> None:
    before = Path("dvc.lock").read_bytes()
    forget_stages([])
    assert Path("dvc.lock").read_bytes() == before
    Path("dvc.lock").unlink()
    forget_stages(["one"])
    assert not Path("dvc.lock").exists()


def test_the_same_lock_in_another_order_is_put_back() -> None:
    before = Path("dvc.lock").read_bytes()
    write_lock(two={"cmd": "y"}, one=ENTRY)
    assert stale_stages() == []
    restore_lock()
    assert Path("dvc.lock").read_bytes() == before
    assert git("status", "--porcelain") == ""


def test_another_lock_is_kept_and_its_stages_are_stale() -> None:
    write_lock(one=ENTRY, two={"cmd": "z"}, three={"cmd": "w"})
    before = Path("dvc.lock").read_bytes()
    restore_lock()
    assert Path("dvc.lock").read_bytes() == before
    assert stale_stages() == ["two", "three"]


@pytest.mark.parametrize("text", ["{1}\n", None])
def test_a_result_that_git_sees_as_changed_or_gone_makes_its_stage_stale(text: str | None) -> None:
    Path("out.json").unlink() if text is None else Path("out.json").write_text(text)
    assert stale_stages() == ["one"]


def test_a_result_that_was_never_committed_makes_its_stage_stale() -> None:
    write_lock(one=ENTRY, two={"cmd": "y", "outs": [{"path": "new.json", "md5": "2"}]})
    commit("lock alone")
    Path("new.json").write_text("{}\n")
    assert stale_stages() == ["two"]
