"""What every bench shares: the CPU, wall time and peak memory of a command and its children."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GRAPH = (
    *("ingest", "validate", "assemble", "profile", "split", "search"),
    *("train", "evaluate", "gate", "package", "rehearse", "report"),
)


def run(command: Sequence[str], folder: Path) -> dict[str, float]:
    """Run a command to its end; return seconds of wall time and CPU, and the largest process in MB."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "src"),
    }
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed: {done.stderr[-2000:]}")
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall": wall, "cpu": cpu, "peak_mb": after.ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)}


def clone(folder: Path) -> Path:
    """Clone the committed project into `folder`, without outputs."""
    subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)
    return folder


def median(values: Sequence[float]) -> float:
    """Return the middle value."""
    return sorted(values)[len(values) // 2]
