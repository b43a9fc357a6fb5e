"""A bento as a real process: started on a free loopback port, stopped with nothing left behind."""

import http.client
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from perennial.io.asking import HOST, send_request
from perennial.io.bento import bento_command, bento_environment
from perennial.io.process import die_with_parent
from perennial.io.scratch import scratch_folder
from perennial.refusal import Refusal

MARK = "PERENNIAL_SERVER"
ATTEMPTS = 3
LOG = "server.log"


@dataclass(frozen=True)
class Server:
    """A running server: where it listens, how to find all of its processes, and where it records."""

    port: int
    mark: str
    log: str


def find_free_port() -> int:
    """Return a loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def find_processes(mark: str) -> list[psutil.Process]:
    """Return every living process that carries `mark` in its environment, wherever it has moved to."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def measure_memory(server: Server) -> int:
    """Return the resident bytes of all processes of a server; pages that they share count once for each."""
    total = 0
    for process in find_processes(server.mark):
        with suppress(psutil.Error):
            total += process.memory_info().rss
    return total


def stop_server(process: "subprocess.Popen[bytes]", mark: str, timeout: float = 10.0) -> None:
    """Ask a server to end, wait, then kill whatever still carries its mark."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout)
    left = find_processes(mark)
    for orphan in left:
        with suppress(psutil.Error):
            orphan.kill()
    process.wait(timeout)
    psutil.wait_procs(left, timeout)


def explain_log(text: str) -> str:
    """Return the sentence of a refusal in a server's log, else its last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    marks = ("Refusal: ", "refused: ")
    refusals = [line.partition(mark)[2] for line in lines for mark in marks if mark in line]
    return (refusals or lines or ["it said nothing"])[-1][:400]


def _is_ready(port: int) -> bool:
    try:
        # Between two crashes of a worker the port is open and nobody answers.
        return send_request(port, "GET", "/readyz", timeout=1.0)[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def _wait_ready(process: "subprocess.Popen[bytes]", port: int, log: Path, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while not _is_ready(port):
        text = log.read_text(encoding="utf-8", errors="replace")
        if process.poll() is not None or "Application startup failed" in text:
            raise Refusal(f"the server ended before it was ready: {explain_log(text)}")
        if time.monotonic() > deadline:
            raise Refusal(f"the server was not ready within {timeout:g} s: {explain_log(text)}")
        time.sleep(0.05)


def own_settings(folder: Path) -> dict[str, str]:
    """Return the settings of a server that is only tried: it records, in its own folder, and ends at once."""
    return {
        "BENTOML_HOME": str(folder / "home"),
        "TMPDIR": str(folder),
        "PERENNIAL_LOG_URL": f"sqlite:///{(folder / 'predictions.db').absolute()}",
        "PERENNIAL_LOG_DURABILITY": "commit",
        "PERENNIAL_DRAIN_SECONDS": "0",
    }


def _launch(
    bento: Path, server: Server, folder: Path, python: str | Path, settings: Mapping[str, str]
) -> "subprocess.Popen[bytes]":
    kept = {name: value for name, value in bento_environment().items() if not name.startswith("PERENNIAL_")}
    with (folder / LOG).open("wb") as log:
        return subprocess.Popen(
            bento_command("serve", "--host", HOST, "--port", str(server.port), str(bento.absolute()), python=python),
            cwd=folder,
            env=kept | dict(settings) | {MARK: server.mark},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )


def start_server(
    bento: Path,
    folder: Path,
    *,
    timeout: float,
    python: str | Path = sys.executable,
    settings: Mapping[str, str] | None = None,
) -> tuple[Server, "subprocess.Popen[bytes]"]:
    """Start a bento and return when it is ready; raises Refusal with its own reason, having stopped it."""
    for attempt in range(1, ATTEMPTS + 1):
        own = own_settings(folder) | dict(settings or {})
        server = Server(port=find_free_port(), mark=uuid.uuid4().hex, log=own["PERENNIAL_LOG_URL"])
        process = _launch(bento, server, folder, python, own)
        try:
            _wait_ready(process, server.port, folder / LOG, timeout)
        except BaseException as error:
            stop_server(process, server.mark)
            # Somebody else may have taken the port after it was found free.
            if isinstance(error, Refusal) and "in use" in str(error) and attempt < ATTEMPTS:
                continue
            raise
        return server, process
    raise AssertionError("unreachable")


@contextmanager
def run_server(
    bento: str | Path,
    *,
    timeout: float,
    python: str | Path = sys.executable,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Start a bento's folder on a free loopback port, yield it when it is ready, and leave no process behind.

    `python` is the interpreter whose BentoML serves, `settings` what its environment holds beside. Raises Refusal
    with the server's own reason when it is not ready within `timeout` seconds.
    """
    with scratch_folder("server") as folder:
        server, process = start_server(Path(bento), folder, timeout=timeout, python=python, settings=settings)
        try:
            yield server
        finally:
            stop_server(process, server.mark)
