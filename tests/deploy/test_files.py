"""The files of deploy/ say what is true of the service, of each other and of the page that explains them."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from perennial.serving.runtime import load_predictor
from tests.conftest import ROOT
from tests.deploy.judge import (
    find_open,
    find_undescribed,
    find_unknown_metrics,
    find_untried,
    list_expressions,
    list_recorded,
    list_rule_expressions,
    read_yaml,
)
from tests.deploy.watchers import DEPLOY
from tests.serving.desks import open_client, recording
from tests.tiny import REFERENCE, write_tiny_bundle

RULES = read_yaml(DEPLOY / "prometheus/rules.yml")
BOARDS = [json.loads(path.read_text()) for path in sorted((DEPLOY / "grafana/dashboards").glob("*.json"))]
COMPOSE = read_yaml(DEPLOY / "compose.yaml")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The name of every sample that a service exports."""
    folder = tmp_path_factory.mktemp("exported")
    write_tiny_bundle(folder / "bundle", reference=REFERENCE)
    with open_client(load_predictor(folder / "bundle"), recording(folder)) as (client, _):
        text = client.get("/metrics").text
    families = list(text_string_to_metric_families(text))
    suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"], "gauge": [""]}
    return {family.name + suffix for family in families for suffix in suffixes[family.type]}


def test_every_metric_that_a_rule_or_a_panel_names_is_exported(exported: set[str]) -> None:
    panels = [one for board in BOARDS for _, one in list_expressions(board)]
    assert find_unknown_metrics(list_rule_expressions(RULES) + panels, exported | list_recorded(RULES)) == []


def test_every_alert_is_tried_firing_and_silent() -> None:
    assert find_untried(RULES, read_yaml(DEPLOY / "prometheus/tests.yml")) == []


def test_every_alert_says_how_bad_it_is_and_what_to_do() -> None:
    assert find_undescribed(RULES, (ROOT / "docs/deploy.md").read_text()) == []


def test_every_severity_has_a_receiver() -> None:
    route = read_yaml(DEPLOY / "alertmanager/alertmanager.yml")["route"]
    assert route["receiver"] == "tickets"
    assert [(one["matchers"], one["receiver"]) for one in route["routes"]] == [(["severity = critical"], "pager")]


def test_the_dashboards_ask_the_provisioned_source() -> None:
    [source] = read_yaml(DEPLOY / "grafana/provisioning/datasources/prometheus.yml")["datasources"]
    asked = {
        target["datasource"]["uid"] for board in BOARDS for panel in board["panels"] for target in panel["targets"]
    }
    assert asked == {source["uid"]}
    [provider] = read_yaml(DEPLOY / "grafana/provisioning/dashboards/perennial.yml")["providers"]
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in COMPOSE["services"]["grafana"]["volumes"]
    assert len({board["uid"] for board in BOARDS}) == len(BOARDS)


def test_the_server_of_compose_is_closed() -> None:
    assert find_open(COMPOSE) == []


def test_what_compose_mounts_is_there() -> None:
    mounts = [mount for service in COMPOSE["services"].values() for mount in service.get("volumes", [])]
    files = [mount.split(":")[0] for mount in mounts if mount.startswith(".")]
    assert files
    assert [name for name in files if not (DEPLOY / name).exists()] == []


def test_every_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    script = tmp_path / "make_secrets.sh"
    script.write_text((DEPLOY / "make_secrets.sh").read_text())
    words = tmp_path / "bin"
    words.mkdir()
    (words / "perennial").write_text(
        "#!/bin/sh\necho 'the key, shown once: pk_x'\necho 'for …:'\necho prometheus metrics 0\n"
    )
    (words / "perennial").chmod(0o755)
    environment = os.environ | {"PATH": f"{words}:{os.environ['PATH']}"}
    made = []
    for _ in range(2):
        subprocess.run(["bash", str(script)], check=True, env=environment, capture_output=True)
        made.append({path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()})
    assert made[0] == made[1]
    assert set(made[0]) == set(COMPOSE["secrets"])
    assert made[0]["database_url"].count(made[0]["postgres_password"]) == 1
    assert (made[0]["metrics_key"], made[0]["api_keys"]) == ("pk_x", "prometheus metrics 0\n")
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700


def test_the_dns_name_that_prometheus_and_the_balancer_ask_is_the_service_of_compose() -> None:
    scraped = read_yaml(DEPLOY / "prometheus/prometheus.yml")["scrape_configs"][0]
    assert scraped["dns_sd_configs"][0]["names"] == ["perennial"]
    assert "perennial:3000" in (DEPLOY / "haproxy/haproxy.cfg").read_text()
    assert "perennial" in COMPOSE["services"]
