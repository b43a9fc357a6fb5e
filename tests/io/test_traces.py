import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from perennial.io.scratch import scratch_folder
from perennial.io.traces import check_cache, check_locks, check_processes, check_scratch
from tests.io.repository import ONE, make_repository


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository in which nothing is wrong; the file of its one object."""
    return make_repository(tmp_path / "project", monkeypatch)


def write_rwlock(text: str) -> None:
    Path(".dvc/tmp").mkdir()
    Path(".dvc/tmp/rwlock").write_text(text)


def held_by(pid: int) -> str:
    return json.dumps({"write": {"/x/out": {"pid": pid, "cmd": "dvc repro"}}, "read": {}})


def dead_pid() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_nothing_is_wrong_at_first() -> None:
    assert not any(finding.wrong for finding in (check_locks(), check_scratch(), check_processes(), *check_cache()))


def test_a_lock_of_a_dead_process_is_named() -> None:
    pid = dead_pid()
    write_rwlock(held_by(pid))
    assert check_locks().sentence == f"`dvc repro` holds a lock, but process {pid} is dead"
    assert check_locks().mend == "rm .dvc/tmp/rwlock"


def test_a_lock_whose_process_id_was_given_to_another_program_is_named() -> None:
    with subprocess.Popen(["sleep", "60"]) as stranger:
        write_rwlock(held_by(stranger.pid))
        assert "is some other program" in check_locks().sentence
        stranger.kill()


def test_a_lock_of_a_living_dvc_is_well() -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "dvc", "repro"]) as living:
        write_rwlock(held_by(living.pid))
        assert not check_locks().wrong
        living.kill()


@pytest.mark.parametrize("text", ["{", "[]", '{"write": {"a": 3}}', "null"])
def test_a_torn_lock_file_is_named(text: str) -> None:
    write_rwlock(text)
    assert (check_locks().sentence, check_locks().mend) == (
        ".dvc/tmp/rwlock is not what DVC writes",
        "rm .dvc/tmp/rwlock",
    )


def test_scratch_of_killed_runs_is_named_and_the_remedy_removes_it() -> None:
    Path("data/.raw.7-0badcafe.part").mkdir(parents=True)
    Path("metrics").mkdir()
    Path("metrics/.gate.json.7-0badcafe.part").touch()
    Path(".perennial/tmp/tmp1234").mkdir(parents=True)
    os.utime(".perennial/tmp/tmp1234", (0, 0))
    finding = check_scratch()
    assert finding.sentence == "3 files or folders of killed runs"
    subprocess.run(finding.mend, shell=True, check=True)
    assert not check_scratch().wrong


def test_scratch_of_a_living_run_is_well() -> None:
    with scratch_folder("search"):
        assert not check_scratch().wrong


@pytest.mark.parametrize(
    ("module", "name"),
    [("perennial.stages.train", "stage train"), ("_bentoml_impl.worker.service", "worker of a server")],
)
def test_a_stage_without_dvc_and_a_worker_without_server_are_named(module: str, name: str) -> None:
    waiting = "import time; time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", waiting, "-m", module]) as orphan:
        for _ in range(50):
            if check_processes().wrong:
                break
            time.sleep(0.1)
        assert check_processes().sentence == f"left alone: {name} ({orphan.pid})"
        assert check_processes().mend == f"kill {orphan.pid}"
        orphan.send_signal(signal.SIGKILL)


@pytest.mark.parametrize("content", [b"", b"on", b"onf"], ids=["emptied", "truncated", "a flipped bit"])
def test_a_damaged_object_of_the_cache_is_named(place: Path, content: bytes) -> None:
    place.write_bytes(content)
    [finding] = check_cache()
    assert finding.sentence == f"1 objects are damaged: {ONE}, one.txt of stage make"
    assert finding.mend == "perennial verify-data --heal --cache-only"


def test_what_dvc_was_writing_when_it_was_stopped_is_named(place: Path) -> None:
    torn = place.with_name(".LnHJrCpFhBqw3XnYP4bBvA.tmp")
    torn.touch()
    finding = check_cache()[-1]
    assert finding.sentence == "1 files that DVC was writing when it was stopped"
    subprocess.run(finding.mend, shell=True, check=True)
    assert not torn.exists()
