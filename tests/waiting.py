"""Waiting for what other processes do, and finding those processes while they come and go."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psutil

from perennial.io.server import Server, find_processes

PATIENCE = 60.0
"""Seconds: long, as a machine that tests share is now and then slow; whoever has not to wait does not."""


def wait_until(true: Callable[[], Any], seconds: float = PATIENCE, what: str = "") -> Any:
    """Wait for something, and return it."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, f"still not so after {seconds:g} s: {what}"
        time.sleep(0.05)
    return found


def find_running(server: Server, word: str) -> list[psutil.Process]:
    """The processes of a server whose command holds a word; one that ends while it is looked at is not among them."""
    found = []
    for process in find_processes(server.mark):
        with suppress(psutil.Error):
            if word in " ".join(process.cmdline()):
                found.append(process)
    return found
