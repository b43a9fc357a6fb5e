"""The bento: BentoML builds it inside the repository, and what differs from run to run is fixed afterwards."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from perennial.io.bundle import bundle_hash, read_part
from perennial.io.files import replace_folder, sha256_file, write_json, write_text
from perennial.io.graph import import_closure
from perennial.io.scratch import scratch_folder
from perennial.model.link import is_linked
from perennial.refusal import Refusal

SERVICE = "perennial.serving.service"
MIGRATIONS = ("env", "versions.v0001_predictions_and_labels", "versions.v0002_lanes")
CHALLENGER = "perennial.serving.challenger_process"
SHIPPED = (SERVICE, CHALLENGER, *(f"perennial.io.migrations.{name}" for name in MIGRATIONS))
"""What is copied into the bento, each with all that it imports; nothing imports a migration or another process."""
SUMS = "SHA256SUMS"
HOME = ".perennial/bentoml"
LOCK, ESTIMATOR_LOCK = "requirements/serve.txt", "requirements/serve_estimators.txt"
_DESCRIPTION = """# perennial:{version}

A judged model behind `POST /predict`; `GET /schema` says what to send. Bundle {bundle}.

Set `PERENNIAL_LOG_URL` to where predictions are recorded, and `PERENNIAL_API_KEYS_FILE` to answer other machines.
"""


def bento_environment() -> dict[str, str]:
    """Return the environment of every BentoML process: quiet, untracked, writing inside the repository only."""
    scratch = Path(".perennial/tmp").absolute()
    scratch.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "BENTOML_CONFIG")}
    return kept | {
        "BENTOML_DO_NOT_TRACK": "true",
        "BENTOML_HOME": str(Path(HOME).absolute()),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": str(scratch),
    }


def bento_command(*arguments: str, python: str | Path = sys.executable) -> list[str]:
    """Return the command line of the BentoML of an environment, this one's own unless another `python` is named."""
    return [str(python), "-m", "bentoml", *arguments]


def _collect_sources(context: Path, source: Path) -> None:
    for name in sorted({file for module in SHIPPED for file in import_closure(module, source)}):
        target = context / Path(name).relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(name, target)


def _build_options(version: str, bundle: str) -> dict[str, Any]:
    return {
        "service": f"{SERVICE}:Perennial",
        "name": "perennial",
        "description": _DESCRIPTION.format(version=version, bundle=bundle),
        "labels": {"bundle": bundle},
        "include": ["perennial/**/*.py", "bundle/*", "limits.json", "packaged.json"],
        "python": {"lock_packages": False},
        # LightGBM's library needs OpenMP, which slim images lack.
        "docker": {"python_version": "3.11", "system_packages": ["libgomp1"]},
    }


def _run_build(context: Path, store: Path, version: str) -> Path:
    command = bento_command("build", "--version", version, "--output", "tag", "-f", "bentofile.yaml", ".")
    environment = bento_environment() | {"BENTOML_HOME": str(store)}
    done = subprocess.run(command, cwd=context, env=environment, capture_output=True, text=True)
    built = store / "bentos" / "perennial" / version
    if done.returncode != 0 or not built.is_dir():
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
        raise Refusal(f"BentoML did not build the bento ({lines[-1]:.300}): run `perennial.stages.package` by itself.")
    return built


def choose_lock(bundle: str | Path) -> str:
    """Return the lock of what answers for a bundle: with scikit-learn where only that can run a member."""
    members = read_part(bundle, "model.json")["members"]
    own = [member["member"] if is_linked(member) else member for member in members]
    return ESTIMATOR_LOCK if any(member["family"] == "estimator" for member in own) else LOCK


def list_pins(lock: str) -> str:
    """Return the requirements of a hash-checked lock, one a line, without their hashes."""
    pins = (line.rstrip(" \\") for line in lock.splitlines() if line and not line.startswith((" ", "#", "-")))
    return "".join(f"{pin}\n" for pin in pins)


def normalise_bento(folder: Path, *, as_of: str, lock: str) -> None:
    """Make a built bento depend on its content alone: `as_of` as its creation time, the lock with its hashes.

    BentoML would read no lock below a folder whose name begins with a dot, and adds itself to any without a hash.
    """
    python = folder / "env" / "python"
    (python / "requirements.in").unlink(missing_ok=True)
    write_text(python / "requirements.txt", lock)
    document = yaml.safe_load((folder / "bento.yaml").read_text(encoding="utf-8"))
    document["creation_time"] = f"{as_of[:10]}T00:00:00+00:00"
    document["image"]["python_requirements"] = list_pins(lock)
    write_text(folder / "bento.yaml", yaml.safe_dump(document, sort_keys=False, allow_unicode=True))


def _files_of(folder: Path) -> list[Path]:
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return sorted((path for path in found if path.name != SUMS), key=lambda path: path.relative_to(folder).as_posix())


def write_sums(folder: str | Path) -> None:
    """Write SHA256SUMS over every file of a folder, in the format of `sha256sum --check`."""
    folder = Path(folder)
    lines = [f"{sha256_file(path)}  {path.relative_to(folder).as_posix()}\n" for path in _files_of(folder)]
    write_text(folder / SUMS, "".join(lines))


def verify_sums(folder: str | Path, remedy: str = "") -> None:
    """Raise Refusal with a remedy at the first file of a bento that is missing, extra or altered."""
    folder, remedy = Path(folder), remedy or f"run `dvc checkout {folder}`"
    sums = folder / SUMS
    if not sums.is_file():
        raise Refusal(
            f"{sums} is not there: `dvc repro package` makes the bento of this model, `perennial promote` releases it."
        )
    lines = sums.read_text(encoding="utf-8").splitlines()
    expected = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    found = {path.relative_to(folder).as_posix(): path for path in _files_of(folder)}
    for name in sorted(expected.keys() ^ found.keys()):
        raise Refusal(f"{folder / name} is {'extra' if name in found else 'missing'}: {remedy}.")
    for name, path in found.items():
        if sha256_file(path) != expected[name]:
            raise Refusal(f"{path} is not the file that was packed (SHA-256 differs): {remedy}.")


def build_bento(
    bundle: str | Path,
    target: str | Path,
    *,
    limits: Mapping[str, int],
    as_of: str,
    packaged: Mapping[str, Any] | None = None,
    lock: str = LOCK,
    source: str = "src",
) -> str:
    """Build the bento of a bundle into the folder `target` and return its version, 12 digits of the bundle's hash.

    `limits` are what one request may ask (`max_rows`, `max_body_bytes`), `as_of` is an ISO-8601 date, `packaged` is
    what GET /model shows beside the bundle: a `card` and the `verdict`.
    """
    digest = bundle_hash(bundle)
    version = digest[:12]
    with scratch_folder("bento") as scratch:
        context = scratch / "context"
        context.mkdir()
        _collect_sources(context, Path(source))
        shutil.copytree(bundle, context / "bundle")
        write_json(context / "limits.json", dict(limits))
        write_json(context / "packaged.json", dict(packaged or {}))
        write_text(context / "bentofile.yaml", yaml.safe_dump(_build_options(version, digest)))
        built = _run_build(context, scratch / "store", version)
        normalise_bento(built, as_of=as_of, lock=Path(lock).read_text(encoding="utf-8"))
        write_sums(built)
        with replace_folder(target) as place:
            shutil.copytree(built, place, dirs_exist_ok=True)
    return version
