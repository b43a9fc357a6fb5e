import asyncio
import os
import signal
import socket
import subprocess
import sys

from perennial.io.lifetime import delay_end, end_supervisor, listening_hosts


def test_the_addresses_that_are_listened_on() -> None:
    before = listening_hosts()
    with socket.create_server(("127.0.0.1", 0)):
        assert "127.0.0.1" in listening_hosts()
    assert listening_hosts() == before


def test_the_end_is_told_at_once_and_comes_later() -> None:
    told: list[str] = []
    before = signal.signal(signal.SIGTERM, lambda *_: told.append("end"))

    async def run() -> None:
        delay_end(0.1, lambda: told.append("begin"))
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.02)
        assert told == ["begin"]
        await asyncio.sleep(0.2)

    try:
        asyncio.run(run())
    finally:
        signal.signal(signal.SIGTERM, before)
    assert told == ["begin", "end"]


def test_a_supervisor_is_ended_and_a_stranger_is_not() -> None:
    child = "from perennial.io.lifetime import end_supervisor; end_supervisor('bento' + 'ml')"
    parent = f"import subprocess, sys, time; subprocess.run([sys.executable, '-c', {child!r}]); time.sleep(0.2)"
    assert subprocess.run([sys.executable, "-c", parent, "bentoml"], check=False).returncode == -signal.SIGKILL
    assert subprocess.run([sys.executable, "-c", parent, "another"], check=False).returncode == 0
    end_supervisor("no such command")
