"""The image is built and run for real, hardened, by podman and by containerd; its base stands in for python:slim."""

import json
import os
import sqlite3
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import pytest

from perennial.io.server import find_free_port
from perennial.serving.keys import describe_key, make_key
from tests.conftest import ROOT, run_command, run_stage
from tests.deploy.containers import (
    BASE,
    Store,
    ask,
    find_absent,
    make_base,
    open_store,
    run_container,
    run_containerd,
    wait_ready,
)
from tests.io.postgres import PASSWORD, USER, postgres_server
from tests.tiny import ROW, write_tiny_project

pytestmark = [
    *(pytest.mark.slow, pytest.mark.soak, pytest.mark.timeout(1800)),
    pytest.mark.skipif(os.getuid() != 0, reason="containers are built and run as root here"),
]
KEY = make_key()
KEYS = "/run/secrets/perennial/api_keys"
OWN_BYTES = 220e6  # with the 130 MB of python:3.11-slim that makes 350 MB
BODY = json.dumps({"rows": [ROW]})


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with the base image; what builds and runs it must be here."""
    assert find_absent() == []
    store = open_store(tmp_path_factory.mktemp("containers") / "store")
    make_base(store)
    return store


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny project with a packaged bento."""
    folder = tmp_path_factory.mktemp("imaged")
    write_tiny_project(folder)
    (folder / "deploy").symlink_to(ROOT / "deploy")
    done = run_stage(folder, "package")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def image(store: Store, project: Path) -> str:
    """The image that `perennial image` built."""
    options = [f"--option=--{one}" for one in ("network=host", "isolation=chroot", "pull-never")]
    command = ["python", "-m", "perennial.cli", "image", "--builder", "buildah", "--name", "localhost/perennial"]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in store.environment.items():
            patch.setenv(name, value)
        done = run_command(project, *command, "--base", BASE, *options, timeout=1500)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout.splitlines()[-1].removeprefix("built ")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of API keys that a container is given."""
    path = tmp_path_factory.mktemp("keys") / "api_keys"
    path.write_text(describe_key("me", ["predict", "docs"], KEY))
    path.chmod(0o644)
    return path


def test_it_is_small(store: Store, image: str) -> None:
    assert store.size(image) - store.size(BASE) <= OWN_BYTES


def test_hardened_it_answers_records_and_ends(store: Store, image: str, keys: Path) -> None:
    records, given = "--volume=records:/var/lib/perennial", [f"--volume={keys}:{KEYS}:ro"]
    given += [f"--env=PERENNIAL_API_KEYS_FILE={KEYS}", "--env=PERENNIAL_DRAIN_SECONDS=1"]
    for count in (1, 2):  # the second container finds what the first recorded
        with run_container(store, image, records, *given) as name:
            inside = ["podman", "exec", name]
            wait_ready(store, inside)
            told = json.loads(ask(store, inside, KEY, "/predict", BODY))
            assert [one["lane"] for one in told["predictions"]] == ["champion"]
            assert store.run(*inside, "id", "-u") == "1034"
            assert (
                store.run(*inside, "sh", "-c", "touch /x /srv/bento/x /opt/venv/x 2>/dev/null || echo refused")
                == "refused"
            )
            assert store.run(*inside, "sh", "-c", "grep CapEff /proc/1/status").split()[1] == "0" * 16
            store.podman("stop", "--time", "30", name)
            assert store.podman("inspect", "--format", "{{.State.ExitCode}}", name) == "0"
        volume = Path(store.podman("volume", "inspect", "--format", "{{.Mountpoint}}", "records"))
        with sqlite3.connect(volume / "predictions.db") as connection:
            assert connection.execute("SELECT count(*) FROM predictions").fetchone() == (count,)


def test_two_containers_record_in_one_postgresql(store: Store, image: str, keys: Path, tmp_path: Path) -> None:
    """As in Compose: the database's address, with its password, is a mounted file."""
    import psycopg

    with postgres_server() as server:
        url = tmp_path / "database_url"
        url.write_text(f"postgresql+psycopg://{USER}:{quote(PASSWORD, safe='')}@{server.place}/postgres\n")
        given = [f"--volume={keys}:{KEYS}:ro", f"--volume={url}:/run/secrets/database_url:ro"]
        given += [f"--env=PERENNIAL_API_KEYS_FILE={KEYS}", "--env=PERENNIAL_LOG_URL_FILE=/run/secrets/database_url"]
        with ExitStack() as stack:
            for port in (find_free_port(), find_free_port()):
                command = ["--host", "127.0.0.1", "--port", str(port)]
                started = run_container(store, image, *given, network="host", command=command)
                inside = ["podman", "exec", stack.enter_context(started)]
                wait_ready(store, inside, port)
                ask(store, inside, KEY, "/predict", BODY, port)
            with psycopg.connect(
                host="127.0.0.1", port=server.port, user=USER, password=PASSWORD, dbname="postgres"
            ) as connection:
                assert connection.execute("SELECT count(*) FROM predictions").fetchone() == (2,)


def refused(store: Store, image: str, *options: str) -> str:
    """Run a container that must end by itself and say so by its exit code; return its log."""
    with run_container(store, image, *options) as name:
        assert store.podman("wait", name) == "137"
        # What a program says on its error stream comes back on that of `podman logs`.
        return store.run("sh", "-c", f"podman logs {name} 2>&1")


def test_without_keys_it_ends_and_says_why(store: Store, image: str) -> None:
    told = refused(store, image, "--env=PERENNIAL_LOG_DURABILITY=off")
    assert "refused: the service would listen on 0.0.0.0 without API keys" in told


def test_with_a_bundle_that_was_altered_it_ends(store: Store, image: str, keys: Path, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text("{}")
    altered = f"--volume={tmp_path}/model.json:/srv/bento/src/bundle/model.json:ro"
    given = [f"--volume={keys}:{KEYS}:ro", f"--env=PERENNIAL_API_KEYS_FILE={KEYS}"]
    assert "model.json is not the file that was packed" in refused(store, image, altered, *given)


def test_containerd_takes_it_and_runs_it(store: Store, image: str, tmp_path: Path) -> None:
    """The way into MicroK8s: an archive, imported into the namespace that the kubelet looks in."""
    archive = tmp_path / "image.tar"
    store.run("buildah", "push", "--quiet", image, f"oci-archive:{archive}:{image}")
    with run_containerd(store) as ctr:
        store.run(*ctr, "image", "import", str(archive))
        assert image in store.run(*ctr, "image", "ls", "--quiet").split()
        mounts = ["--mount", "type=bind,src=/etc/hosts,dst=/etc/hosts,options=rbind:ro"]
        mounts += ["--mount", "type=tmpfs,src=tmpfs,dst=/tmp,options=size=64m"]
        options = [*mounts, "--read-only", "--cap-drop", "CAP_ALL", "--env", "PERENNIAL_LOG_URL=sqlite:////tmp/p.db"]
        command = ["python", "-m", "bentoml", "serve", "/srv/bento", "--host", "127.0.0.1", "--port", "3000"]
        store.run(*ctr, "run", "--detach", *options, image, "tried", *command)
        try:
            inside = [*ctr, "task", "exec", "--exec-id", "asking", "tried"]
            wait_ready(store, inside)
            told = json.loads(ask(store, inside, "", "/predict", BODY))
            assert len(told["predictions"]) == 1
        finally:
            store.run(*ctr, "task", "rm", "--force", "tried")
