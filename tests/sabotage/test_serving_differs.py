"""A service that does not answer as the judged model does must fail its rehearsal, however well it hides."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from perennial.io.bento import write_sums
from tests.conftest import run_command, run_stage, set_params
from tests.tiny import write_tiny_bundle, write_tiny_project

pytestmark = pytest.mark.slow  # each starts a server


@pytest.fixture(scope="module")
def unharmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a packaged bento, never changed."""
    folder = tmp_path_factory.mktemp("unharmed")
    write_tiny_project(folder)
    done = run_stage(folder, "package")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def packaged(unharmed: Path, tmp_path: Path) -> Path:
    """A copy of it, to be harmed."""
    return Path(shutil.copytree(unharmed, tmp_path / "project", symlinks=True))


def failing(folder: Path) -> dict[str, str]:
    """Rehearse and return the failing checks with their sentences."""
    done = run_stage(folder, "rehearse")
    assert done.returncode == 0, done.stderr
    verdict = json.loads((folder / "metrics/rehearsal.json").read_text())
    found = {check["name"]: check["sentence"] for check in verdict["checks"] if not check["passed"]}
    assert verdict["passed"] is (not found)
    said = run_command(folder, "python", "-m", "perennial.cli", "verdict")
    assert said.returncode == (1 if found else 0)
    return found


def edit(folder: Path, name: str, old: str, new: str) -> None:
    """Change the packaged service and sign the change, as one would who packages by hand."""
    path = folder / "models/bento/src" / name
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    write_sums(folder / "models/bento")


def test_a_score_moved_by_a_millionth_is_noticed(packaged: Path) -> None:
    edit(packaged, "perennial/serving/runtime.py", "predict_rows(model, rows)", "predict_rows(model, rows) + 1e-6")
    found = failing(packaged)
    assert set(found) == {"golden_rows", "test_rows", "explained", "answers_afterwards"}
    assert "3 of 3 rows are answered differently over HTTP" in found["golden_rows"]


def test_an_encoder_that_rounds_does_not_start(packaged: Path) -> None:
    edit(packaged, "perennial/model/encoder.py", "numbers.append(value)", "numbers.append(round(value, -3))")
    found = failing(packaged)
    assert set(found) == {"started"}
    assert "golden.json is not reproduced" in found["started"]


def test_a_check_taken_out_of_the_service_is_noticed(packaged: Path) -> None:
    edit(
        packaged,
        "perennial/serving/schema.py",
        "(type(value) is float or type(value) is int) and low <= value <= high",
        "low <= float(value) <= high",
    )
    found = failing(packaged)
    assert "numeric text" in found["bad_input"]


def test_a_service_without_limits_is_noticed(packaged: Path) -> None:
    edit(packaged, "perennial/serving/calls.py", "call.desk.limits.max_body_bytes", "10**9")
    assert "too large a body: answered 200, not 413" in failing(packaged)["bad_input"]


@pytest.mark.slow
def test_an_explanation_that_tells_another_story_is_noticed(packaged: Path) -> None:
    edit(packaged, "perennial/model/explanation.py", "parts[:, :, -1] = linear", "parts[:, :, -1] = 1.001 * linear")
    found = failing(packaged)
    assert set(found) == {"explained"}


def test_an_answer_that_is_not_in_the_log_is_noticed(packaged: Path) -> None:
    edit(
        packaged,
        "perennial/serving/recording.py",
        "await writer.write(record_rows(call, work))",
        "record_rows(call, work)",
    )
    assert set(failing(packaged)) == {"recorded"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "check"),
    [
        ("import time; time.sleep(0.3)", "latency"),
        ("globals().setdefault('LEAK', []).append(bytearray(3_000_000))", "memory"),
    ],
    ids=["slow", "leaking"],
)
def test_a_model_that_is_slow_or_leaks_is_noticed(packaged: Path, line: str, check: str) -> None:
    place = "    scores = predict_rows(model, rows)\n"
    edit(packaged, "perennial/serving/runtime.py", place, f"    {line}\n{place}")
    set_params(packaged, {"rehearse.memory_mb": 800, "rehearse.requests": 300 if check == "memory" else 20})
    assert set(failing(packaged)) == {check}


@pytest.mark.slow
def test_one_bad_row_that_fails_its_neighbours_is_noticed(packaged: Path) -> None:
    edit(packaged, "perennial/serving/answers.py", "if work.bad and not work.asked.partial:", "if work.bad:")
    assert "one bad row, partial: answered 422, not 200" in failing(packaged)["bad_input"]


def test_another_sound_bundle_inside_is_noticed_before_anything_starts(packaged: Path) -> None:
    shutil.rmtree(packaged / "models/bento/src/bundle")
    write_tiny_bundle(packaged / "models/bento/src/bundle", intercept=-2.0)
    write_sums(packaged / "models/bento")
    found = failing(packaged)
    assert set(found) == {"packed"}
    assert "the bento holds bundle" in found["packed"]


def flip_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize(
    "harm",
    [
        lambda bento: flip_byte(bento / "src/bundle/model.json"),
        lambda bento: flip_byte(bento / "src/perennial/serving/runtime.py"),
        lambda bento: (bento / "src/perennial/serving/extra.py").write_text(""),
        lambda bento: (bento / "src/bundle/encoder.json").unlink(),
    ],
    ids=["model byte", "code byte", "extra file", "missing file"],
)
def test_a_bento_that_is_not_as_packed_is_never_started(packaged: Path, harm: Callable[[Path], object]) -> None:
    harm(packaged / "models/bento")
    assert set(failing(packaged)) == {"packed"}
    served = run_command(packaged, "python", "-m", "perennial.cli", "serve")
    assert served.returncode == 1
    assert "models/bento" in served.stderr


def test_a_signed_flipped_byte_in_the_bundle_does_not_start(packaged: Path) -> None:
    edit(packaged, "bundle/encoder.json", '"AA"', '"AB"')
    found = failing(packaged)
    assert set(found) == {"started"}
    assert "encoder.json is not the file that was packed" in found["started"]


def test_a_rehearsal_of_another_bundle_is_none(packaged: Path) -> None:
    assert failing(packaged) == {}
    path = packaged / "metrics/rehearsal.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"bundle": "0" * 64}))
    said = run_command(packaged, "python", "-m", "perennial.cli", "verdict")
    assert said.returncode == 1
    assert "it was of bundle 000" in said.stderr
