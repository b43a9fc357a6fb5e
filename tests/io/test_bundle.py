import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from perennial.io.bundle import (
    bundle_hash,
    load_bundle,
    read_golden,
    read_out_of_fold,
    read_part,
    read_seen_keys,
    verify_bundle,
    write_bundle,
)
from perennial.io.files import sha256_file
from perennial.model.frames import predict_frame
from perennial.model.link import wrap_member
from perennial.model.predictor import Model
from perennial.model.reference import golden_rows, reference_statistics
from perennial.model.schema import describe_inputs
from perennial.model.seen import hash_keys
from perennial.refusal import Refusal
from tests.model.examples import CLASSES, COLUMNS, make_frame, make_model
from tests.tiny import ROW, tiny_model

FRAME = make_frame()
MODELS = {task: make_model(task, threshold=0.25 if task == "binary" else None) for task in CLASSES}


def write(folder: Path, model: Model) -> str:
    return write_bundle(
        folder,
        model,
        schema=describe_inputs(COLUMNS),
        golden_rows=golden_rows(FRAME, model.encoder, withheld={}, count=20),
        reference=reference_statistics(FRAME, model.encoder, predict_frame(model, FRAME)),
        seen=hash_keys(range(len(FRAME))),
        seen_until="2013-05-01T00:00:00",
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle") / "bundle"
    write(folder, MODELS["binary"])
    return folder


@pytest.fixture
def bundle(written: Path, tmp_path: Path) -> Path:
    return shutil.copytree(written, tmp_path / "bundle")


@pytest.mark.parametrize("task", CLASSES)
def test_what_is_written_is_loaded(tmp_path: Path, task: str) -> None:
    model = MODELS[task]
    assert write(tmp_path / "bundle", model) == bundle_hash(tmp_path / "bundle")
    loaded = load_bundle(tmp_path / "bundle")
    assert (loaded.task, loaded.classes, loaded.threshold, loaded.family) == (
        task,
        model.classes,
        model.threshold,
        "ensemble",
    )
    np.testing.assert_array_equal(predict_frame(loaded, FRAME), predict_frame(model, FRAME))


def test_the_same_model_gives_the_same_bytes(written: Path, tmp_path: Path) -> None:
    write(tmp_path / "again", make_model("binary", threshold=0.25))
    names = sorted(path.name for path in written.iterdir())
    assert names == sorted(path.name for path in (tmp_path / "again").iterdir())
    assert [(written / name).read_bytes() for name in names] == [
        (tmp_path / "again" / name).read_bytes() for name in names
    ]


def test_manifest_says_what_it_is(bundle: Path) -> None:
    manifest = verify_bundle(bundle)
    assert manifest["inputs"] == ["x", "flag", "text", "at"]
    assert (manifest["rows"], manifest["seen_until"], manifest["threshold"]) == (
        len(FRAME),
        "2013-05-01T00:00:00",
        0.25,
    )
    assert read_part(bundle, "schema.json")["inputs"][0]["name"] == "x"
    np.testing.assert_array_equal(read_seen_keys(bundle), hash_keys(range(len(FRAME))))


NAMES = (
    "encoder.json",
    "model.json",
    "member_0.trees",
    "calibration.json",
    "golden.json",
    "reference.json",
    "schema.json",
    "seen_keys.bin",
)


@pytest.mark.parametrize("read", [verify_bundle, load_bundle])
@pytest.mark.parametrize("name", NAMES)
def test_a_flipped_byte_is_refused(bundle: Path, name: str, read: Callable[[Path], object]) -> None:
    content = bytearray((bundle / name).read_bytes())
    content[len(content) // 2] ^= 1
    (bundle / name).write_bytes(content)
    with pytest.raises(Refusal, match=f"{name} is not the file that was packed"):
        read(bundle)


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_file_is_refused(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    with pytest.raises(Refusal, match=f"{name} is missing"):
        load_bundle(bundle)


def test_a_missing_manifest_is_refused(bundle: Path) -> None:
    (bundle / "manifest.json").unlink()
    for read in (verify_bundle, load_bundle, bundle_hash):
        with pytest.raises(Refusal, match=r"manifest\.json is not there"):
            read(bundle)


def test_an_extra_file_is_refused(bundle: Path) -> None:
    (bundle / "model.pkl").write_bytes(b"")
    with pytest.raises(Refusal, match=r"model\.pkl does not belong"):
        load_bundle(bundle)


def test_a_link_out_of_the_bundle_is_refused(bundle: Path) -> None:
    shutil.move(bundle / "golden.json", bundle.parent / "elsewhere.json")
    (bundle / "golden.json").symlink_to(bundle.parent / "elsewhere.json")
    with pytest.raises(Refusal, match=r"golden\.json is not a plain file"):
        load_bundle(bundle)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "not JSON"),
        ("[]", "not a bundle's manifest"),
        ('{"files": {}, "format": 3}', "format 3"),
        ("{}", "not a bundle's manifest"),
    ],
)
def test_a_manifest_of_another_kind_is_refused(bundle: Path, content: str, reason: str) -> None:
    (bundle / "manifest.json").write_text(content)
    with pytest.raises(Refusal, match=reason):
        load_bundle(bundle)


