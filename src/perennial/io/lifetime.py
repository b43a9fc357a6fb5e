"""How a served worker begins and ends: where it listens, how it is asked to stop, and that a bad start ends it all."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import psutil


def listening_hosts() -> list[str]:
    """Return the addresses that this process listens on, sorted."""
    try:
        connections = psutil.Process().net_connections("inet")
    except psutil.Error:
        return []
    return sorted({one.laddr.ip for one in connections if one.status == psutil.CONN_LISTEN})


def delay_end(seconds: float, begin: Callable[[], None]) -> None:
    """At SIGTERM call `begin` at once, and only after `seconds` let the server stop; must run inside its event loop."""
    if threading.current_thread() is not threading.main_thread():
        return
    loop, end = asyncio.get_running_loop(), signal.getsignal(signal.SIGTERM)

    def ask(number: int, frame: FrameType | None) -> None:
        begin()
        if callable(end):
            loop.call_soon_threadsafe(loop.call_later, seconds, end, number, frame)

    signal.signal(signal.SIGTERM, ask)


def end_supervisor(kin: str) -> None:
    """End the parent that would start this process again and again, when it runs the command `kin`, and its children.

    Killed, so that its exit code tells of the failure; the first process of a container can only be asked.
    """
    parent = os.getppid()
    try:
        words = Path(f"/proc/{parent}/cmdline").read_bytes()
    except OSError:
        return
    if kin.encode() in words and sys.platform == "linux":
        os.kill(parent, signal.SIGTERM if parent == 1 else signal.SIGKILL)
