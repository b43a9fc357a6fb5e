"""A real PostgreSQL on loopback, with its files in a temporary folder."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perennial.io.server import find_free_port

USER, PASSWORD = "perennial", "s3cr3t/ & p@ss"


def find_program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs, which Debian keeps out of the search path."""
    found = shutil.which(name) or next(
        (str(p) for p in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None
    )
    assert found, f"{name} is absent: `bash tests/system.sh` installs it"
    return found


def _as_user() -> dict[str, Any]:
    """PostgreSQL refuses to run as root; the package brings a user for it."""
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}


@dataclass
class Postgres:
    """A server that can be stopped and started."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and wait until it answers."""
        options = ["-D", str(self.folder / "data"), "-k", str(self.folder), "-h", "127.0.0.1", "-p", str(self.port)]
        self.process = subprocess.Popen(
            [find_program("postgres"), *options, "-c", "fsync=off"],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **_as_user(),
        )
        for _ in range(200):
            try:
                self.run("SELECT 1")
                return
            except Exception:
                time.sleep(0.05)
        raise AssertionError("PostgreSQL did not start")

    def stop(self) -> None:
        """Stop at once."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def run(self, *statements: str) -> None:
        """Run statements, each for good."""
        import psycopg

        with psycopg.connect(
            host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, dbname="postgres", autocommit=True
        ) as connection:
            for statement in statements:
                connection.execute(statement)


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """Make a database cluster, run its server, remove both."""
    # Where the server's user may go, which is not below a home folder.
    folder = Path(tempfile.mkdtemp(prefix="postgres-", dir="/tmp"))
    (folder / "password").write_text(PASSWORD)
    if os.getuid() == 0:
        for place in (folder, folder / "password"):
            shutil.chown(place, "postgres", "postgres")
    make = [find_program("initdb"), "-D", str(folder / "data"), "-U", USER, "--pwfile", str(folder / "password")]
    server = Postgres(folder, find_free_port())
    try:
        subprocess.run([*make, "-A", "scram-sha-256", "-N"], check=True, capture_output=True, cwd=folder, **_as_user())
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
