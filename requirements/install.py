"""Make .venv from the hash-checked locks: `python3 requirements/install.py runtime` (or dev, s3, …)."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
OPENMP = {
    "linux": (["libgomp.so.1"], "apt-get install libgomp1 (Debian, Ubuntu) or dnf install libgomp (Fedora)"),
    "darwin": (
        ["libomp.dylib", "/opt/homebrew/opt/libomp/lib/libomp.dylib", "/usr/local/opt/libomp/lib/libomp.dylib"],
        "brew install libomp",
    ),
}


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def refuse_unfit_machine() -> None:
    """Exit with one sentence when Python is too old or LightGBM's OpenMP is absent."""
    if sys.version_info < (3, 11):
        sys.exit(
            f"Python 3.11 or newer is needed, {sys.executable} is {sys.version.split()[0]}: make PYTHON=python3.12"
        )
    names, remedy = OPENMP.get(sys.platform, ([], ""))
    if names and not any(_loads(name) for name in names):
        sys.exit(f"LightGBM needs the system library {names[0]}, which is not installed: {remedy}.")


def _index_environment(python: str) -> dict[str, str]:
    # uv does not read pip's configuration; a company mirror set for pip should serve both.
    asked = subprocess.run([python, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True)
    index = os.environ.get("PIP_INDEX_URL") or asked.stdout.strip()
    return {"UV_DEFAULT_INDEX": index} if index else {}


def install(names: list[str]) -> None:
    """Create .venv when it is absent and install the named locks into it, hash-checked and byte-compiled."""
    python = str(VENV / "bin" / "python")
    if not Path(python).exists():
        print("making .venv", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    subprocess.run([*pip, "-r", str(ROOT / "requirements" / "uv.txt")], check=True)
    locks = [argument for name in names for argument in ("-r", str(ROOT / "requirements" / f"{name}.txt"))]
    command = [str(VENV / "bin" / "uv"), "pip", "install", "--quiet", "--python", python, "--require-hashes"]
    print(f"installing {', '.join(names)}", flush=True)
    environment = os.environ | _index_environment(python)
    subprocess.run([*command, "--compile-bytecode", *locks], check=True, env=environment)
    # The project itself needs no build: its source folder is put on the path.
    site = next((VENV / "lib").glob("python3.*/site-packages"))
    # DVC's site cache lies inside the repository whatever the folder a command, or a worker of its queue, is run in.
    place = str(ROOT / ".perennial" / "dvc")
    line = f"import os; os.environ.setdefault('DVC_SITE_CACHE_DIR', {place!r})"
    (site / "perennial.pth").write_text(f"{ROOT / 'src'}\n{line}\n")
    command_file = VENV / "bin" / "perennial"
    command_file.write_text(f'#!/bin/sh\nexec "{python}" -m perennial.cli "$@"\n')
    command_file.chmod(0o755)


if __name__ == "__main__":
    refuse_unfit_machine()
    try:
        install(sys.argv[1:] or ["runtime"])
    except subprocess.CalledProcessError as error:
        sys.exit(f"set-up stopped: `{' '.join(map(str, error.cmd[:4]))} …` failed; its own words stand above.")
    for lock in sys.argv[1:] or ["runtime"]:
        (VENV / f".{lock}").touch()
