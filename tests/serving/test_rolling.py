"""Another model or other lanes: one service after the other is restarted under load, and no request is dropped."""

import http.client
import json
import shutil
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from perennial.io.asking import JSON, ask_server
from perennial.io.bento import write_sums
from perennial.io.bundle import bundle_hash
from perennial.io.server import Server, find_processes, run_server, start_server, stop_server
from perennial.refusal import Refusal
from tests.serving.balancer import Balancer
from tests.tiny import ROW, write_tiny_bundle
from tests.waiting import find_running, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
CALLERS, LEAST = 6, 2000

CHALLENGER = "challenger_process"  # in the command of its process
PATIENT = 120.0  # seconds: a challenger steps back where processors are short


class Callers:
    """Threads that ask the balancer without pause and keep every answer."""

    def __init__(self, port: int) -> None:
        self.statuses: Counter[int] = Counter()
        self.answers: list[tuple[str, str, str]] = []
        self.ended = threading.Event()
        self._port = port
        self._threads = [threading.Thread(target=self._ask, args=(place,)) for place in range(CALLERS)]

    def _ask(self, place: int) -> None:
        number = 0
        while not self.ended.is_set():
            number += 1
            body = json.dumps({"rows": [ROW], "keys": [f"{place}-{number % 50}"]}).encode()
            try:
                reply = ask_server(self._port, "POST", "/predict", body, {"Content-Type": JSON})
            except (OSError, http.client.HTTPException):
                self.statuses[0] += 1
                continue
            self.statuses[reply.status] += 1
            if reply.status == 200:
                [one] = json.loads(reply.body)["predictions"]
                self.answers.append((one["id"], one["model"], one["lane"]))

    def __enter__(self) -> "Callers":
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        for one in self._threads:
            one.join()


@pytest.fixture
def bentos(bento: Path, tmp_path: Path) -> tuple[Path, Path]:
    """The tiny bento, and the same service with another model."""
    other = Path(shutil.copytree(bento, tmp_path / "other"))
    shutil.rmtree(other / "src/bundle")
    write_tiny_bundle(other / "src/bundle", intercept=-2.0)
    write_sums(other)
    return bento, other


Running = tuple[Server, "subprocess.Popen[bytes]"]


@pytest.fixture
def running() -> Iterator[list[Running]]:
    """The services that are to be stopped at the end."""
    found: list[Running] = []
    yield found
    for server, process in found:
        stop_server(process, server.mark)


def test_a_rolling_restart_drops_no_request(bentos: tuple[Path, Path], tmp_path: Path, running: list[Running]) -> None:
    before, after = (bundle_hash(one / "src/bundle")[:12] for one in bentos)
    log = tmp_path / "predictions.db"
    settings = {"PERENNIAL_LOG_URL": f"sqlite:///{log}", "PERENNIAL_DRAIN_SECONDS": "1"}
    canary = {"PERENNIAL_CHALLENGER": str(bentos[0]), "PERENNIAL_LANE": "canary", "PERENNIAL_CANARY_SHARE": "0.3"}

    def start(name: str, place: Path, more: dict[str, str]) -> Running:
        folder = tmp_path / name
        folder.mkdir()
        return start_server(place, folder, timeout=120, settings=settings | more)

    noticed, turning = start("old0", bentos[0], {"PERENNIAL_NOTICE_SECONDS": "1"}), start("old1", bentos[0], {})
    running += [noticed, turning]
    balancer = Balancer([server.port for server, _ in running])
    with balancer as port:
        time.sleep(1)
        with Callers(port) as callers:
            for number in range(2):
                time.sleep(2)
                server, process = running[number]
                stop_server(process, server.mark)
                assert process.returncode == 0
                running[number] = start(f"new{number}", bentos[1], canary)
                balancer.ports[number] = running[number][0].port
                time.sleep(1)
            settled = len(callers.answers)
            while len(callers.answers) < max(LEAST, settled + 200):
                time.sleep(0.05)
    assert set(callers.statuses) == {200}
    assert callers.statuses[200] == len(callers.answers) >= LEAST
    assert {(model, lane) for _, model, lane in callers.answers} == {
        (before, "champion"),
        (after, "champion"),
        (before, "canary"),
    }
    assert {(model, lane) for _, model, lane in callers.answers[settled + CALLERS :]} == {
        (after, "champion"),
        (before, "canary"),
    }
    # With notice nobody is turned away; without, whoever is turned away asks the other.
    assert set(balancer.retried) == {turning[0].port}
    with sqlite3.connect(f"file:{log}?mode=ro", uri=True) as connection:
        kept = {name for (name,) in connection.execute("SELECT id FROM predictions")}
    assert {name for name, *_ in callers.answers} == kept


def test_a_shadow_lives_and_dies_beside_a_served_champion(bentos: tuple[Path, Path], tmp_path: Path) -> None:
    log = tmp_path / "predictions.db"
    settings = {"PERENNIAL_LOG_URL": f"sqlite:///{log}", "PERENNIAL_CHALLENGER": str(bentos[1])}
    with run_server(bentos[0], timeout=120, settings=settings) as server:
        body = json.dumps({"rows": [ROW] * 10}).encode()

        def ask() -> None:
            assert ask_server(server.port, "POST", "/predict", body, {"Content-Type": JSON}).status == 200

        def shows(line: str) -> bool:
            return line in ask_server(server.port, "GET", "/metrics").body.decode()

        for _ in range(20):
            ask()
        [challenger] = find_running(server, CHALLENGER)
        assert not any(name.startswith("PERENNIAL_LOG") for name in challenger.environ())
        version = json.loads(ask_server(server.port, "GET", "/model").body)["challenger"]["version"]
        scored = f'perennial_rows_total{{lane="shadow",model="{version}",outcome="scored"}} '
        wait_until(lambda: shows(f"{scored}200.0"), PATIENT)
        challenger.kill()
        ask()
        wait_until(lambda: any(one.pid != challenger.pid for one in find_running(server, CHALLENGER)), PATIENT)
        wait_until(lambda: shows(f'perennial_challenger_up{{lane="shadow",model="{version}"}} 1.0'), PATIENT)
        for _ in range(20):
            ask()
        wait_until(lambda: any(shows(f"{scored}{count}.0") for count in (400, 410)), PATIENT)
        mark = server.mark
    assert find_processes(mark) == []
    with sqlite3.connect(f"file:{log}?mode=ro", uri=True) as connection:
        counts = dict(connection.execute("SELECT lane, count(*) FROM predictions GROUP BY lane").fetchall())
        joined = connection.execute(
            "SELECT count(*) FROM predictions a JOIN predictions b ON b.shadow_of = a.id WHERE a.lane = 'champion'"
        ).fetchone()
    assert counts["champion"] == 410
    assert 400 <= counts["shadow"] <= 410  # what was asked while it was dead is counted, not scored
    assert joined == (counts["shadow"],)


def test_a_challenger_with_a_flipped_byte_ends_the_start_with_one_sentence(
    bentos: tuple[Path, Path], tmp_path: Path
) -> None:
    path = bentos[1] / "src/bundle/model.json"
    path.write_bytes(path.read_bytes().replace(b"0.5", b"0.6"))
    settings = {"PERENNIAL_CHALLENGER": str(bentos[1])}
    with (
        pytest.raises(Refusal, match=r"the challenger at .*model.json is not the file that was packed"),
        run_server(bentos[0], timeout=120, settings=settings),
    ):
        pytest.fail("it must not start")
