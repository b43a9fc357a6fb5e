"""What must not be released, and a champion that is not what it is said to be."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from perennial.data.contract import parse_contract
from perennial.evaluation.finding import holds
from perennial.io.bundle import bundle_hash
from perennial.io.files import read_json, write_json
from perennial.io.tables import read_table
from perennial.refusal import Refusal
from perennial.stages import evaluate, gate
from tests.commands.test_release import AGAIN, read_state
from tests.conftest import set_params
from tests.evaluation.world import failing_checks
from tests.released import call, run
from tests.stages.judged import make_contract, make_project, train_linear, write_model
from tests.tiny import write_tiny_bundle, write_verdict


def withhold() -> None:
    failing = [{"name": "calibration", "passed": False, "sentence": "Too far."}]
    write_verdict(Path(), bundle_hash("models/bundle"), blessed=False, checks=failing)


def bless_another() -> None:
    write_verdict(Path(), "b" * 64)


def alter_bundle() -> None:
    path = Path("models/bundle/model.json")
    path.write_text(path.read_text() + " ")


def alter_bento() -> None:
    path = Path("models/bento/src/limits.json")
    path.write_text(path.read_text() + " ")


def swap_bundle() -> None:
    write_verdict(Path(), bundle := write_tiny_bundle(Path("models/bundle"), -9.0))
    write_json("metrics/rehearsal.json", read_json("metrics/rehearsal.json") | {"bundle": bundle})


def fail_rehearsal() -> None:
    failing = [{"name": "latency", "passed": False, "sentence": "Slow."}]
    write_json("metrics/rehearsal.json", read_json("metrics/rehearsal.json") | {"passed": False, "checks": failing})


def rehearse_another() -> None:
    write_json("metrics/rehearsal.json", read_json("metrics/rehearsal.json") | {"bundle": "b" * 64})


def refuse_to_package() -> None:
    shutil.rmtree("models/bento")
    write_json("models/bento/refusal.json", {"packaged": False, "reasons": ["calibration: Too far."]})


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (withhold, "calibration: Too far"),
        (bless_another, "the verdict is of bundle bbb"),
        (alter_bundle, r"models/bundle/model.json is not the file that was packed"),
        (alter_bento, r"models/bento/src/limits.json is not the file that was packed"),
        (swap_bundle, "the bento holds bundle"),
        (fail_rehearsal, "rehearsal, latency: Slow"),
        (rehearse_another, "it was of bundle bbb"),
        (refuse_to_package, "nothing is packaged: calibration"),
    ],
)
def test_what_is_not_blessed_whole_and_rehearsed_is_not_promoted(
    released: Path, harm: Callable[[], None], sentence: str
) -> None:
    harm()
    before = read_state()
    with pytest.raises(Refusal, match=sentence):
        run(*AGAIN, "--stage", "staging")
    assert read_state() == before


def forget_release() -> None:
    write_json("models/champion.json", {})
    call("git", "commit", "--quiet", "--all", "-m", "release without a comparison")


def test_a_revision_that_does_not_tell_the_truth_is_not_released(released: Path) -> None:
    forget_release()
    Path("new.py").write_text("")
    with pytest.raises(Refusal, match=r"new.py is not committed"):
        run(*AGAIN)
    call("git", "add", "new.py")
    call("git", "commit", "--quiet", "-m", "a new file")
    # Committed, but never run: the bento was made from another graph than the revision tells.
    Path("dvc.yaml").write_text(
        Path("dvc.yaml").read_text().replace("[metrics/gate.json, ", "[params.yaml, metrics/gate.json, ")
    )
    call("git", "commit", "--quiet", "--all", "-m", "another graph")
    with pytest.raises(Refusal, match=r"package: not what dvc.lock says"):
        run(*AGAIN)


def test_a_champion_that_is_not_the_released_one_takes_no_stage(released: Path) -> None:
    path = Path("models/champion/src/limits.json")
    path.write_text(path.read_text() + " ")
    with pytest.raises(Refusal, match=r"models/champion/src/limits.json is not the file that was packed"):
        run(*AGAIN, "--stage", "staging")


@pytest.fixture
def judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What evaluate and gate read, with the model itself as the champion."""
    monkeypatch.chdir(tmp_path)
    make_project(tmp_path, "binary")
    set_params(tmp_path, {"gate.sensitive_gap": 0.5})
    shutil.copytree("models/bundle", "models/champion/src/bundle")
    write_json("models/champion.json", {"bundle": bundle_hash("models/bundle")})
    return tmp_path


def judge() -> list[str]:
    """Return the failing checks."""
    evaluate.main()
    gate.main()
    return failing_checks(read_json("metrics/gate.json"))


def train(rows: pd.DataFrame, folder: str, keys: pd.Series | None = None) -> str:
    model = train_linear(parse_contract(make_contract("binary")), rows, "binary")
    return write_model(Path(folder), model, rows["key"] if keys is None else keys)


def test_a_worse_challenger_is_refused_by_name(judged: Path) -> None:
    rows = read_table("data/examples.parquet").head(4000)
    # It learned from winds of other days: good enough for a constant, worse than what is released.
    train(rows.assign(wind=rows["wind"].sample(frac=1.0, random_state=0).to_numpy()), "models/bundle")
    assert "champion" in judge()
    found = read_json("metrics/evaluation.json")["improvement"]["over_champion"]
    assert holds(lambda high: high < 0, found["interval"][1])


def test_a_champion_that_saw_the_test_rows_is_no_comparison(judged: Path) -> None:
    rows = read_table("data/examples.parquet")
    write_json("models/champion.json", {"bundle": train(rows, "models/champion/src/bundle")})
    assert judge() == ["champion"]
    assert "was trained on 1500 of the test rows" in read_json("metrics/evaluation.json")["champion"]["obstacle"]


def test_a_challenger_that_saw_the_test_rows_is_refused(judged: Path) -> None:
    rows = read_table("data/examples.parquet")
    train(rows, "models/bundle")
    assert judge() == ["overlap"]


def test_a_champion_named_and_absent_stops_the_judgement(judged: Path) -> None:
    shutil.rmtree("models/champion")
    with pytest.raises(Refusal, match=r"models/champion/ does not hold the released bundle \w+: `dvc pull"):
        judge()


def test_a_champion_with_a_changed_byte_stops_the_judgement(judged: Path) -> None:
    path = Path("models/champion/src/bundle/model.json")
    path.write_text(path.read_text() + " ")
    with pytest.raises(Refusal, match=r"champion/src/bundle/model.json is not the file that was packed"):
        judge()


def test_another_bundle_in_the_place_of_the_champion_is_refused(judged: Path) -> None:
    rows = read_table("data/examples.parquet").head(2000)
    train(rows, "models/champion/src/bundle")
    write_json("models/champion.json", {"bundle": "c" * 64})
    assert judge() == ["champion"]
    assert "not the released ccc" in read_json("metrics/evaluation.json")["champion"]["obstacle"]
