import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from perennial.io.process import run_stage
from perennial.refusal import Refusal


def refuse() -> None:
    raise Refusal("the file x.csv has no rows: give one that has.")


def fill_the_disk() -> None:
    raise OSError(28, "No space left on device", "data/raw")


@pytest.mark.parametrize(
    ("main", "sentence"),
    [
        (refuse, "refused: the file x.csv has no rows: give one that has.\n"),
        (fill_the_disk, "refused: No space left on device (data/raw): make room or mend the rights, then run again.\n"),
    ],
)
def test_a_refusal_is_one_sentence_and_exit_code_1(main, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run_stage(main)
    assert ended.value.code == 1
    assert capsys.readouterr().err == sentence


def test_a_reader_that_has_read_enough_is_no_failure_to_speak_of() -> None:
    many = "from perennial.io.process import run_entry; run_entry(lambda: [print('x' * 99) for _ in range(9999)])"
    shell = f'"{sys.executable}" -c "{many}" | head -1'
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("x" * 99 + "\n", "")


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux only")
def test_a_stage_dies_with_its_parent() -> None:
    child = "from perennial.io.process import run_stage; import time; run_stage(lambda: time.sleep(60))"
    start = f"p = subprocess.Popen([sys.executable, '-c', {child!r}]); print(p.pid, flush=True)"
    parent = f"import subprocess, sys, time; {start}; time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    orphan = int(process.stdout.readline())
    time.sleep(1)
    process.kill()
    process.wait()
    psutil.wait_procs([psutil.Process(orphan)] if psutil.pid_exists(orphan) else [], timeout=5)
    assert not psutil.pid_exists(orphan) or psutil.Process(orphan).status() == psutil.STATUS_ZOMBIE


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux only")
@pytest.mark.parametrize(("stays", "written"), [("; sleep 20", True), ("", False)], ids=["it waits", "it has ended"])
def test_a_stage_whose_parent_ended_before_it_began_writes_nothing(tmp_path: Path, stays: str, written: bool) -> None:
    code = "from pathlib import Path; from perennial.io.process import run_stage; run_stage(Path('late').touch)"
    child = f'(sleep 1; exec {sys.executable} -c "{code}") &'
    with subprocess.Popen(["bash", "-c", f"{child} : {stays}"], cwd=tmp_path, start_new_session=True) as parent:
        time.sleep(4)
        assert (tmp_path / "late").exists() == written
        parent.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux only")
@pytest.mark.parametrize(("kin", "code"), [("python", 0), ("bentoml", -9)])
def test_a_worker_knows_the_command_of_its_parent(kin: str, code: int, tmp_path: Path) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text(f"from perennial.io.process import die_with_parent; die_with_parent({kin!r})")
    parent = f"import subprocess, sys; print(subprocess.run([sys.executable, {str(worker)!r}]).returncode)"
    done = subprocess.run([sys.executable, "-c", parent], capture_output=True, text=True)
    assert int(done.stdout) == code
