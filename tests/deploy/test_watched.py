"""A served bento, scraped by Prometheus with the shipped rules: every panel has data, and a dead service is told."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from perennial.io.asking import JSON, ask_server
from perennial.io.bento import build_bento
from perennial.io.server import Server, find_processes, run_server
from perennial.serving.keys import describe_key, make_key
from tests.conftest import ROOT
from tests.deploy.judge import list_expressions
from tests.deploy.watchers import DEPLOY, Prometheus, Told, watching
from tests.tiny import REFERENCE, ROW, write_tiny_bundle
from tests.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
DASHBOARDS = sorted((DEPLOY / "grafana/dashboards").glob("*.json"))
KEY = make_key()


def ask(server: Server, carrier: str = "UA") -> int:
    rows = [ROW | {"carrier": carrier}, ROW | {"distance": None}]
    headers = {"Content-Type": JSON, "Authorization": f"Bearer {KEY}"}
    return ask_server(server.port, "POST", "/predict", json.dumps({"rows": rows}).encode(), headers).status


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Prometheus, Told]]:
    """A service that was asked, and those who watch it."""
    folder, told = tmp_path_factory.mktemp("watched"), Told()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_tiny_bundle(Path("bundle"), reference=REFERENCE)
        limits = {"max_rows": 1000, "max_body_bytes": 1_000_000}
        lock = str(ROOT / "requirements/serve.txt")
        build_bento("bundle", "bento", limits=limits, as_of="2013-09-01", lock=lock, source=f"{ROOT}/src")
        settings = {"PERENNIAL_API_KEYS": describe_key("all", ["predict", "metrics"], KEY)}
        with (
            run_server(folder / "bento", timeout=60, settings=settings) as server,
            watching(folder, server.port, KEY, told) as prometheus,
        ):
            wait_until(lambda: prometheus.query("up == 1"), what="the service is scraped")
            asked = 0
            for _ in range(2):  # a rate needs two
                assert ask(server) == ask(server, "ZZ") == 200
                asked += 4
                wait_until(lambda rows=asked: prometheus.query(f"sum(perennial_rows_total) == {rows}"))
            yield server, prometheus, told


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_every_expression_of_a_dashboard_returns_data(watched: tuple[Server, Prometheus, Told], path: Path) -> None:
    _, prometheus, _ = watched
    asked = [
        (title, one.replace("$__rate_interval", "1m")) for title, one in list_expressions(json.loads(path.read_text()))
    ]

    def silent() -> list[tuple[str, str]]:
        return [(title, one) for title, one in asked if not prometheus.query(one)]

    with suppress(AssertionError):
        wait_until(lambda: not silent(), 15)
    assert silent() == []


def test_an_expression_with_a_misspelt_metric_returns_none(watched: tuple[Server, Prometheus, Told]) -> None:
    assert watched[1].query("sum(perennial_rows_total)")
    assert not watched[1].query("sum(perennial_row_total)")


def test_what_is_unlike_training_is_measured(watched: tuple[Server, Prometheus, Told]) -> None:
    """Half of the rows lack a distance, as in training; a quarter has a carrier that nobody knows."""
    _, prometheus, _ = watched

    def value(expression: str) -> float:
        [found] = prometheus.query(expression)
        return float(found["value"][1])

    assert value('perennial:missing_share:1d{input="distance"}') == pytest.approx(0.5, abs=0.1)
    assert value('perennial_missing_share_expected{input="distance"}') == 0.5
    assert value('perennial:unseen_share:1d{input="carrier"}') == pytest.approx(0.25, abs=0.1)
    assert 0.25 <= value("perennial:score_shift:7d") <= 1


def test_a_killed_service_is_told_to_the_pager(watched: tuple[Server, Prometheus, Told]) -> None:
    server, _, told = watched
    for process in find_processes(server.mark):
        with suppress(psutil.NoSuchProcess):
            process.kill()

    def told_down() -> bool:
        return any(
            (path, token) == ("/page", "Bearer the token")
            and any(alert["labels"]["alertname"] == "PerennialDown" for alert in said["alerts"])
            for path, token, said in list(told.heard)
        )

    wait_until(told_down, 60, str(told.heard))
