"""A fault in deploy/ must be red through the check that is there for it."""

import copy
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.judge import (
    find_open,
    find_undescribed,
    find_unknown_metrics,
    find_untried,
    find_weak,
    list_alerts,
    list_expressions,
    read_yaml,
)
from tests.deploy.watchers import DEPLOY, find_program

RULES = read_yaml(DEPLOY / "prometheus/rules.yml")
TESTS = read_yaml(DEPLOY / "prometheus/tests.yml")
PAGE = (DEPLOY.parent / "docs/deploy.md").read_text()
Harm = Callable[[dict[str, Any]], object]


def harmed(document: Any, harm: Harm) -> Any:
    document = copy.deepcopy(document)
    harm(document)
    return document


def pod(document: dict[str, Any]) -> Any:
    return document["spec"]["template"]["spec"]


POD_HARMS: dict[str, tuple[Harm, str]] = {
    "it runs as root": (lambda one: pod(one)["securityContext"].update(runAsUser=0), "may run as root"),
    "root is not refused": (lambda one: pod(one)["securityContext"].pop("runAsNonRoot"), "runAsNonRoot"),
    "no system call is refused": (lambda one: pod(one)["securityContext"].pop("seccompProfile"), "seccompProfile"),
    "it holds the cluster's token": (lambda one: pod(one).pop("automountServiceAccountToken"), "automount"),
    "nobody asks whether it lives": (lambda one: pod(one)["containers"][0].pop("livenessProbe"), "livenessProbe"),
    "nobody asks whether it is ready": (lambda one: pod(one)["containers"][0].pop("readinessProbe"), "readinessProbe"),
    "nobody waits for its start": (lambda one: pod(one)["containers"][0].pop("startupProbe"), "startupProbe"),
    "its root can be written": (
        lambda one: pod(one)["containers"][0]["securityContext"].update(readOnlyRootFilesystem=False),
        "readOnlyRootFilesystem",
    ),
    "it keeps a capability": (
        lambda one: pod(one)["containers"][0]["securityContext"].update(capabilities={"drop": []}),
        "capabilities",
    ),
    "its memory has no end": (lambda one: pod(one)["containers"][0]["resources"].pop("limits"), "limits.memory"),
    "a password stands in it": (
        lambda one: pod(one)["containers"][0]["env"].append({"name": "PERENNIAL_LOG_URL", "value": "postgresql://"}),
        "in the open",
    ),
}


@pytest.mark.parametrize("harm", POD_HARMS)
def test_a_weak_pod_is_red(harm: str) -> None:
    document = read_yaml(DEPLOY / "kubernetes/base/deployment.yaml")
    assert find_weak([document]) == []
    found = find_weak([harmed(document, POD_HARMS[harm][0])])
    assert any(POD_HARMS[harm][1] in one for one in found), found


SERVER_HARMS: dict[str, tuple[Harm, str]] = {
    "a port open to all": (lambda one: one["services"]["grafana"].update(ports=["3001:3000"]), "is open"),
    "a root that can be written": (lambda one: one["services"]["perennial"].update(read_only=False), "read_only"),
    "a capability": (lambda one: one["services"]["postgres"].pop("cap_drop"), "cap_drop"),
    "no probe": (lambda one: one["services"]["balancer"].pop("healthcheck"), "no healthcheck"),
    "a password": (
        lambda one: one["services"]["postgres"]["environment"].update(POSTGRES_PASSWORD="x"),
        "in the open",
    ),
}


@pytest.mark.parametrize("harm", SERVER_HARMS)
def test_an_open_server_is_red(harm: str) -> None:
    found = find_open(harmed(read_yaml(DEPLOY / "compose.yaml"), SERVER_HARMS[harm][0]))
    assert any(SERVER_HARMS[harm][1] in one for one in found), found


@pytest.mark.parametrize("fires", [True, False], ids=["firing", "silent"])
def test_an_alert_whose_test_is_taken_away_is_red(fires: bool) -> None:
    left = [
        one
        for one in TESTS["tests"]
        if not (one["name"].startswith("PerennialSlow ") and bool(one["alert_rule_test"][0]["exp_alerts"]) is fires)
    ]
    state = "firing" if fires else "silent"
    assert find_untried(RULES, {"tests": left}) == [f"PerennialSlow is never seen {state}"]


@pytest.mark.parametrize("alert", list_alerts(RULES))
def test_an_alert_that_the_page_forgets_is_red(alert: str) -> None:
    assert find_undescribed(RULES, PAGE.replace(f"### {alert}", "###")) == [f"{alert} has no place on the page"]


def test_a_misspelt_metric_is_red() -> None:
    board = json.loads((DEPLOY / "grafana/dashboards/service.json").read_text())
    [harm] = [one for _, one in list_expressions(board) if "perennial_in_flight" in one]
    known = {"perennial_in_flight"}
    assert find_unknown_metrics([harm], known) == []
    assert find_unknown_metrics([harm.replace("in_flight", "inflight")], known) == ["perennial_inflight"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("expression", "fires"), [("vector(0) > 1", True), ("vector(1)", False)], ids=["never", "always"]
)
@pytest.mark.parametrize("alert", list_alerts(RULES))
def test_a_rule_that_never_or_always_fires_is_red(alert: str, expression: str, fires: bool, tmp_path: Path) -> None:
    """That never fires, through the test in which it must; that always does, through the other."""
    rules = harmed(RULES, lambda one: list_alerts(one)[alert].update({"expr": expression, "for": "0s"}))
    state = "fires" if fires else "stays silent"
    tests = {**TESTS, "tests": [one for one in TESTS["tests"] if one["name"].startswith(f"{alert} {state}")]}
    assert len(tests["tests"]) == 1
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(rules))
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(tests))
    command = [find_program("promtool"), "test", "rules", str(tmp_path / "tests.yml")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"alertname: {alert}" in done.stdout + done.stderr
