"""What the doctor sees of the machine: Python, system libraries, the environment against its lock, room on the disk."""

import ctypes
import importlib.metadata
import re
import shutil
import sys
from pathlib import Path

from perennial.io.finding import Finding

OLDEST = (3, 11)
LIBRARIES = {
    "linux": ("libgomp.so.1", "apt-get install libgomp1 (Debian, Ubuntu) or dnf install libgomp (Fedora)"),
    "darwin": ("libomp.dylib", "brew install libomp"),
}
ELSEWHERE = {"libomp.dylib": ("/opt/homebrew/opt/libomp/lib/libomp.dylib", "/usr/local/opt/libomp/lib/libomp.dylib")}
RUNTIME = Path("requirements/runtime.txt")
LEAST_GB = 2.0


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    """Judge the version of Python."""
    text = ".".join(map(str, version))
    if version < OLDEST:
        return Finding("Python", f"{text} runs, 3.11 is needed", "rm -rf .venv && make PYTHON=python3.12 setup")
    return Finding("Python", text)


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def check_openmp(library: str | None = None) -> Finding:
    """Judge whether the system library that LightGBM needs can be loaded."""
    known, mend = LIBRARIES.get(sys.platform, ("", ""))
    name = library or known
    if name and not any(map(_loads, (name, *ELSEWHERE.get(name, ())))):
        return Finding("OpenMP", f"the system library {name} is not installed", mend)
    return Finding("OpenMP", name or "not looked for on this system")


def read_pins(lock: Path) -> dict[str, str]:
    """Return {package: version} of a hash-checked lock; those for other systems alone are left out."""
    pins = re.findall(r"(?m)^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)\s*(;?)", lock.read_text(encoding="utf-8"))
    return {name: version for name, version, marker in pins if not marker}


def _installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def check_environment(lock: Path = RUNTIME) -> Finding:
    """Judge whether every package of the lock is installed in its version."""
    if not lock.is_file():
        return Finding("environment", f"{lock} is not there", f"git checkout {lock}")
    pins = read_pins(lock)
    wrong = [
        f"{name} {_installed(name) or 'absent'}, not {pin}" for name, pin in pins.items() if _installed(name) != pin
    ]
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        return Finding("environment", f"{'; '.join(wrong[:3])}{more}", "rm -f .venv/.runtime && make setup")
    return Finding("environment", f"{len(pins)} packages as in {lock}")


def check_disk(least_gb: float = LEAST_GB) -> Finding:
    """Judge the room where the repository lies."""
    free = shutil.disk_usage(".").free / 2**30
    if free < least_gb:
        return Finding(
            "disk", f"{free:.1f} GB are free, a run may need {least_gb:g}", "make room, or `dvc gc --workspace`"
        )
    return Finding("disk", f"{free:.1f} GB are free")
