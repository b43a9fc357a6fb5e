"""The service as a real process on bad days: ended, killed, flooded, without room for its log, open to strangers."""

import http.client
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from perennial.io.asking import JSON, Reply, ask_server, send_request
from perennial.io.feature_store import open_features, write_features
from perennial.io.records import migrate_log, open_log
from perennial.io.server import Server, find_processes, run_server
from perennial.refusal import Refusal
from perennial.serving.keys import describe_key
from tests.end_to_end.test_starve import mounted
from tests.io.features import make_feature, make_run
from tests.tiny import ROW
from tests.waiting import find_running, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
WORKER = "worker"  # in the command of whoever answers, unlike the one that starts it
BODY = json.dumps({"rows": [ROW]}).encode()
HEADERS = {"Content-Type": JSON}


def predict(port: int, rows: int = 1) -> Reply:
    return ask_server(port, "POST", "/predict", json.dumps({"rows": [ROW] * rows}).encode(), HEADERS)


def logged(server: Server) -> set[str]:
    """The ids that are in the log."""
    path = server.log.removeprefix("sqlite:///")
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        return {name for (name,) in connection.execute("SELECT id FROM predictions")}


class Callers:
    """Threads that ask without pause and keep what was acknowledged."""

    def __init__(self, port: int, count: int = 8) -> None:
        self.acknowledged: set[str] = set()
        self.statuses: Counter[int] = Counter()
        self.ended = threading.Event()
        self._port = port
        self._threads = [threading.Thread(target=self._ask) for _ in range(count)]

    def _ask(self) -> None:
        while not self.ended.is_set():
            try:
                reply = predict(self._port, rows=3)
            except (OSError, http.client.HTTPException):
                self.statuses[0] += 1
                time.sleep(0.05)
                continue
            self.statuses[reply.status] += 1
            if reply.status == 200:
                self.acknowledged |= {one["id"] for one in json.loads(reply.body)["predictions"]}
            else:
                time.sleep(0.05)

    def wait_for_more(self, count: int) -> None:
        """Wait until so many more predictions are acknowledged."""
        before = len(self.acknowledged)
        wait_until(lambda: len(self.acknowledged) > before + count)

    def __enter__(self) -> "Callers":
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        for one in self._threads:
            one.join()


def test_a_worker_killed_under_load_loses_nothing_that_was_acknowledged(bento: Path) -> None:
    with run_server(bento, timeout=60) as server:
        with Callers(server.port) as callers:
            for _ in range(2):
                callers.wait_for_more(100)
                [worker] = find_running(server, WORKER)
                worker.kill()
                wait_until(lambda dead=worker.pid: any(one.pid != dead for one in find_running(server, WORKER)))
            callers.wait_for_more(100)
        kept = logged(server)
    assert callers.acknowledged <= kept
    # Whoever was cut off between the commit and the answer does not know, but a request is kept whole.
    assert all(count == 3 for count in Counter(name.rpartition("-")[0] for name in kept).values())
    assert len(kept - callers.acknowledged) <= 3 * callers.statuses[0]


def test_an_ended_service_finishes_what_it_holds_and_turns_others_away(bento: Path) -> None:
    with run_server(bento, timeout=60, settings={"PERENNIAL_DRAIN_SECONDS": "3"}) as server:
        held = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        held.putrequest("POST", "/predict")
        held.putheader("Content-Type", JSON)
        held.putheader("Content-Length", str(len(BODY)))
        held.endheaders(BODY[:10])
        time.sleep(0.3)
        [parent] = [one for one in find_processes(server.mark) if one.ppid() == os.getpid()]
        parent.send_signal(signal.SIGTERM)
        wait_until(lambda: send_request(server.port, "GET", "/readyz")[0] == 503)
        turned = predict(server.port)
        assert (turned.status, turned.headers["retry-after"], turned.headers["connection"]) == (503, "1", "close")
        assert send_request(server.port, "GET", "/livez")[0] == 200
        held.send(BODY[10:])
        answer = held.getresponse()
        assert answer.status == 200
        [one] = json.loads(answer.read())["predictions"]
        assert one["id"] in logged(server)
        psutil.wait_procs([parent], timeout=20)
        assert find_processes(server.mark) == []


def test_a_flood_is_turned_away_early_and_all_is_well_again(bento: Path) -> None:
    settings = {"PERENNIAL_IN_FLIGHT": "4", "PERENNIAL_IN_FLIGHT_PER_CALLER": "3"}
    with run_server(bento, timeout=60, settings=settings) as server:
        with Callers(server.port, count=40) as callers:
            time.sleep(4)
        assert set(callers.statuses) <= {200, 429, 503}
        assert callers.statuses[200] > 50
        assert callers.statuses[429] + callers.statuses[503] > 0
        assert predict(server.port).status == 200
        assert callers.acknowledged <= logged(server)


def test_a_database_that_is_away_is_503_and_comes_back_by_itself(bento: Path) -> None:
    with run_server(bento, timeout=60) as server, Callers(server.port, count=4) as callers:
        callers.wait_for_more(30)
        other = sqlite3.connect(server.log.removeprefix("sqlite:///"), isolation_level=None)
        wait_until(lambda: _takes(other, "BEGIN IMMEDIATE"))
        wait_until(lambda: callers.statuses[503] > 5)
        assert send_request(server.port, "GET", "/readyz")[0] == 503
        assert send_request(server.port, "GET", "/livez")[0] == 200
        time.sleep(1.0)
        other.execute("ROLLBACK")
        callers.wait_for_more(30)
        wait_until(lambda: send_request(server.port, "GET", "/readyz")[0] == 200)
        callers.ended.set()
        time.sleep(1.0)
        assert callers.acknowledged == logged(server)


