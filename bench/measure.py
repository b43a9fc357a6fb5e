"""What every bench shares: the CPU, wall time and peak memory of a command and its children."""

import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
GRAPH = (
    *("ingest", "validate", "assemble", "profile", "split", "search"),
    *("train", "evaluate", "gate", "package", "rehearse", "report"),
)


def _memory(process: psutil.Process) -> int:
    """Return the bytes a process holds, what it shares counted by its part."""
    with suppress(psutil.Error):
        return getattr(process.memory_full_info(), "pss", process.memory_info().rss)
    return 0


def _watch(pid: int, done: threading.Event, peaks: list[int]) -> None:
    root = psutil.Process(pid)
    while not done.wait(0.25):
        with suppress(psutil.Error):
            peaks.append(sum(map(_memory, [root, *root.children(recursive=True)])))


def run(command: Sequence[str], folder: Path) -> dict[str, float]:
    """Run a command to its end; return seconds of wall time and CPU, and the most MB that it and its children held."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(folder / "src"),
    }
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    done, peaks = threading.Event(), [0]
    threading.Thread(target=_watch, args=(process.pid, done, peaks), daemon=True).start()
    _, said = process.communicate()
    done.set()
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed: {said[-2000:]}")
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall": wall, "cpu": cpu, "peak_mb": max(peaks) / 1e6}


def clone(folder: Path) -> Path:
    """Clone the committed project into `folder`, without outputs."""
    subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)
    return folder


def median(values: Sequence[float]) -> float:
    """Return the middle value."""
    return sorted(values)[len(values) // 2]