def edit_and_sign(bundle: Path, name: str, change: Callable[[dict], None]) -> None:
    """Change a file and its hash in the manifest: what a hash alone cannot see."""
    document = json.loads((bundle / name).read_text())
    change(document)
    (bundle / name).write_text(json.dumps(document))
    manifest = json.loads((bundle / "manifest.json").read_text())
    manifest["files"][name] = sha256_file(bundle / name)
    (bundle / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("golden.json", lambda golden: golden["predictions"].__setitem__(7, golden["predictions"][7] + 2e-9)),
        ("model.json", lambda model: model.update(weights=[0.7, 0.3])),
        ("calibration.json", lambda calibration: calibration.update(kind="platt", slope=1.0, intercept=1e-7)),
        ("encoder.json", lambda encoder: encoder["columns"][2]["categories"].reverse()),
    ],
)
def test_a_model_that_answers_differently_is_refused(bundle: Path, name: str, change: Callable[[dict], None]) -> None:
    edit_and_sign(bundle, name, change)
    verify_bundle(bundle)
    with pytest.raises(Refusal, match=r"golden\.json is not reproduced"):
        load_bundle(bundle)


def test_what_only_some_bundles_hold_is_read_back(tmp_path: Path) -> None:
    bounds = {"kind": "shift", "coverage": 0.9, "low": -1.0, "high": 2.0}
    scores = np.arange(6.0).reshape(3, 2)
    options = {"schema": [], "golden_rows": [ROW], "reference": {}, "seen_until": None}
    model = replace(tiny_model(task="regression"), bounds=bounds)
    write_bundle(tmp_path / "b", model, seen=np.arange(3, dtype=np.uint64), out_of_fold=scores, **options)  # type: ignore[arg-type]
    assert load_bundle(tmp_path / "b").bounds == bounds
    np.testing.assert_array_equal(read_out_of_fold(tmp_path / "b"), scores)


def test_a_linked_member_is_read_back(tmp_path: Path) -> None:
    plain = MODELS["regression"]
    linked = replace(plain, members=tuple(wrap_member(member, 1.25, 3.0) for member in plain.members))
    rows = golden_rows(FRAME, linked.encoder, withheld={}, count=5)
    options = {"schema": [], "golden_rows": rows, "reference": {}, "seen_until": None}
    write_bundle(tmp_path / "b", linked, seen=np.arange(3, dtype=np.uint64), **options)  # type: ignore[arg-type]
    loaded = load_bundle(tmp_path / "b")
    assert loaded.family == plain.family
    np.testing.assert_array_equal(predict_frame(loaded, FRAME), predict_frame(linked, FRAME))


def test_a_bundle_of_a_span_holds_neither(bundle: Path) -> None:
    assert read_out_of_fold(bundle) is None
    assert load_bundle(bundle).bounds is None


def test_golden_rows_may_not_be_emptied(bundle: Path) -> None:
    edit_and_sign(bundle, "golden.json", lambda golden: golden.update(rows=[], predictions=[]))
    with pytest.raises(Refusal, match=r"golden\.json holds predictions of shape"):
        load_bundle(bundle)


@pytest.mark.parametrize("key", ["task", "target", "classes", "threshold"])
def test_a_manifest_without_a_key_is_refused(bundle: Path, key: str) -> None:
    edit_and_sign(bundle, "schema.json", lambda _: None)
    manifest = json.loads((bundle / "manifest.json").read_text())
    del manifest[key]
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(Refusal, match=f"has no `{key}`"):
        load_bundle(bundle)


def test_packed_trees_that_answer_differently_are_refused_though_signed(bundle: Path) -> None:
    content = bytearray((bundle / "member_0.trees").read_bytes())
    for place in range(len(content) - 2, len(content) - 400, -8):
        content[place] ^= 4
    (bundle / "member_0.trees").write_bytes(content)
    manifest = json.loads((bundle / "manifest.json").read_text())
    manifest["files"]["member_0.trees"] = sha256_file(bundle / "member_0.trees")
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    verify_bundle(bundle)
    with pytest.raises(Refusal, match=r"golden\.json is not reproduced"):
        load_bundle(bundle)


def test_a_bundle_of_the_first_format_is_still_read(bundle: Path) -> None:
    """As a release keeps it: LightGBM's text, golden rows written out, eight bytes for each key."""
    rows, predictions = read_golden(bundle)
    seen, model = read_seen_keys(bundle), MODELS["binary"]
    (bundle / "golden.json").write_text(json.dumps({"rows": rows, "predictions": predictions.tolist()}))
    (bundle / "seen_keys.bin").write_bytes(seen.astype("<u8").tobytes())
    (bundle / "member_0.trees").unlink()
    (bundle / "member_0.txt").write_text(str(model.members[0]))
    members = json.loads((bundle / "model.json").read_text())
    members["members"][0]["file"] = "member_0.txt"
    (bundle / "model.json").write_text(json.dumps(members))
    manifest = json.loads((bundle / "manifest.json").read_text()) | {"format": 1}
    manifest["files"] = {p.name: sha256_file(p) for p in bundle.iterdir() if p.name != "manifest.json"}
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    np.testing.assert_array_equal(predict_frame(load_bundle(bundle), FRAME), predict_frame(model, FRAME))
    np.testing.assert_array_equal(read_seen_keys(bundle), seen)
