import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from perennial.model.predictor import predict_rows
from perennial.refusal import Refusal
from perennial.serving.runtime import NonFiniteScore, answer_rows, load_predictor
from tests.model.examples import make_frame, make_model
from tests.tiny import ROW, tiny_model, write_tiny_bundle

HEAVY = ("pandas", "sklearn", "pyarrow", "duckdb", "optuna", "dvc", "lightgbm")


def test_answering_imports_no_data_frame_and_no_training_library(tmp_path: Path) -> None:
    write_tiny_bundle(tmp_path / "bundle")
    code = f"""
import json, sys
from perennial.serving import gateway
from perennial.serving.answers import ServeLimits, warm_up
from perennial.serving.runtime import load_predictor
predictor = load_predictor({str(tmp_path / "bundle")!r})
warm_up(predictor, ServeLimits(1, 9999))
print(json.dumps([name for name in {HEAVY} if name in sys.modules]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


def test_version_is_the_beginning_of_the_hash(tmp_path: Path) -> None:
    bundle = write_tiny_bundle(tmp_path / "bundle")
    assert load_predictor(tmp_path / "bundle").version == bundle[:12]


def test_the_example_is_made_up_and_taken(tmp_path: Path) -> None:
    write_tiny_bundle(tmp_path / "bundle")
    predictor = load_predictor(tmp_path / "bundle")
    assert predictor.check([predictor.example]) == {}
    assert predictor.example == {"distance": 2500, "carrier": "AA", "holiday": False, "at": "2000-01-01T00:00:00"}


def test_binary_decides_at_the_threshold() -> None:
    [answer] = answer_rows(tiny_model(), {}, [ROW])
    assert answer == {"score": predict_rows(tiny_model(), [ROW])[0], "decision": False, "warnings": []}


def test_multiclass_names_every_class() -> None:
    model = make_model("multiclass")
    row = {"x": 0.5, "flag": True, "text": "p", "at": "2013-07-01T12:00:00"}
    [answer] = answer_rows(model, {}, [row])
    expected = predict_rows(model, [row])[0]
    assert list(answer["scores"]) == ["a", "b", "c"]
    assert np.array_equal(list(answer["scores"].values()), expected)
    assert answer["score"] == answer["scores"][answer["decision"]] == expected.max()


def test_regression_decides_nothing_but_the_value() -> None:
    model = make_model("regression")
    row = {"x": 0.5, "flag": True, "text": "p", "at": make_frame()["at"].iloc[0].isoformat()}
    [answer] = answer_rows(model, {}, [row])
    assert answer["score"] == answer["decision"] == predict_rows(model, [row])[0]


def test_a_model_that_answers_nan_is_an_error() -> None:
    with pytest.raises(NonFiniteScore, match="not finite"):
        answer_rows(tiny_model(intercept=float("nan")), {}, [ROW])


def test_a_missing_bundle_is_a_refusal(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="is not there"):
        load_predictor(tmp_path)


def test_a_number_comes_with_its_bounds_where_the_bundle_has_them() -> None:
    model = tiny_model(task="regression")
    [plain] = answer_rows(model, {}, [ROW])
    assert set(plain) == {"score", "decision", "warnings"}
    bounds = {"kind": "shift", "coverage": 0.9, "low": -2.0, "high": 3.0}
    [answer] = answer_rows(replace(model, bounds=bounds), {}, [ROW])
    assert (answer["lower"], answer["upper"]) == (plain["score"] - 2.0, plain["score"] + 3.0)


def test_the_schema_says_how_many_truths_the_bounds_hold(tmp_path: Path) -> None:
    write_tiny_bundle(tmp_path / "number", task="regression")
    assert load_predictor(tmp_path / "number").document["bounds"]["coverage"] == 0.9
    write_tiny_bundle(tmp_path / "yes")
    assert "bounds" not in load_predictor(tmp_path / "yes").document
