"""One fault in a copy of the small project; the stages must refuse it, for the right reason."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from perennial.io.bundle import load_bundle, read_golden, read_part, read_seen_keys, write_bundle
from perennial.io.tables import read_table, write_table
from tests.conftest import run_stage, run_stages

pytestmark = pytest.mark.timeout(600)


def failing(project: Path) -> set[str]:
    """The names of the checks of the gate that did not pass."""
    verdict = json.loads((project / "metrics/gate.json").read_text())
    assert verdict["blessed"] == all(check["passed"] for check in verdict["checks"])
    return {check["name"] for check in verdict["checks"] if not check["passed"]}


def rewrite_examples(project: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Change the examples behind the back of assemble."""
    path = project / "data" / "examples.parquet"
    write_table(path, change(read_table(path)))


def test_the_unharmed_twin_is_blessed_and_rehearsed(judged_project: Path) -> None:
    assert failing(judged_project) == set()
    assert json.loads((judged_project / "metrics/rehearsal.json").read_text())["passed"] is True


def test_shuffled_labels_teach_nothing_and_are_refused(project: Path) -> None:
    def shuffle(frame: pd.DataFrame) -> pd.DataFrame:
        known = np.flatnonzero(frame["late"].notna())
        mixed = frame["late"].to_numpy(dtype=object).copy()
        mixed[known] = mixed[np.random.default_rng(0).permutation(known)]
        return frame.assign(late=pd.array(mixed, dtype="boolean"))

    rewrite_examples(project, shuffle)
    run_stages(project, "split", "package")
    assert "beats_constant" in failing(project)
    assert (project / "models/bento/refusal.json").exists()


@pytest.mark.slow
def test_a_planted_copy_of_the_target_is_suspected(project: Path) -> None:
    path = project / "data" / "contract.yaml"
    document = yaml.safe_load(path.read_text())
    document["examples"]["hint"] = {"dtype": "numeric", "role": "input", "nullable": True, "group": "plane"}
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    rewrite_examples(project, lambda frame: frame.assign(hint=frame["late"].astype("Float64")))
    run_stages(project, "split", "gate")
    assert "leak_suspects" in failing(project)
    run_stages(project, "profile", "profile")
    assert "hint" in json.dumps(json.loads((project / "metrics/profile.json").read_text())["suspects"])


def pack_anew(project: Path, calibration: dict[str, Any]) -> None:
    """Pack the model again with another calibration: hashes and golden rows agree, the model is harmed."""
    folder = project / "models/bundle"
    manifest = json.loads((folder / "manifest.json").read_text())
    write_bundle(
        folder,
        replace(load_bundle(folder), calibration=calibration),
        schema=read_part(folder, "schema.json")["inputs"],
        golden_rows=read_golden(folder)[0],
        reference=read_part(folder, "reference.json"),
        seen=read_seen_keys(folder),
        seen_until=manifest["seen_until"],
    )


@pytest.mark.parametrize(
    ("calibration", "check"),
    [
        pytest.param({"slope": 3.0, "intercept": 0.0}, "calibration", id="a calibration that is much too sure"),
        pytest.param({"slope": 1.0, "intercept": 1.5}, "calibration", id="a calibration that shifts the base rate"),
        pytest.param({"slope": 0.0, "intercept": -1.2}, "beats_constant", id="a model that only equals the constant"),
    ],
)
def test_a_harmed_model_in_a_sound_bundle_is_refused(project: Path, calibration: dict[str, Any], check: str) -> None:
    pack_anew(project, {"kind": "platt", **calibration})
    run_stages(project, "evaluate", "package")
    assert check in failing(project)
    assert (project / "models/bento/refusal.json").exists()


