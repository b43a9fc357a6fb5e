"""The workflows: what each job may do, and that every step that runs a command runs here too."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT, SMALL, set_params
from tests.github import REPOSITORY, TOKEN, serve_github

FOLDER = ROOT / ".github" / "workflows"


def read_workflows(folder: Path = FOLDER) -> dict[str, dict[str, Any]]:
    """Return each workflow by name, every value as text."""
    return {path.stem: yaml.load(path.read_text(), Loader=yaml.BaseLoader) for path in sorted(folder.glob("*.yml"))}


def read_rights(folder: Path) -> dict[tuple[str, str], Any]:
    """Return the permissions of each job by (workflow, job)."""
    found = read_workflows(folder).items()
    return {(name, job): body.get("permissions") for name, text in found for job, body in text["jobs"].items()}


WORKFLOWS = read_workflows()
JOBS = {(name, job): body for name, document in WORKFLOWS.items() for job, body in document["jobs"].items()}

READ = {"contents": "read"}
MAY = {
    ("check", "test"): READ,
    ("check", "slow"): READ,
    ("experiment", "experiment"): READ,
    ("comment", "comment"): READ | {"actions": "read", "pull-requests": "write"},
    ("exp", "request"): READ | {"pull-requests": "read"},
    ("exp", "experiment"): READ,
    ("exp", "answer"): READ | {"pull-requests": "write"},
}
"""Which rights each job has: one more is a decision that is made here too."""

STOOD_IN_FOR = {
    "actions/checkout": "a clone of what is committed",
    "actions/setup-python": "the Python that runs the tests",
    "actions/cache": "the clone's own .dvc/cache",
    "actions/cache/restore": "the clone's own .dvc/cache",
    "actions/upload-artifact": "the file lies where it was written",
    "actions/download-artifact": "the file is read where it was written",
}
"""The `uses:` steps, and what is in their place when the steps run here."""

NOT_REPEATED = {"make test": "this test is part of it", "make test-full": "this test is part of it"}
RUN_HERE = {
    "make system",
    "make experiment",
    "make comment",
    "make check-lock",
    "make verdict",
    "make post",
    "make request",
}


def steps_of(kind: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Return (workflow, job, step) of every step that `uses` or `run`s."""
    return [(name, job, step) for (name, job), body in JOBS.items() for step in body["steps"] if kind in step]


def test_every_job_has_exactly_these_rights() -> None:
    assert read_rights(FOLDER) == MAY
    assert all(document["permissions"] == {} for document in WORKFLOWS.values())


def test_no_job_that_runs_foreign_code_may_write_or_sees_a_secret() -> None:
    for (name, job), body in JOBS.items():
        runs_code = any(
            step.get("run") == "make experiment" or "make test" in step.get("run", "") for step in body["steps"]
        )
        if runs_code:
            assert set(body["permissions"].values()) == {"read"}, (name, job)
            assert not re.search(r"secrets\.|github\.token|GITHUB_TOKEN", yaml.safe_dump(body)), (name, job)


def test_no_job_that_may_write_checks_out_another_commit_than_its_own() -> None:
    for (name, job), body in JOBS.items():
        if "write" in body["permissions"].values():
            checkouts = [step for step in body["steps"] if step.get("uses", "").startswith("actions/checkout@")]
            assert [set(step["with"]) for step in checkouts] == [{"persist-credentials"}], (name, job)


def test_every_action_is_pinned_by_its_commit_and_stood_in_for() -> None:
    for _, _, step in steps_of("uses"):
        action, _, commit = step["uses"].partition("@")
        assert re.fullmatch("[0-9a-f]{40}", commit), step
        assert action in STOOD_IN_FOR
    lines = "".join(path.read_text() for path in FOLDER.glob("*.yml")).splitlines()
    assert all(re.search(r"@[0-9a-f]{40} # v\d", line) for line in lines if "uses:" in line)


def test_no_checkout_keeps_its_token() -> None:
    for _, _, step in steps_of("uses"):
        if step["uses"].startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] == "false"


def test_every_job_ends_in_time_and_every_workflow_knows_its_neighbours() -> None:
    assert all(int(body["timeout-minutes"]) <= 120 for body in JOBS.values())
    assert all("concurrency" in document for document in WORKFLOWS.values())


def test_every_command_is_a_word_of_the_makefile_and_holds_no_expression() -> None:
    commands = {step["run"] for _, _, step in steps_of("run")}
    assert commands == RUN_HERE | set(NOT_REPEATED)
    assert all(re.fullmatch(r"make [a-z-]+", command) for command in commands)


