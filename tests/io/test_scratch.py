import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from perennial.io.files import replace_file, replace_folder, write_text
from perennial.io.scratch import drop_dead, is_dead, leftover_names, scratch_folder

HOLD = """
import sys, time
from perennial.io.files import replace_file, replace_folder
from perennial.io.scratch import scratch_folder
with {how} as path:
    print(path, flush=True)
    time.sleep(60)
"""
WAYS = ["replace_file('out.json')", "replace_folder('out')", "scratch_folder('search')"]


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@contextmanager
def holder(how: str) -> Iterator[tuple["subprocess.Popen[str]", Path]]:
    """A living process that is in the middle of a write, and the path it writes to."""
    command = [sys.executable, "-c", HOLD.format(how=how)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process, Path(process.stdout.readline().strip())
        process.kill()


def write_again(how: str) -> None:
    """Write the same thing a second time, from this process."""
    if "file" in how:
        write_text("out.json", "new")
    elif "scratch" in how:
        with scratch_folder("train"):
            pass
    else:
        with replace_folder("out") as folder:
            (folder / "new").touch()


def test_scratch_is_inside_the_repository_and_goes_away(tmp_path: Path) -> None:
    with scratch_folder("x") as folder:
        assert tmp_path in folder.parents
    assert not folder.exists()


@pytest.mark.parametrize("how", WAYS)
def test_what_a_killed_process_left_is_removed_by_the_next_write(how: str) -> None:
    with holder(how) as (process, left):
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert left.exists()
        write_again(how)
        assert not left.exists()


@pytest.mark.parametrize("how", WAYS)
def test_what_a_living_process_writes_stays(how: str) -> None:
    with holder(how) as (_, left):
        write_again(how)
        assert left.exists()
        assert not is_dead(left)


def test_the_id_of_a_dead_process_may_be_given_out_again() -> None:
    left = Path(f".out.json.{os.getpid()}-0badcafe.part")
    left.write_text("of an earlier process that had this one's id")
    write_text("out.json", "new")
    assert os.listdir() == ["out.json"]


def test_what_was_to_take_the_place_of_a_dead_part_goes_with_it() -> None:
    for name in (".out.json.1-0badcafe.part", "..out.json.1-0badcafe.part.1-00c0ffee.part"):
        Path(name).write_text("of a process that is gone")
    write_text("out.json", "new")
    assert os.listdir() == ["out.json"]


def test_only_what_takes_the_place_of_the_path_is_looked_at() -> None:
    for name in (".other.json.1-0.part", "out.json.bak", ".out.json.note"):
        Path(name).touch()
    assert leftover_names(Path("out.json")) == []
    write_text("out.json", "new")
    assert len(os.listdir()) == 4


def test_a_link_is_never_followed() -> None:
    Path("kept").mkdir()
    Path("kept/file").touch()
    Path(".out.1-0.part").symlink_to("kept")
    drop_dead([Path(".out.1-0.part")])
    assert Path("kept/file").exists()


def test_two_writers_of_one_file_both_end_whole() -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", f"from perennial.io.files import *\nfor _ in range(300): write_text('o', '{n}' * 9)"]
        )
        for n in (1, 2)
    ]
    assert [writer.wait() for writer in writers] == [0, 0]
    assert Path("o").read_text() in ("1" * 9, "2" * 9)
    assert os.listdir() == ["o"]


def test_the_place_of_a_file_is_not_taken_when_the_write_fails() -> None:
    Path("o").write_text("old")
    with pytest.raises(KeyError), replace_file("o"):
        raise KeyError
    assert Path("o").read_text() == "old"
    assert os.listdir() == ["o"]
