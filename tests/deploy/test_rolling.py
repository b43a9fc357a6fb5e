"""An old version ends beside a new one, behind the shipped balancer; callers ask without pause, all are answered."""

import http.client
import json
import os
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from perennial.io.asking import JSON, send_request
from perennial.io.bento import build_bento
from perennial.io.server import find_free_port, run_server, start_server, stop_server
from tests.conftest import ROOT
from tests.deploy.watchers import DEPLOY, find_program, run_program
from tests.tiny import ROW, write_tiny_bundle
from tests.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
BODY = json.dumps({"rows": [ROW]}).encode()


@pytest.fixture(scope="module")
def bentos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """Two versions with their bentos, the old one first."""
    before = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("bentos"))
    limits, lock = {"max_rows": 1000, "max_body_bytes": 1_000_000}, str(ROOT / "requirements/serve.txt")
    found = {}
    for name, intercept in {"old": -1.0, "new": -2.0}.items():
        write_tiny_bundle(Path("bundle"), intercept)
        version = build_bento("bundle", name, limits=limits, as_of="2013-09-01", lock=lock, source=f"{ROOT}/src")
        found[version] = Path(name).absolute()
    yield found
    os.chdir(before)


def balance(port: int, servers: list[int], change: Callable[[str], str] = str) -> str:
    """The shipped settings of the balancer, for these servers, which have no names."""
    text = (DEPLOY / "haproxy/haproxy.cfg").read_text().replace("bind :3000", f"bind 127.0.0.1:{port}")
    text = re.sub(r"resolvers docker\n.*?\n\n", "", text, count=1, flags=re.S)
    text = text.replace(" resolvers docker init-addr none", "")
    lines = "\n".join(f"    server s{number} 127.0.0.1:{one}" for number, one in enumerate(servers))
    changed = re.sub(r"    server-template.*", lines, text)
    assert changed != text
    return change(changed)


class Callers:
    """Threads that ask without pause and keep the status of every answer, with its version or its reason."""

    def __init__(self, port: int, count: int = 4) -> None:
        self.seen: Counter[tuple[int, str]] = Counter()
        self._ended, self._port = threading.Event(), port
        self._threads = [threading.Thread(target=self._ask) for _ in range(count)]

    def _ask(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        while not self._ended.is_set():
            try:
                connection.request("POST", "/predict", BODY, {"Content-Type": JSON})
                reply = connection.getresponse()
                body = reply.read()
                told = json.loads(body)["model"]["version"] if reply.status == 200 else body.decode()[:200]
                self.seen[reply.status, told] += 1
            except (OSError, http.client.HTTPException):
                self.seen[0, ""] += 1
                connection.close()
            time.sleep(0.002)

    def __enter__(self) -> "Callers":
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for one in self._threads:
            one.join()


def roll(folder: Path, bentos: dict[str, Path], change: Callable[[str], str] = str) -> Counter[tuple[int, str]]:
    """End an old version beside a new one; return what callers saw, by status and version."""
    (before, old), (after, new) = bentos.items()
    settings, port = {"PERENNIAL_DRAIN_SECONDS": "2"}, find_free_port()
    (folder / "scratch").mkdir()
    with ExitStack() as stack:
        fresh = stack.enter_context(run_server(new, timeout=60, settings=settings))
        server, process = start_server(old, folder / "scratch", timeout=60, settings=settings)
        stack.callback(stop_server, process, server.mark)
        (folder / "haproxy.cfg").write_text(balance(port, [server.port, fresh.port], change))
        command = [find_program("haproxy"), "-db", "-f", "haproxy.cfg"]
        stack.enter_context(run_program(command, folder, port, "/readyz"))
        with Callers(port) as callers:
            wait_until(lambda: min(callers.seen[200, before], callers.seen[200, after]) > 20)
            process.send_signal(signal.SIGTERM)
            wait_until(lambda: process.poll() is not None)
            count = callers.seen[200, after]
            wait_until(lambda: callers.seen[200, after] > count + 50)
        assert send_request(port, "GET", "/metrics")[0] == 403, "figures are not for callers"
    return callers.seen


def test_nobody_is_turned_away(bentos: dict[str, Path], tmp_path: Path) -> None:
    assert set(roll(tmp_path, bentos)) == {(200, version) for version in bentos}


@pytest.mark.soak
def test_a_balancer_that_asks_nobody_else_is_red(bentos: dict[str, Path], tmp_path: Path) -> None:
    seen = roll(tmp_path, bentos, lambda text: re.sub(r"\n    retry-on .*", "", text))
    assert any(status == 503 and "the service is ending" in told for status, told in seen)
