"""A repository with a base and a pull request: the gate alone runs, on what the project's own run measured."""

import shutil
import subprocess
from pathlib import Path

import yaml

from perennial.cli import parse_arguments
from tests.conftest import COPIED, FLIGHTS, ROOT, release_nothing

READ = ("metrics/evaluation.json", "metrics/point_in_time.json")


def git(*words: str) -> str:
    """Run Git here, as somebody."""
    who = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *who, *words], check=True, capture_output=True, text=True).stdout.strip()


def perennial(*words: str) -> None:
    """Run one of the project's words here, in this process."""
    arguments = parse_arguments(words)
    arguments.run(arguments)


def commit(message: str) -> str:
    """Commit everything and return the hash."""
    git("add", "--all")
    git("commit", "--quiet", "--allow-empty", "-m", message)
    return git("rev-parse", "HEAD")


def make_repository(folder: Path) -> None:
    """Write the sources of the gate into a new repository; nothing has run."""
    shutil.copytree(FLIGHTS, folder, dirs_exist_ok=True)
    for name in (*COPIED, *READ, ".dvc/config", ".dvcignore"):
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_file():
            shutil.copy(ROOT / name, place)
    release_nothing(folder)
    (folder / "src").symlink_to(ROOT / "src")
    (folder / "requirements").symlink_to(ROOT / "requirements")
    graph = yaml.safe_load((folder / "dvc.yaml").read_text())
    graph = {"stages": {"gate": graph["stages"]["gate"]}}
    (folder / "dvc.yaml").write_text(yaml.safe_dump(graph))
    declared = graph["stages"]["gate"]["params"]
    document = yaml.safe_load((folder / "params.yaml").read_text())
    sections = {
        name: {k: v for k, v in leaves.items() if f"{name}.{k}" in declared} for name, leaves in document.items()
    }
    (folder / "params.yaml").write_text(yaml.safe_dump({name: leaves for name, leaves in sections.items() if leaves}))
    (folder / ".gitignore").write_text(".perennial/\n")
    (folder / ".dvc/.gitignore").write_text("/tmp\n/cache\n")
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(folder)], check=True)


def set_success(share: float) -> None:
    """Change the one param that a pull request changes here."""
    path = Path("params.yaml")
    lines = path.read_text().splitlines()
    kept = [f"  success: {share}" if line.startswith("  success:") else line for line in lines]
    path.write_text("\n".join(kept) + "\n")
