"""A real S3 server on loopback, one that takes connections and says nothing, and a line to it that can be cut."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from perennial.io.server import find_free_port

BUCKET = "team"
FREE_ACTIONS = 3
"""What a guarded server lets anybody do at first: make a bucket, a user and his key."""


@contextmanager
def s3_server(guarded: bool = False) -> Iterator[str]:
    """Run an S3 server that has the bucket `team` and yield its address; a guarded one checks signatures."""
    port = find_free_port()
    environment = os.environ | ({"INITIAL_NO_AUTH_ACTION_COUNT": str(FREE_ACTIONS)} if guarded else {})
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(port)
            address = f"http://127.0.0.1:{port}"
            client("s3", address).create_bucket(Bucket=BUCKET)
            yield address
        finally:
            process.kill()


def wait_for(port: int) -> None:
    """Return when somebody listens on a loopback port."""
    for _ in range(200):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise AssertionError("the S3 server did not start")


def client(service: str, address: str) -> Any:
    """Return a boto3 client of the server."""
    import boto3

    return boto3.client(
        service, endpoint_url=address, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y"
    )


def object_keys(address: str) -> list[str]:
    """Return the keys of the bucket, sorted."""
    return sorted(item["Key"] for item in client("s3", address).list_objects_v2(Bucket=BUCKET).get("Contents", []))


@contextmanager
def listener(port: int) -> Iterator[socket.socket]:
    """Listen on a loopback port; connections wait unless somebody accepts them."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))
        server.listen(64)
        yield server


class CutLine:
    """Forwards connections to an address until so many bytes went out, then hangs up for good."""

    def __init__(self, server: socket.socket, address: str, budget: int) -> None:
        self.server, self.port, self.left = server, int(address.rpartition(":")[2]), budget
        self.open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self.server.accept()
                far = socket.create_connection(("127.0.0.1", self.port))
                self.open += [near, far]
                threading.Thread(target=self._copy, args=(near, far, True), daemon=True).start()
                threading.Thread(target=self._copy, args=(far, near, False), daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 14):
                self.left -= len(data) if counted else 0
                if self.left < 0:
                    self.cut()
                target.sendall(data)

    def cut(self) -> None:
        """Hang up every connection and stop to listen."""
        for one in [self.server, *self.open]:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


def write_small_project(folder: Path, root: Path, files: int = 20, size: int = 2000) -> Path:
    """Write a DVC repository of one stage with a folder of files and a single file, and run it."""
    folder.mkdir()
    (folder / "params.yaml").write_bytes((root / "params.yaml").read_bytes())
    (folder / "make.py").write_text(
        "from pathlib import Path\n"
        "Path('out').mkdir(exist_ok=True)\n"
        f"for n in range({files}):\n    Path(f'out/{{n}}.txt').write_text(f'{{n:04}}' * {size // 4})\n"
        "Path('one.txt').write_text('one')\n"
        "Path('runs.txt').open('a').write('run\\n')\n"
    )
    (folder / "dvc.yaml").write_text(
        "stages:\n  make:\n    cmd: python make.py\n    deps: [make.py]\n    outs: [out, one.txt]\n"
    )
    (folder / ".gitignore").write_text("/out\n/one.txt\n/runs.txt\n/.perennial\n")
    for command in (
        "git init -q",
        "git config user.email team@example.org",
        "git config user.name team",
        "dvc init -q",
        "dvc repro -q",
        "git add -A",
        "git commit -qm one",
    ):
        environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        subprocess.run(command.split(), cwd=folder, check=True, env=environment, capture_output=True)
    return folder
