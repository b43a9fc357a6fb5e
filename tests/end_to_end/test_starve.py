"""No room, no right, no peace: full disks, read-only folders, two runs, damaged files; each said in a sentence."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import run_command, run_stage
from tests.end_to_end.small import hash_output, outs_of, start, track_project, wait_stage

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def tracked(judged_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return track_project(judged_project, tmp_path_factory.mktemp("starve") / "project")


@pytest.fixture
def copy(tracked: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tracked, tmp_path / "project", symlinks=True))


def perennial(project: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return run_command(project, sys.executable, "-m", "perennial.cli", *words)


def refused(done: "subprocess.CompletedProcess[str]") -> str:
    """The one sentence of a refusal; progress bars apart, nothing else stands on standard error."""
    assert done.returncode == 1, done.stdout + done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("refused: ")]
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return lines[0]


@contextmanager
def mounted(*words: str) -> Iterator[None]:
    """Mount something while the block runs; skip where that is not allowed."""
    if subprocess.run(["mount", *words], capture_output=True).returncode != 0:
        pytest.skip("mounting is not allowed here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", words[-1]], check=True)


@contextmanager
def tiny_disk(folder: Path, spare_kb: int) -> Iterator[None]:
    """Put a folder on a disk of its own that has no more room than `spare_kb` beside what is in it."""
    kept = folder.with_name(f"{folder.name}-kept")
    folder.rename(kept)
    folder.mkdir()
    files = [path for path in kept.rglob("*") if path.is_file()]
    used = sum(-(-path.stat().st_size // 4096) * 4 for path in files)
    with mounted("-t", "tmpfs", "-o", f"size={used + spare_kb}k", "none", str(folder)):
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        yield
    folder.rmdir()
    kept.rename(folder)


def test_a_disk_that_fills_up_in_a_stage_keeps_the_old_output(copy: Path) -> None:
    with tiny_disk(copy / "data", spare_kb=300):
        before = hash_output(copy / "data/raw")
        sentence = refused(run_stage(copy, "ingest"))
        assert "No space left on device" in sentence
        assert "make room" in sentence
        assert hash_output(copy / "data/raw") == before
        assert list((copy / "data").glob(".*.part")) == []
    assert run_stage(copy, "ingest").returncode == 0
    assert hash_output(copy / "data/raw") == before


def test_a_limit_of_file_size_is_said_like_a_full_disk(copy: Path) -> None:
    before = hash_output(copy / "data/split.parquet")
    limited = (
        "import resource, runpy; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)); "
        "runpy.run_module('perennial.stages.split', run_name='__main__')"
    )
    sentence = refused(run_command(copy, sys.executable, "-c", limited))
    assert "File too large" in sentence
    assert hash_output(copy / "data/split.parquet") == before


def test_a_cache_that_fills_up_loses_nothing(copy: Path) -> None:
    lock = (copy / "dvc.lock").read_bytes()
    out = copy / "data/examples.parquet"
    shutil.rmtree(copy / ".dvc/cache")
    (copy / ".dvc/cache").mkdir()
    whole = hash_output(out)
    with mounted("-t", "tmpfs", "-o", "size=100k", "none", str(copy / ".dvc/cache")):
        done = run_command(copy, "dvc", "commit", "--force")
        assert done.returncode != 0
        assert "No space left" in done.stdout + done.stderr
        assert hash_output(out) == whole
    done = run_command(copy, "dvc", "commit", "--force")
    assert done.returncode == 0, done.stderr
    assert (copy / "dvc.lock").read_bytes() == lock
    assert "✗ wrong  cache" not in perennial(copy, "doctor").stdout


def test_a_folder_that_may_not_be_written_is_named(copy: Path) -> None:
    metrics = str(copy / "metrics")
    with mounted("--bind", metrics, metrics):
        subprocess.run(["mount", "-o", "remount,ro,bind", metrics], check=True)
        before = hash_output(copy / "metrics")
        sentence = refused(run_stage(copy, "gate"))
        assert "Read-only file system (metrics/" in sentence
        assert "mend the rights" in sentence
        assert hash_output(copy / "metrics") == before


def test_a_file_where_a_folder_should_be_is_named(copy: Path) -> None:
    shutil.rmtree(copy / "models/bento")
    shutil.rmtree(copy / "data/valid")
    (copy / "data/valid").write_text("not a folder")
    assert "data/valid" in refused(run_stage(copy, "assemble"))


def test_of_two_runs_at_once_the_second_says_so_and_the_first_ends(copy: Path) -> None:
    lock = (copy / "dvc.lock").read_bytes()
    first = start(copy, "dvc", "repro", "--force", "--single-item", "validate")
    stage = wait_stage(copy, first, "validate")
    assert stage is not None
    stage.suspend()  # it may be over before the second has begun
    second = run_command(copy, "dvc", "repro", "--force", "--single-item", "validate")
    stage.resume()
    words, _ = first.communicate(timeout=120)
    assert first.returncode == 0, words
    assert second.returncode != 0
    assert "busy" in second.stderr or "lock" in second.stderr
    assert (copy / "dvc.lock").read_bytes() == lock


def test_a_lock_left_to_a_stranger_is_named_by_the_doctor_who_frees_it(copy: Path) -> None:
    with subprocess.Popen(["sleep", "300"]) as stranger:
        info = {"pid": stranger.pid, "cmd": "dvc repro"}
        (copy / ".dvc/tmp/rwlock").write_text(json.dumps({"write": {str(copy / "data/split.parquet"): info}}))
        blocked = run_command(copy, "dvc", "repro", "--force", "--single-item", "split")
        assert blocked.returncode != 0
        said = perennial(copy, "doctor").stdout
        assert "is some other program\n           mend: rm .dvc/tmp/rwlock" in said
        os.remove(copy / ".dvc/tmp/rwlock")
        assert run_command(copy, "dvc", "repro", "--force", "--single-item", "split").returncode == 0
        stranger.kill()


def test_a_torn_lock_file_is_named_by_the_doctor(copy: Path) -> None:
    (copy / ".dvc/tmp/rwlock").write_text('{"write": {')
    assert run_command(copy, "dvc", "repro", "--force", "--single-item", "split").returncode != 0
    assert "mend: rm .dvc/tmp/rwlock" in perennial(copy, "doctor").stdout
    os.remove(copy / ".dvc/tmp/rwlock")
    assert run_command(copy, "dvc", "status").returncode == 0


@pytest.mark.parametrize("harm", ["truncated", "emptied", "a flipped bit"])
def test_a_damaged_table_is_refused_by_name_and_comes_back(copy: Path, harm: str) -> None:
    path = copy / "data/examples.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes({"truncated": content[:-100], "emptied": b"", "a flipped bit": bytes(content)}[harm])
    sentence = refused(run_stage(copy, "split"))
    assert "data/examples.parquet is damaged" in sentence
    assert "`dvc checkout`" in sentence
    path.unlink()
    assert run_command(copy, "dvc", "checkout").returncode == 0
    assert "up to date" in run_command(copy, "dvc", "status").stdout


def test_a_flipped_bit_in_the_cache_is_named_and_the_stage_makes_it_again(copy: Path) -> None:
    lock = (copy / "dvc.lock").read_bytes()
    [oid] = [out["md5"] for out in outs_of(copy, "split") if out["path"] == "data/split.parquet"]
    place = copy / ".dvc/cache/files/md5" / oid[:2] / oid[2:]
    content = bytearray(place.read_bytes())
    content[len(content) // 2] ^= 1
    place.chmod(0o644)
    place.write_bytes(content)
    (copy / "data/split.parquet").unlink()
    said = perennial(copy, "doctor").stdout
    assert f"1 objects are damaged: {oid}, data/split.parquet of stage split" in said
    sentence = refused(perennial(copy, "verify-data", "--heal", "--cache-only"))
    assert "run `dvc repro --force split`" in sentence
    assert run_command(copy, "dvc", "repro", "--force", "--single-item", "split").returncode == 0
    assert (copy / "dvc.lock").read_bytes() == lock
    assert "the cache: whole" in perennial(copy, "verify-data", "--cache-only").stdout


def test_a_flipped_bit_in_the_cache_is_healed_from_the_workspace(copy: Path) -> None:
    [oid] = [out["md5"] for out in outs_of(copy, "split") if out["path"] == "data/split.parquet"]
    place = copy / ".dvc/cache/files/md5" / oid[:2] / oid[2:]
    place.chmod(0o644)
    place.write_bytes(b"")
    done = perennial(copy, "verify-data", "--heal", "--cache-only")
    assert done.returncode == 0, done.stderr
    assert "healed" in done.stdout
    assert place.stat().st_size > 0
