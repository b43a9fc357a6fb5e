import os
import signal
import subprocess
import sys
import time
from importlib import util
from pathlib import Path

import pytest

from perennial.io.engine import map_here, open_engine, plan_workers
from perennial.refusal import Refusal
from tests.conftest import ROOT


def square(number: int) -> int:
    return number * number


def tell_process(_piece: int) -> int:
    time.sleep(0.05)
    return os.getpid()


def fail_at_two(number: int) -> int:
    if number == 2:
        raise Refusal("piece 2 is bad.")
    return number


@pytest.mark.parametrize(
    ("workers", "pieces", "cores", "expected"),
    [
        *[(0, 100, 4, (4, 1)), (0, 2, 4, (2, 2)), (0, 0, 4, (1, 4))],
        *[(1, 100, 4, (1, 1)), (2, 100, 4, (2, 1)), (8, 3, 4, (3, 1)), (3, 9, 2, (3, 1))],
    ],
)
def test_plan_of_workers(workers: int, pieces: int, cores: int, expected: tuple[int, int]) -> None:
    assert plan_workers(workers, pieces, cores) == expected


def test_a_negative_number_of_workers_is_refused() -> None:
    with pytest.raises(Refusal, match=r"engine\.workers is -1"):
        plan_workers(-1, 2, 2)


def test_here_and_in_a_pool_are_the_same_in_the_same_order() -> None:
    pieces = list(range(20))
    with open_engine(workers=1) as alone, open_engine(workers=2) as pool:
        assert alone.map(square, pieces) == pool.map(square, pieces) == map_here(square, pieces)
        assert (alone.workers, pool.workers) == (1, 2)


def test_never_more_processes_than_workers() -> None:
    with open_engine(workers=2) as engine:
        processes = set(engine.map(tell_process, range(12)))
    assert 1 <= len(processes) <= 2
    assert os.getpid() not in processes


@pytest.mark.parametrize("workers", [1, 2])
def test_an_exception_comes_out_as_it_was_raised(workers: int) -> None:
    with open_engine(workers=workers) as engine, pytest.raises(Refusal, match="piece 2 is bad"):
        engine.map(fail_at_two, range(5))


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux only")
def test_the_pool_dies_with_its_parent(tmp_path: Path) -> None:
    code = (
        "from perennial.io.engine import open_engine; from tests.io.test_engine import tell_process; import time\n"
        "if __name__ == '__main__':\n"
        "    with open_engine(workers=2) as engine:\n"
        "        print(*set(engine.map(tell_process, range(8))), flush=True); time.sleep(60)\n"
    )
    script = tmp_path / "parent.py"
    script.write_text(code)
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        children = [int(word) for word in parent.stdout.readline().split()]
        parent.send_signal(signal.SIGKILL)
    assert children
    until = time.monotonic() + 10
    while any(Path(f"/proc/{child}/cmdline").exists() and not _is_dead(child) for child in children):
        assert time.monotonic() < until, f"still running: {children}"
        time.sleep(0.05)


def _is_dead(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.skipif(util.find_spec("distributed") is not None, reason="Dask is installed")
def test_a_cluster_without_dask_is_refused() -> None:
    with pytest.raises(Refusal, match=r"requirements/dask\.txt"), open_engine(scheduler="tcp://127.0.0.1:1"):
        pass
