"""Prometheus, Alertmanager and whoever is told, as real processes on loopback."""

import http.server
import json
import shutil
import subprocess
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from perennial.io.server import find_free_port
from tests.conftest import ROOT
from tests.waiting import wait_until

DEPLOY = ROOT / "deploy"


def find_program(*names: str) -> str:
    """The path of a program that `tests/system.sh` installs."""
    found = next((path for name in names if (path := shutil.which(name))), None)
    assert found, f"{names[0]} is absent: `bash tests/system.sh` installs it"
    return found


def answers(port: int, path: str) -> bool:
    """Whether something answers 200."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


@contextmanager
def run_program(command: Sequence[str], folder: Path, port: int, path: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a server until it answers, and end it."""
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: answers(port, path), what=log.read_text()[-2000:])
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Told(http.server.ThreadingHTTPServer):
    """Whoever Alertmanager tells; keeps what was said and with which token."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Listener)
        self.heard: list[tuple[str, str, dict[str, Any]]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Listener(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert isinstance(self.server, Told)
        self.server.heard.append((self.path, self.headers["Authorization"], body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def _hasten(document: Any) -> Any:
    """The same with every wait a second; what it looks back on stays."""
    if isinstance(document, dict):
        waits = ("for", "interval", "scrape_interval", "evaluation_interval", "group_wait", "group_interval")
        return {key: "1s" if key in waits else _hasten(value) for key, value in document.items()}
    return [_hasten(one) for one in document] if isinstance(document, list) else document


class Prometheus:
    """A running Prometheus that can be asked."""

    def __init__(self, port: int) -> None:
        self.port = port

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What an expression gives now; an error of its syntax is an error here."""
        asked = urllib.parse.urlencode({"query": expression})
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/query?{asked}", timeout=10) as reply:
            found: list[dict[str, Any]] = json.load(reply)["data"]["result"]
        return found


@contextmanager
def watching(folder: Path, service: int, key: str, told: Told) -> Iterator[Prometheus]:
    """Prometheus and Alertmanager with the shipped rules and routes, at the address of this very service."""
    ports = {"prometheus": find_free_port(), "alertmanager": find_free_port()}
    (folder / "metrics_key").write_text(key)
    (folder / "webhook_token").write_text("the token")
    alertmanager = yaml.safe_load((DEPLOY / "alertmanager/alertmanager.yml").read_text())
    for receiver in alertmanager["receivers"]:
        for hook in receiver["webhook_configs"]:
            hook["url"] = hook["url"].replace("notifier:8080", f"127.0.0.1:{told.server_address[1]}")
            hook["http_config"] = {"authorization": {"credentials_file": str(folder / "webhook_token")}}
    prometheus = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
    prometheus["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{ports['alertmanager']}"]
    scraped = prometheus["scrape_configs"][0]
    del scraped["dns_sd_configs"]  # there are no names here
    scraped["static_configs"] = [{"targets": [f"127.0.0.1:{service}"]}]
    scraped["authorization"]["credentials_file"] = str(folder / "metrics_key")
    prometheus["scrape_configs"] = [scraped]
    rules = yaml.safe_load((DEPLOY / "prometheus/rules.yml").read_text())
    for name, document in {"alertmanager": alertmanager, "prometheus": prometheus, "rules": rules}.items():
        (folder / f"{name}.yml").write_text(yaml.safe_dump(_hasten(document)))
    listen = {name: f"--web.listen-address=127.0.0.1:{port}" for name, port in ports.items()}
    teller = [find_program("prometheus-alertmanager", "alertmanager"), "--config.file=alertmanager.yml"]
    teller += [listen["alertmanager"], f"--storage.path={folder}/told", "--cluster.listen-address="]
    watcher = [find_program("prometheus"), "--config.file=prometheus.yml", listen["prometheus"]]
    watcher += [f"--storage.tsdb.path={folder}/tsdb"]
    with (
        run_program(teller, folder, ports["alertmanager"], "/-/ready"),
        run_program(watcher, folder, ports["prometheus"], "/-/ready"),
    ):
        yield Prometheus(ports["prometheus"])
