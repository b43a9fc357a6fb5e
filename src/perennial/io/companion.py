"""A helper process of a worker: spoken to in lines of JSON over a socket, and gone when that is closed."""

import json
import os
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perennial.refusal import Refusal

PIECE = 65536
HIDDEN, MARK = "PERENNIAL_", "PERENNIAL_SERVER"
"""What begins so in the environment is the worker's alone, keys and passwords among it; but it carries its mark."""


@dataclass(frozen=True)
class Companion:
    """A started process and our end of its socket."""

    process: "subprocess.Popen[bytes]"
    line: socket.socket

    def end(self, seconds: float = 2.0) -> None:
        """Close the socket, wait, then kill."""
        self.line.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
            return
        self.process.kill()
        self.process.wait()


def start_companion(module: str, *words: str, source: Path) -> Companion:
    """Start `python -m module FD words…`, where FD is its end of the socket and `source` holds the packages."""
    ours, theirs = socket.socketpair()
    kept = {name: value for name, value in os.environ.items() if name == MARK or not name.startswith(HIDDEN)}
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", module, str(theirs.fileno()), *words],
            env=kept | {"PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
        )
    return Companion(process, ours)


def read_greeting(companion: Companion, seconds: float) -> dict[str, Any]:
    """Return the first line that a companion says; raises Refusal when there is none within so many seconds."""
    companion.line.settimeout(seconds)
    said = b""
    try:
        while not said.endswith(b"\n"):
            if not (piece := companion.line.recv(PIECE)):
                code = companion.process.wait(seconds)
                raise Refusal(f"its process ended before it was ready (exit code {code}).")
            said += piece
    except (TimeoutError, subprocess.TimeoutExpired):
        raise Refusal(f"its process was not ready within {seconds:g} s.") from None
    companion.line.setblocking(False)
    greeting: dict[str, Any] = json.loads(said)
    return greeting