def _takes(connection: sqlite3.Connection, statement: str) -> bool:
    with suppress(sqlite3.OperationalError):
        connection.execute(statement)
        return True
    return False


def test_keys_are_answered_from_a_feature_table_that_comes_and_goes(bento: Path, tmp_path: Path) -> None:
    url, body = f"sqlite:///{tmp_path}/features.db", json.dumps({"keys": [{"trip": "k1"}]}).encode()
    with run_server(bento, timeout=60, settings={"PERENNIAL_FEATURES_URL": url}) as server:
        away = ask_server(server.port, "POST", "/predict", body, HEADERS)
        assert (away.status, away.headers["retry-after"]) == (503, "2")
        engine = open_features(url)
        write_features(engine, [[make_feature(1, inputs=json.dumps(ROW))]], make_run(1))
        engine.dispose()
        [by_key] = json.loads(ask_server(server.port, "POST", "/predict", body, HEADERS).body)["predictions"]
        [by_row] = json.loads(predict(server.port).body)["predictions"]
        assert by_key["score"] == by_row["score"]
        assert by_key["known_at"] == "2013-07-01T01:00:00Z"
        assert {by_key["id"], by_row["id"]} == logged(server)


def test_a_full_disk_is_503_and_nothing_is_half_recorded(bento: Path, tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    with mounted("-t", "tmpfs", "-o", "size=1m", "none", str(folder)):
        settings = {"PERENNIAL_LOG_URL": f"sqlite:///{folder}/predictions.db"}
        with run_server(bento, timeout=60, settings=settings) as server:
            acknowledged: set[str] = set()
            for _ in range(200):
                reply = predict(server.port, rows=50)
                if reply.status != 200:
                    break
                acknowledged |= {one["id"] for one in json.loads(reply.body)["predictions"]}
            assert (reply.status, reply.headers["content-type"]) == (503, "application/problem+json")
            assert reply.headers["retry-after"] == "1"
            assert "the log cannot be written" in json.loads(reply.body)["detail"]
            subprocess.run(["mount", "-o", "remount,size=8m", str(folder)], check=True)
            wait_until(lambda: predict(server.port, rows=1).status == 200)
            kept = logged(server)
            assert acknowledged <= kept
            sizes = Counter(name.rpartition("-")[0] for name in kept)
            assert set(sizes.values()) <= {1, 50}


def test_a_log_that_may_not_be_written_is_said_at_the_start(bento: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = {"PERENNIAL_LOG_URL": f"sqlite:///{tmp_path}/file/predictions.db"}
    with (
        pytest.raises(Refusal, match=r"the log at .* cannot be made"),
        run_server(bento, timeout=60, settings=settings),
    ):
        pytest.fail("it must not start")


def test_a_read_only_log_is_said_at_the_start(bento: Path, tmp_path: Path) -> None:
    folder = str(tmp_path / "log")
    url = f"sqlite:///{folder}/predictions.db"
    engine = open_log(url)
    migrate_log(engine)
    engine.dispose()
    with mounted("--bind", folder, folder):
        subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
        with (
            pytest.raises(Refusal, match=r"the log at .* cannot be opened"),
            run_server(bento, timeout=60, settings={"PERENNIAL_LOG_URL": url}),
        ):
            pytest.fail("it must not start")


@pytest.mark.parametrize("harm", ["no keys", "bad bundle"])
def test_what_may_not_start_ends_at_once_and_does_not_try_again(bento: Path, tmp_path: Path, harm: str) -> None:
    place = tmp_path / "bento"
    subprocess.run(["cp", "-r", str(bento), str(place)], check=True)
    host = "0.0.0.0" if harm == "no keys" else "127.0.0.1"
    if harm == "bad bundle":
        (place / "src/bundle/model.json").write_text("{}")
    environment = os.environ | {
        "BENTOML_HOME": str(tmp_path / "home"),
        "PERENNIAL_LOG_URL": f"sqlite:///{tmp_path}/predictions.db",
    }
    command = [sys.executable, "-m", "bentoml", "serve", "--host", host, "--port", "0", str(place)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    said = done.stdout + done.stderr
    reason = "without API keys" if harm == "no keys" else "model.json is not the file that was packed"
    assert done.returncode != 0
    assert said.count("refused: ") == 1
    assert reason in said


def test_with_keys_it_may_listen_to_others(bento: Path, tmp_path: Path) -> None:
    settings = {"PERENNIAL_API_KEYS": describe_key("ann", ["predict"], "secret")}
    with run_server(bento, timeout=60, settings=settings) as server:
        assert predict(server.port).status == 401
        allowed = HEADERS | {"Authorization": "Bearer secret"}
        assert ask_server(server.port, "POST", "/predict", BODY, allowed).status == 200
        assert ask_server(server.port, "GET", "/metrics", headers=allowed).status == 403


def test_the_page_runs_in_a_real_browser_under_its_own_policy(bento: Path, tmp_path: Path) -> None:
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert browser, "`bash tests/system.sh` installs a browser"
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}", "--enable-logging=stderr"]
    with run_server(bento, timeout=60) as server:
        version = json.loads(ask_server(server.port, "GET", "/model").body)["model"]["version"]
        page = f"http://127.0.0.1:{server.port}/"
        command = [browser, *options, "--virtual-time-budget=5000", "--dump-dom", page]
        shown = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert f'<code id="version">{version}</code>' in shown.stdout
    assert "Content Security Policy" not in shown.stderr
    assert "Uncaught" not in shown.stderr
