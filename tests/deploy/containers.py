"""Images and containers without a daemon: buildah, podman and containerd, whose stores lie in one folder."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BASE = "localhost/standing-in-for/python:3.11-slim-bookworm"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
PROGRAMS = ("buildah", "podman", "runc", "containerd", "ctr", "mmdebstrap")
ASK = """
import json, sys, urllib.request
key, path, body, port = sys.argv[1:]
headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body.encode() or None, headers)
print(urllib.request.urlopen(asked, timeout=5).read().decode())
"""


def find_absent() -> list[str]:
    """The programs that build and run an image and are not here; `bash tests/system.sh containers` installs them."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


@dataclass(frozen=True)
class Store:
    """Where images are kept, and the programs that use them."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which the store is this one."""
        return {"CONTAINERS_STORAGE_CONF": str(self.folder / "storage.conf")}

    def run(self, *command: str, timeout: float = 900) -> str:
        """Run a program that must succeed, and return what it said."""
        done = subprocess.run(
            command, env=os.environ | self.environment, capture_output=True, text=True, timeout=timeout
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-3000:]}"
        return done.stdout.strip()

    def podman(self, *words: str) -> str:
        """Run podman, which needs no systemd here."""
        return self.run("podman", "--runtime", "runc", "--cgroup-manager", "cgroupfs", *words)

    def size(self, image: str) -> int:
        """The bytes of an image, unpacked."""
        return int(self.podman("image", "inspect", "--format", "{{.Size}}", image))


def open_store(folder: Path) -> Store:
    """Make a store in a folder."""
    folder.mkdir()
    settings = f'[storage]\ndriver = "overlay"\ngraphroot = "{folder}/images"\nrunroot = "{folder}/run"\n'
    (folder / "storage.conf").write_text(settings)
    return Store(folder)


def make_base(store: Store) -> None:
    """Make what stands in for the base image: Debian with its Python, and the certificates that this machine trusts."""
    archive = str(store.folder / "base.tar")
    bare = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "man", "locale")]
    packages = "--include=python3,python3-venv,ca-certificates"
    store.run("mmdebstrap", "--quiet", "--variant=minbase", packages, *bare, "bookworm", archive)
    name = store.run("buildah", "from", "scratch")
    store.run("buildah", "add", "--quiet", name, archive, "/")
    if CERTIFICATES.exists():
        store.run("buildah", "copy", "--quiet", name, str(CERTIFICATES), str(CERTIFICATES))
        store.run("buildah", "config", "--env", f"PIP_CERT={CERTIFICATES}", name)
    store.run("buildah", "config", "--env", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", name)
    store.run("buildah", "commit", "--quiet", "--rm", name, BASE)


HARDENED = (
    *("--read-only", "--tmpfs", "/tmp:size=64m", "--cap-drop", "all"),
    *("--security-opt", "no-new-privileges", "--ulimit", "nofile=20000:20000", "--ulimit", "nproc=4096:4096"),
    *("--memory", "768m"),
)


@contextmanager
def run_container(
    store: Store, image: str, *options: str, network: str = "none", command: Sequence[str] = ()
) -> Iterator[str]:
    """Run a container with the hardened flags, and remove it."""
    name = store.podman("run", "--detach", "--network", network, *HARDENED, *options, image, *command)
    try:
        yield name
    finally:
        store.podman("rm", "--force", "--time", "1", name)


@contextmanager
def run_containerd(store: Store) -> Iterator[list[str]]:
    """Run a containerd of its own, and yield how `ctr` speaks to it."""
    folder = store.folder / "containerd"
    folder.mkdir()
    plugins = '["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]'
    settings = f'version = 2\nroot = "{folder}/root"\nstate = "{folder}/state"\ndisabled_plugins = {plugins}\n'
    (folder / "config.toml").write_text(f'{settings}[grpc]\naddress = "{folder}/socket"\n')
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["containerd", "--config", str(folder / "config.toml")], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        for _ in range(100):
            if (folder / "socket").exists():
                break
            time.sleep(0.1)
        yield ["ctr", "--address", str(folder / "socket"), "--namespace", "k8s.io"]
    finally:
        process.terminate()
        process.wait(20)


def ask(store: Store, inside: Sequence[str], key: str, path: str, body: str, port: int = 3000) -> str:
    """Return what a service answers; `inside` runs a program beside it."""
    return store.run(*inside, "python", "-c", ASK, key, path, body, str(port))


def wait_ready(store: Store, inside: Sequence[str], port: int = 3000, seconds: float = 60.0) -> float:
    """Wait until the service is ready, and return how many seconds that took."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        done = subprocess.run(
            [*inside, "python", "-c", ASK, "", "/readyz", "", str(port)],
            env=os.environ | store.environment,
            capture_output=True,
            text=True,
        )
        if done.returncode == 0:
            return time.monotonic() - started
        time.sleep(0.2)
    raise AssertionError(f"not ready within {seconds:g} s: {done.stderr[-2000:]}")
