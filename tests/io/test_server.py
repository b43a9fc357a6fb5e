import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import bentoml
import psutil
import pytest

from perennial.io.asking import JSON, ask_server, send_request, time_requests
from perennial.io.server import (
    MARK,
    explain_log,
    find_free_port,
    find_processes,
    measure_memory,
    run_server,
    stop_server,
)
from perennial.refusal import Refusal
from tests.tiny import ROW

BODY = json.dumps({"rows": [ROW]}).encode()


def ask_with_curl(port: int) -> None:
    """As the README says; what is refused is refused there too."""
    command = ["curl", "-s", "-w", "%{http_code}", "-H", "content-type: application/json", "-d", BODY.decode()]
    done = subprocess.run([*command, f"http://127.0.0.1:{port}/predict"], capture_output=True, text=True)
    assert done.stdout.endswith("200")
    assert json.loads(done.stdout[:-3])["predictions"][0]["lane"] == "champion"
    done = subprocess.run(["curl", "-s", "-d", BODY.decode(), f"http://127.0.0.1:{port}/predict"], capture_output=True)
    assert json.loads(done.stdout)["status"] == 415


def ask_with_the_official_client(port: int) -> None:
    """BentoML's own client finds the routes and calls them by name."""
    with bentoml.SyncHTTPClient(f"http://127.0.0.1:{port}") as client:
        assert client.is_ready()
        [first] = client.predict(rows=[ROW], keys=["a"])["predictions"]
        [told] = client.explain(rows=[ROW])["predictions"]
        assert told["score"] == first["score"]
        assert client.feedback(labels=[{"id": first["id"], "label": True}]) == {"recorded": 1}
        with pytest.raises(bentoml.exceptions.BentoMLException, match="none was scored"):
            client.predict(rows=[{}])


def find_nothing_of_bentoml(port: int) -> None:
    """Its page, which loads scripts from elsewhere, its documents and its figures are closed."""
    page = ask_server(port, "GET", "/")
    assert page.status == 200
    assert b"//" not in page.body.replace(b"//w", b"")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "server" not in page.headers
    for path in ("/docs.json", "/static_content/index.css", "/assets/x.js", "/__bentoml__/x"):
        assert ask_server(port, "GET", path).status == 404
    assert b"bentoml" not in ask_server(port, "GET", "/metrics").body


def test_a_real_server_answers_and_leaves_nothing_behind(bento: Path) -> None:
    content = sorted(path.name for path in bento.rglob("*"))
    with run_server(bento, timeout=60) as server:
        assert send_request(server.port, "POST", "/predict", BODY, JSON)[0] == 200
        assert send_request(server.port, "POST", "/predict", b" " * 3_000_000, JSON)[0] == 413
        assert len(time_requests(server.port, "/predict", [BODY] * 3)) == 3
        ask_with_curl(server.port)
        ask_with_the_official_client(server.port)
        find_nothing_of_bentoml(server.port)
        with pytest.raises(Refusal, match="answered 400 to a good row"):
            time_requests(server.port, "/predict", [b"{"])
        assert measure_memory(server) > 10_000_000
        processes = find_processes(server.mark)
        assert len(processes) >= 2
        listening = [one for process in processes for one in process.net_connections("tcp") if one.status == "LISTEN"]
        assert {one.laddr.ip for one in listening} == {"127.0.0.1"}
    assert not any(process.is_running() for process in processes)
    assert find_processes(server.mark) == []
    assert os.listdir(".perennial/tmp") == []
    assert sorted(path.name for path in bento.rglob("*")) == content


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux only")
def test_a_killed_rehearsal_takes_its_server_and_the_port_with_it(bento: Path) -> None:
    code = f"""
import time
from perennial.io.server import run_server
with run_server({str(bento)!r}, timeout=60) as server:
    print(server.mark, flush=True)
    time.sleep(60)
"""
    stage = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert stage.stdout is not None
    mark = stage.stdout.readline().strip()
    assert len(find_processes(mark)) >= 2
    stage.kill()
    stage.wait()
    for _ in range(100):
        if not find_processes(mark):
            break
        time.sleep(0.1)
    assert find_processes(mark) == []
    shutil.rmtree(".perennial/tmp")


def test_a_corrupt_model_is_said_at_once_and_stopped(bento: Path) -> None:
    bad = bento.parent / "bad"
    shutil.copytree(bento, bad)
    path = bad / "src/bundle/model.json"
    path.write_bytes(path.read_bytes().replace(b"0.5", b"0.6"))
    before = {process.pid for process in psutil.process_iter() if process.ppid() == os.getpid()}
    with (
        pytest.raises(Refusal, match=r"ended before it was ready: .*model.json is not the file that was packed"),
        run_server(bad, timeout=60),
    ):
        pytest.fail("it must not start")
    assert {process.pid for process in psutil.process_iter() if process.ppid() == os.getpid()} <= before


def test_stopping_finds_a_process_that_left_the_family() -> None:
    """It ignores the polite signal and has started another in a session of its own."""
    child = "import time; time.sleep(60)"
    code = f"""
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, '-c', {child!r}], start_new_session=True)
print('ready', flush=True)
time.sleep(60)
"""
    mark = "test-of-the-mark"
    environment = os.environ | {MARK: mark}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    stop_server(process, mark, timeout=1)
    assert find_processes(mark) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it said nothing"),
        ("a\nb\n\n", "b"),
        ("refused: x is damaged: mend it.\n", "x is damaged: mend it."),
        ("perennial.refusal.Refusal: x is damaged: mend it.\nError: startup\n", "x is damaged: mend it."),
    ],
)
def test_the_reason_in_a_log(text: str, reason: str) -> None:
    assert explain_log(text) == reason


def test_free_ports_differ_from_one_that_is_taken() -> None:
    assert find_free_port() > 1024
