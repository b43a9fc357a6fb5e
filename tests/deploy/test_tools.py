"""Each file of deploy/ is taken by the very program that will read it, or by a linter of its own."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.conftest import run_command
from tests.deploy.judge import find_weak, list_expressions, read_documents
from tests.deploy.watchers import DEPLOY, find_program

pytestmark = pytest.mark.slow
OVERLAYS = ("base", "overlays/microk8s", "overlays/canary")


def run(*command: str) -> str:
    """Run a program that must succeed, and return what it said."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


def render(overlay: str) -> str:
    """Return the manifests of an overlay."""
    return run(find_program("kubectl"), "kustomize", str(DEPLOY / "kubernetes" / overlay))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_manifests_are_valid_strictly_and_hardened(overlay: str, tmp_path: Path) -> None:
    text = render(overlay)
    (tmp_path / "all.yaml").write_text(text)
    done = run_command(tmp_path, "kubernetes-validate", "--strict", "--quiet", "all.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert find_weak(read_documents(text)) == []


def test_each_track_has_its_own_selectors() -> None:
    documents = read_documents(render("overlays/canary"))
    tracks = {
        (one["kind"], one["metadata"]["name"]): one["spec"]["selector"]
        for one in documents
        if one["kind"] in ("Service", "Deployment") and one["metadata"]["name"].startswith("perennial")
    }
    assert tracks["Service", "perennial"]["track"] == "stable"
    assert tracks["Service", "perennial-canary"]["track"] == "canary"
    assert tracks["Deployment", "perennial"]["matchLabels"]["track"] == "stable"
    assert tracks["Deployment", "perennial-canary"]["matchLabels"]["track"] == "canary"
    [ingress] = [one for one in documents if one["kind"] == "Ingress" and one["metadata"]["name"].endswith("-canary")]
    [path] = ingress["spec"]["rules"][0]["http"]["paths"]
    assert path["backend"]["service"]["name"] == "perennial-canary"


def test_nobody_but_named_clients_gets_in() -> None:
    policies = [one for one in read_documents(render("overlays/canary")) if one["kind"] == "NetworkPolicy"]
    assert {one["metadata"]["name"] for one in policies} == {"perennial", "perennial-canary", "postgres"}
    for policy in policies:
        assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
        assert all(rule.get("from") and rule.get("ports") for rule in policy["spec"]["ingress"])
        # Kustomize must not have put its own labels on whom they let in.
        peers = [peer.get("podSelector", {}) for rule in policy["spec"]["ingress"] for peer in rule["from"]]
        assert all("track" not in peer.get("matchLabels", {}) for peer in peers)


def test_the_containerfile_has_no_fault_that_its_linter_knows(tmp_path: Path) -> None:
    done = run_command(tmp_path, "hadolint", str(DEPLOY / "container/Containerfile"))
    assert (done.returncode, done.stdout) == (0, "")


def test_the_rules_do_what_their_tests_say() -> None:
    promtool = find_program("promtool")
    run(promtool, "test", "rules", str(DEPLOY / "prometheus/tests.yml"))
    run(promtool, "check", "config", "--syntax-only", str(DEPLOY / "prometheus/prometheus.yml"))


def test_the_routes_are_taken_and_lead_where_they_should() -> None:
    amtool, path = find_program("amtool"), str(DEPLOY / "alertmanager/alertmanager.yml")
    run(amtool, "check-config", path)

    def routed(*labels: str) -> Sequence[str]:
        return run(amtool, "config", "routes", "test", f"--config.file={path}", *labels).split()

    assert routed("severity=critical", "alertname=PerennialDown") == ["pager"]
    assert routed("severity=warning", "alertname=PerennialSlow") == ["tickets"]


@pytest.mark.parametrize("path", sorted((DEPLOY / "grafana/dashboards").glob("*.json")), ids=lambda path: path.stem)
def test_every_expression_of_a_dashboard_parses(path: Path, tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": expression.replace("$__rate_interval", "1m")}
        for number, (_, expression) in enumerate(list_expressions(json.loads(path.read_text())))
    ]
    (tmp_path / "panels.yml").write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    run(find_program("promtool"), "check", "rules", str(tmp_path / "panels.yml"))


def test_the_balancer_takes_its_settings() -> None:
    run(find_program("haproxy"), "-c", "-q", "-f", str(DEPLOY / "haproxy/haproxy.cfg"))
