"""What must hold of the files in deploy/: pure functions over their documents, each returning what is wrong."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
METRIC = re.compile(r"\b(?:perennial[_:][a-zA-Z0-9_:]+|up|ALERTS)\b")
Document = Mapping[str, Any]


def read_documents(text: str) -> list[dict[str, Any]]:
    """The documents of a YAML stream that are not empty."""
    return [one for one in yaml.safe_load_all(text) if one]


def _get(document: Any, path: str) -> Any:
    for name in path.split("."):
        document = document.get(name) if isinstance(document, dict) else None
    return document


def _weak_pod(name: str, pod: Document) -> Iterator[str]:
    wanted = {
        "securityContext.runAsNonRoot": True,
        "securityContext.seccompProfile.type": "RuntimeDefault",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
    }
    yield from (f"{name}: {path} is not {value}" for path, value in wanted.items() if _get(pod, path) != value)
    if not _get(pod, "securityContext.runAsUser"):
        yield f"{name}: it may run as root"


def _weak_container(name: str, container: Document) -> Iterator[str]:
    wanted = {
        "securityContext.allowPrivilegeEscalation": False,
        "securityContext.readOnlyRootFilesystem": True,
        "securityContext.capabilities.drop": ["ALL"],
    }
    yield from (f"{name}: {path} is not {value}" for path, value in wanted.items() if _get(container, path) != value)
    yield from (f"{name}: no {probe}" for probe in PROBES if probe not in container)
    needed = ("resources.requests.cpu", "resources.requests.memory", "resources.limits.memory")
    yield from (f"{name}: no {path}" for path in needed if not _get(container, path))
    for variable in container.get("env", []):
        if re.search(r"PASSWORD$|_KEYS$|_URL$", variable["name"]) and "value" in variable:
            yield f"{name}: {variable['name']} stands here in the open"


def find_weak(documents: Iterable[Document]) -> list[str]:
    """What a pod of some manifests lacks to run as nobody, watched, bounded and with its secrets elsewhere."""
    found: list[str] = []
    for document in documents:
        pod = _get(dict(document), "spec.template.spec")
        if pod is None:
            continue
        name = f"{document['kind']} {document['metadata']['name']}"
        found += _weak_pod(name, pod)
        for container in pod["containers"]:
            found += _weak_container(name, container)
    return found


def list_alerts(rules: Document) -> dict[str, dict[str, Any]]:
    """The alerts of a file of rules by name."""
    return {rule["alert"]: rule for group in rules["groups"] for rule in group["rules"] if "alert" in rule}


def list_recorded(rules: Document) -> set[str]:
    """The series that a file of rules records."""
    return {rule["record"] for group in rules["groups"] for rule in group["rules"] if "record" in rule}


def find_untried(rules: Document, tests: Document) -> list[str]:
    """The alerts that no test sees firing, or that none sees silent."""
    tried = {
        (case["alertname"], bool(case["exp_alerts"])) for test in tests["tests"] for case in test["alert_rule_test"]
    }
    return [
        f"{name} is never seen {'firing' if fires else 'silent'}"
        for name in list_alerts(rules)
        for fires in (True, False)
        if (name, fires) not in tried
    ]


def find_undescribed(rules: Document, page: str) -> list[str]:
    """The alerts without a severity, a summary, or a heading of their own on the page that says what to do."""
    headings = {line.lstrip("# ").lower() for line in page.splitlines() if line.startswith("#")}
    found = []
    for name, rule in list_alerts(rules).items():
        severity, notes = rule.get("labels", {}).get("severity"), rule.get("annotations", {})
        if severity not in ("critical", "warning") or not notes.get("summary"):
            found.append(f"{name} has no severity or no summary")
        if notes.get("runbook") != f"docs/deploy.md#{name.lower()}" or name.lower() not in headings:
            found.append(f"{name} has no place on the page")
    return found


def find_unknown_metrics(expressions: Iterable[str], known: set[str]) -> list[str]:
    """The metrics that expressions name and nobody has."""
    return sorted({name for one in expressions for name in METRIC.findall(one)} - known - {"up", "ALERTS"})


def list_expressions(dashboard: Document) -> list[tuple[str, str]]:
    """Each panel's title with each of its expressions."""
    return [(panel["title"], target["expr"]) for panel in dashboard["panels"] for target in panel["targets"]]


def list_rule_expressions(rules: Document) -> list[str]:
    """Every expression of a file of rules."""
    return [rule["expr"] for group in rules["groups"] for rule in group["rules"]]


def find_open(compose: Document) -> list[str]:
    """What of a compose file is not hardened, listens to others than this machine, or holds a secret."""
    found = []
    for name, service in compose["services"].items():
        wanted: dict[str, Any] = {
            "read_only": True,
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges:true"],
        }
        found += [f"{name}: {key} is not {value}" for key, value in wanted.items() if service.get(key) != value]
        found += [f"{name}: no {key}" for key in ("healthcheck", "mem_limit") if key not in service]
        found += [f"{name}: port {port} is open" for port in service.get("ports", []) if not port.startswith("127.")]
        found += [f"{name}: {key} stands here in the open" for key in _open_words(service.get("environment", {}))]
        found += [
            f"{name}: the secret {secret} is not a file"
            for secret in service.get("secrets", [])
            if secret not in _files(compose)
        ]
    return found


def _files(compose: Document) -> Sequence[str]:
    return [name for name, secret in compose["secrets"].items() if "file" in secret]


def _open_words(environment: Document) -> list[str]:
    return [name for name in environment if re.search(r"PASSWORD$|KEYS$|_URL$|TOKEN$", name)]


def read_yaml(path: Path) -> Any:
    """The one document of a YAML file."""
    return yaml.safe_load(path.read_text())