def test_only_maintainers_start_an_experiment_by_a_comment() -> None:
    condition = JOBS["exp", "request"]["if"]
    for part in ('["OWNER", "MEMBER", "COLLABORATOR"]', "author_association", "issue.pull_request", "startsWith("):
        assert part in condition


def run_step(clone: Path, command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run one step as a runner does: its own shell line, its own variables, none of this test's own environment."""
    own = ("DVC_", "BENTOML_", "PYTEST_", "GITHUB_", "PYTHONPATH", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    path = os.pathsep.join(part for part in os.environ["PATH"].split(os.pathsep) if ".venv" not in part)
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", command],
        cwd=clone,
        env=kept | {"PATH": path, "CI": "true"} | variables,
        capture_output=True,
        text=True,
        timeout=1500,
    )


def write_commit(clone: Path, message: str) -> str:
    """Commit everything and return its hash."""
    who = "git -c user.name=Somebody -c user.email=somebody@example.com -c commit.gpgsign=false"
    done = run_step(clone, f"git add --all && {who} commit -q -m '{message}' && git rev-parse HEAD")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def proven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of what is committed, cut to two months, whose main holds what its code gives."""
    clone = tmp_path_factory.mktemp("runner") / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    set_params(clone, SMALL)
    write_commit(clone, "two months")
    for command in ("make system", "make experiment"):
        done = run_step(clone, command, BASE="0" * 40, SETTINGS="")
        assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    write_commit(clone, "what it gives")
    return clone


def steps_here(workflow: str, job: str) -> list[str]:
    """Return the commands of one job, in order."""
    return [step["run"] for step in JOBS[workflow, job]["steps"] if "run" in step and step["run"] in RUN_HERE]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_pull_request_goes_through_both_workflows(proven: Path) -> None:
    base = run_step(proven, "git rev-parse HEAD").stdout.strip()
    set_params(proven, {"problem.success": 0.004})
    run = f"https://github.com/{REPOSITORY}/actions/runs/12"
    given = {"BASE": base, "PAGE": run}
    assert run_step(proven, "make experiment", **given).returncode == 0
    head = write_commit(proven, "ask for less")
    for command in steps_here("experiment", "experiment"):
        done = run_step(proven, command, **given)
        assert done.returncode == 0, f"{command}: {(done.stdout + done.stderr)[-4000:]}"
    with serve_github() as hub:
        hub.add_pull(5, head, head="fork:topic", repository="fork/flights")
        api = {"GITHUB_API_URL": hub.address, "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_TOKEN": TOKEN}
        given = {"COMMIT": head, "HEAD": "fork:topic", "NUMBER": "", "FILE": str(proven / "reports/comment.md")}
        for command in steps_here("comment", "comment") * 2:
            done = run_step(proven, command, **api, **given, RUN=run)
            assert done.returncode == 0, done.stderr
        (comment,) = hub.comments
    assert comment["body"].splitlines()[1].startswith("## ✓ Blessed: Log loss")
    assert "| problem.success | 0.005 | 0.004 |" in comment["body"]
    assert f"[The whole page]({run})" in comment["body"]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_comment_starts_an_experiment_and_is_answered(proven: Path, tmp_path: Path) -> None:
    head = run_step(proven, "git rev-parse HEAD").stdout.strip()
    with serve_github() as hub:
        hub.add_pull(5, head)
        api = {"GITHUB_API_URL": hub.address, "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_TOKEN": TOKEN, "NUMBER": "5"}
        asked = {"TEXT": "/exp -S gate.calibration_error=0.04", "ASSOCIATION": "MEMBER"}
        done = run_step(proven, "make request", **api, **asked, GITHUB_OUTPUT=str(tmp_path / "output"))
        assert done.returncode == 0, done.stderr
        answer = dict(line.split("=", 1) for line in (tmp_path / "output").read_text().splitlines())
        assert answer["commit"] == head
        clone = tmp_path / "clone"
        subprocess.run(["git", "clone", "--quiet", str(proven), str(clone)], check=True)
        shutil.copytree(proven / ".dvc/cache", clone / ".dvc/cache")
        given = {"BASE": answer["commit"], "SETTINGS": answer["settings"], "PAGE": "https://github.com/x"}
        for command in steps_here("exp", "experiment"):
            done = run_step(clone, command, **given)
            assert done.returncode == 0, f"{command}: {(done.stdout + done.stderr)[-4000:]}"
        given = {"NAME": "exp-7", "FILE": str(clone / "reports/comment.md"), "RUN": "", "REASON": ""}
        for command in steps_here("exp", "answer"):
            assert run_step(clone, command, **api, **given).returncode == 0
    assert "An experiment with gate.calibration&#95;error" not in hub.comments[0]["body"]
    assert "An experiment with gate.calibration_error=0.04" in hub.comments[0]["body"]