def test_one_slice_made_bad_is_refused_and_named(project: Path) -> None:
    def turn_labels(frame: pd.DataFrame) -> pd.DataFrame:
        """As many of the carrier's flights are late as before, but now the ones that had every reason not to be."""
        chosen = (frame["carrier"] == "UA") & (frame["decision_at"] >= "2013-02-15") & frame["late"].notna()
        calm = frame.loc[chosen, ["aircraft_last_delay", "airport_delay_3h"]].fillna(0).sum(axis=1).rank(method="first")
        return frame.assign(late=frame["late"].mask(chosen, calm <= frame.loc[chosen, "late"].sum()))

    rewrite_examples(project, turn_labels)
    run_stages(project, "evaluate", "gate")
    assert "slices" in failing(project)
    verdict = json.loads((project / "metrics/gate.json").read_text())
    assert "carrier = UA" in json.dumps(next(c for c in verdict["checks"] if c["name"] == "slices"))


def test_test_rows_repeated_in_train_are_refused(project: Path) -> None:
    def repeat(frame: pd.DataFrame) -> pd.DataFrame:
        late_rows = frame[frame["late"].notna()].tail(3000)
        shift = pd.Timedelta(days=35)
        times = {name: late_rows[name] - shift for name in ("decision_at", "label_known_at")}
        copies = late_rows.assign(flight_id=late_rows["flight_id"] + "_copy", **times)
        return pd.concat([frame, copies]).sort_values(["decision_at", "flight_id"], ignore_index=True)

    rewrite_examples(project, repeat)
    done = run_stage(project, "split")
    assert done.returncode == 1
    assert "test rows repeat a train or valid row" in done.stderr


def test_a_flipped_byte_in_the_bundle_is_refused_by_name(project: Path) -> None:
    member = next((project / "models/bundle").glob("encoder.json"))
    data = bytearray(member.read_bytes())
    data[len(data) // 2] ^= 1
    member.write_bytes(data)
    done = run_stage(project, "evaluate")
    assert done.returncode == 1
    assert "encoder.json" in done.stderr


def test_a_verdict_of_another_bundle_packages_nothing(project: Path) -> None:
    path = project / "metrics" / "gate.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"bundle": "0" * 64}))
    run_stages(project, "package", "rehearse")
    refusal = json.loads((project / "models/bento/refusal.json").read_text())
    assert "the verdict is of bundle 000" in json.dumps(refusal)
    assert json.loads((project / "metrics/rehearsal.json").read_text())["rehearsed"] is False


def test_a_contract_column_removed_is_refused(project: Path) -> None:
    path = project / "data" / "contract.yaml"
    document = yaml.safe_load(path.read_text())
    del document["sources"]["planes"]["columns"]["seats"]
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    done = run_stage(project, "ingest")
    assert done.returncode == 1
    assert "has the column 'seats', which the contract lacks" in done.stderr


@pytest.mark.parametrize(("times", "sentence"), [(0, "rule `not empty`"), (2, "rule `unique key`")])
def test_a_source_emptied_or_doubled_is_refused(project: Path, times: int, sentence: str) -> None:
    head, *rows = ["carrier,name", "UA,United", "DL,Delta", "AA,American", "B6,JetBlue", "WN,Southwest"]
    (project / "airlines.csv").write_text("\n".join([head, *rows * times]) + "\n")
    path = project / "data" / "contract.yaml"
    document = yaml.safe_load(path.read_text())
    document["sources"]["airlines"]["path"] = "airlines.csv"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    run_stages(project, "ingest", "ingest")
    done = run_stage(project, "validate")
    assert done.returncode == 1
    assert f"source airlines, {'column carrier, ' if times else ''}{sentence}" in done.stderr


def test_a_file_changed_in_the_bento_is_never_started(project: Path) -> None:
    [calibration] = (project / "models/bento").rglob("calibration.json")
    calibration.write_text(calibration.read_text() + " ")
    done = run_stage(project, "rehearse")
    assert done.returncode == 0, done.stderr
    rehearsal = json.loads((project / "metrics/rehearsal.json").read_text())
    assert rehearsal["passed"] is False
    assert [check["name"] for check in rehearsal["checks"] if not check["passed"]] == ["packed"]
