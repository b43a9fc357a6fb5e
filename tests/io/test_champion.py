"""The released bento: where it lies, what names it, what it promises to callers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from perennial.io.champion import (
    CHAMPION,
    describe_interface,
    fetch_released,
    identify_bento,
    parse_trail,
    read_named,
    refuse_misnamed,
)
from perennial.refusal import Refusal
from tests import tiny
from tests.released import call
from tests.tiny import write_tiny_bundle


def test_the_champion_is_the_bento_that_its_name_says(released: Path) -> None:
    named = read_named()
    assert named["version"] == "v1.1.0"
    assert identify_bento(CHAMPION) == {"bundle": named["bundle"], "bento": named["bento"]}
    assert identify_bento("models/bento") == identify_bento(CHAMPION)
    refuse_misnamed(CHAMPION, named)
    with pytest.raises(Refusal, match=r"the bundle of v1\.1\.0 has the hash \w{64}, released was ccc"):
        refuse_misnamed(CHAMPION, named | {"bundle": "c" * 64})


def test_another_task_is_another_interface_another_weight_is_not(tmp_path: Path) -> None:
    for name, intercept, task in (("a", -1.0, "binary"), ("b", -2.0, "binary"), ("c", -1.0, "regression")):
        write_tiny_bundle(tmp_path / name / "src/bundle", intercept, task)
    first, second, third = (describe_interface(tmp_path / name) for name in "abc")
    assert first == second
    assert first != third


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (lambda inputs: inputs[::-1], True),
        (lambda inputs: [one | {"description": "In other words."} for one in inputs], True),
        (lambda inputs: [one | {"unit": "km"} for one in inputs], False),
        (lambda inputs: [one | {"nullable": False} for one in inputs], False),
    ],
    ids=["another order", "other words", "another unit", "no gaps"],
)
def test_what_callers_do_not_notice_is_no_other_interface(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[list[Any]], list[Any]], same: bool
) -> None:
    write_tiny_bundle(tmp_path / "a/src/bundle")
    monkeypatch.setattr(tiny, "INPUTS", change(tiny.INPUTS))
    write_tiny_bundle(tmp_path / "b/src/bundle")
    assert (describe_interface(tmp_path / "a") == describe_interface(tmp_path / "b")) is same


@pytest.mark.slow
def test_a_cache_that_holds_something_else_is_found_out(released: Path, tmp_path: Path) -> None:
    made = parse_trail(Path("models/releases.jsonl").read_text())[0]
    fetch_released("v1.0.0", made, tmp_path / "whole")
    for path in Path(".dvc/cache/files").rglob("*"):
        if path.is_file() and path.stat().st_size < 200 and b"max_rows" in path.read_bytes():
            path.chmod(0o644)
            path.write_bytes(path.read_bytes().replace(b"1000", b"1001"))
            path.chmod(0o444)
    with pytest.raises(Refusal, match=r"limits.json .*the local cache holds v1\.0\.0 altered"):
        fetch_released("v1.0.0", made, tmp_path / "altered")


def test_a_version_that_somebody_tagged_by_hand_is_no_release(released: Path, tmp_path: Path) -> None:
    root = call("git", "rev-list", "--max-parents=0", "HEAD").strip()
    call("git", "tag", "perennial@v0.1.0", root)
    with pytest.raises(Refusal, match="it was not made by `perennial promote`"):
        fetch_released("v0.1.0", {}, tmp_path / "x")


def test_there_is_no_trail_before_the_first_release() -> None:
    assert parse_trail(None) == []
