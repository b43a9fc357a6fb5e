"""The image of a bento: what is copied into it, and whatever builder of images the machine has."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import yaml

from perennial.refusal import Refusal

CONTAINERFILE = Path("deploy/container/Containerfile")
BESIDE = {"postgres.txt": Path("requirements/postgres.txt"), "entrypoint.sh": CONTAINERFILE.with_name("entrypoint.sh")}
"""What is copied into the image with the bento, by its name there."""
BUILDERS = ("docker", "podman", "buildah")


def find_builder(asked: str | None = None) -> str:
    """Return the first builder of images that answers on this machine; raises Refusal when none does."""
    for name in [asked] if asked else BUILDERS:
        # Docker's client is often there without its daemon.
        if shutil.which(name) and subprocess.run([name, "info"], capture_output=True).returncode == 0:
            return name
    raise Refusal(f"no image can be built: none of {asked or ', '.join(BUILDERS)} is installed and answers.")


def read_version(bento: Path) -> str:
    """Return the version of a built bento."""
    return str(yaml.safe_load((bento / "bento.yaml").read_text(encoding="utf-8"))["version"])


def collect_context(folder: Path, bento: Path) -> None:
    """Copy into a folder what the image is made of, readable by every user."""
    shutil.copytree(bento, folder / "bento", ignore=shutil.ignore_patterns("__pycache__"))
    for name, source in BESIDE.items():
        shutil.copyfile(source, folder / name)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def build_image(builder: str, folder: Path, tag: str, base: str | None, more: Sequence[str] = ()) -> None:
    """Build the image of a context under a tag; `more` are the builder's own options."""
    command = [builder, "build", "--file", str(CONTAINERFILE), "--tag", tag]
    command += ["--build-arg", f"BASE={base}"] if base else []
    done = subprocess.run([*command, *more, str(folder)])
    if done.returncode != 0:
        raise Refusal(f"{builder} did not build the image {tag}: its own words stand above.")
