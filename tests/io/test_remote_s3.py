"""A team and its bucket, for real: DVC, Git and an S3 server on loopback, in fair weather and in foul."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from perennial.io.server import find_free_port
from tests.conftest import ROOT, run_command
from tests.io.s3 import BUCKET, CutLine, client, listener, object_keys, s3_server, write_small_project

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with s3_server() as address:
        yield address


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))


def perennial(project: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return run_command(project, sys.executable, "-m", "perennial.cli", *words, timeout=120)


def point_at(project: Path, url: str, endpoint: str) -> "subprocess.CompletedProcess[str]":
    return perennial(project, "remote", url, "--endpoint", endpoint)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small repository that has run."""
    return write_small_project(tmp_path_factory.mktemp("template") / "project", ROOT)


@pytest.fixture
def author(template: Path, tmp_path: Path, server: str) -> Path:
    """A repository whose outputs are pushed, below a folder of its own in the bucket."""
    project = tmp_path / "author"
    shutil.copytree(template, project)
    done = point_at(project, f"s3://{BUCKET}/{tmp_path.name}", server)
    assert done.returncode == 0, done.stderr
    done = perennial(project, "push")
    assert (done.returncode, done.stdout) == (0, "22 files pushed\n"), done.stderr
    subprocess.run(["git", "commit", "-qam", "remote"], cwd=project, check=True)
    return project


@pytest.fixture
def described(template: Path, tmp_path: Path, server: str) -> Path:
    """A repository with a remote to which nothing was pushed."""
    project = tmp_path / "described"
    shutil.copytree(template, project)
    assert point_at(project, f"s3://{BUCKET}/{tmp_path.name}", server).returncode == 0
    return project


@pytest.fixture
def mate(author: Path, tmp_path: Path) -> Path:
    """A teammate's clone that has not pulled yet."""
    subprocess.run(["git", "clone", "-q", str(author), str(tmp_path / "mate")], check=True)
    return tmp_path / "mate"


def refused(done: "subprocess.CompletedProcess[str]") -> str:
    """The one sentence of a refusal: nothing else stands on standard error."""
    assert done.returncode == 1, done.stdout + done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("refused: ")
    return lines[0]


def harm_remote(server: str, prefix: str, oid: str, content: bytes) -> None:
    key = f"{prefix}/files/md5/{oid[:2]}/{oid[2:]}"
    assert key in object_keys(server)
    client("s3", server).put_object(Bucket=BUCKET, Key=key, Body=content)


ONE = "f97c5d29941bfb1b2fdab0874906ab82"


def test_a_teammate_pulls_and_reruns_nothing(mate: Path) -> None:
    assert "verify = True" in (mate / ".dvc/config").read_text()
    done = perennial(mate, "pull")
    assert done.returncode == 0, done.stderr
    done = run_command(mate, "dvc", "repro")
    assert "Data and pipelines are up to date." in done.stdout
    assert not (mate / "runs.txt").exists()
    assert run_command(mate, "git", "status", "--porcelain").stdout == ""


def test_a_folder_that_the_team_shares_serves_too(template: Path, tmp_path: Path) -> None:
    project, shared = tmp_path / "project", tmp_path / "shared"
    shutil.copytree(template, project)
    assert "is not there: mount it, or make it" in refused(perennial(project, "remote", str(shared)))
    shared.mkdir()
    assert perennial(project, "remote", str(shared)).returncode == 0
    assert perennial(project, "push").stdout == "22 files pushed\n"
    harmed = shared / "files/md5" / ONE[:2] / ONE[2:]
    harmed.chmod(0o644)
    harmed.write_text("onf")
    assert f"object {ONE} is damaged" in perennial(project, "verify-data", "--heal").stdout
    for name in (".dvc/cache", "out"):
        shutil.rmtree(project / name)
    (project / "one.txt").unlink()
    assert perennial(project, "pull").returncode == 0
    assert (project / "one.txt").read_text() == "one"


def test_nothing_is_sent_twice(author: Path) -> None:
    assert perennial(author, "push").stdout == "Everything is up to date.\n"


@pytest.mark.parametrize("content", [b"on", b"onf"], ids=["truncated", "a flipped bit"])
def test_a_damaged_object_is_never_taken_is_named_and_is_healed(
    author: Path, mate: Path, server: str, tmp_path: Path, content: bytes
) -> None:
    harm_remote(server, tmp_path.name, ONE, content)
    assert "the remote holds no sound copy of one.txt" in refused(perennial(mate, "pull"))
    assert not (mate / "one.txt").exists()
    done = perennial(author, "verify-data")
    assert f"remote storage: object {ONE} is damaged: one.txt of stage make" in done.stdout
    assert "--heal" in refused(done)
    healed = perennial(author, "verify-data", "--heal")
    assert healed.returncode == 0, healed.stderr
    assert "remote storage: whole" in perennial(author, "verify-data").stdout
    assert perennial(mate, "pull").returncode == 0
    assert (mate / "one.txt").read_text() == "one"


def test_a_remote_that_is_not_verified_is_refused(mate: Path) -> None:
    assert run_command(mate, "dvc", "remote", "modify", "storage", "verify", "false").returncode == 0
    assert "`dvc remote modify storage verify true`" in refused(perennial(mate, "pull"))


def test_a_damaged_cache_is_healed_from_the_remote(author: Path, server: str) -> None:
    place = author / ".dvc/cache/files/md5" / ONE[:2] / ONE[2:]
    place.chmod(0o644)
    place.write_text("onf")
    (author / "one.txt").unlink()
    done = perennial(author, "verify-data", "--heal")
    assert done.returncode == 0, done.stderr
    assert f"the cache: object {ONE} is damaged: one.txt of stage make" in done.stdout
    assert place.read_text() == "one"
    assert place.stat().st_mode & 0o777 == 0o444


def test_what_has_no_sound_copy_is_made_again(author: Path, server: str, tmp_path: Path) -> None:
    place = author / ".dvc/cache/files/md5" / ONE[:2] / ONE[2:]
    place.chmod(0o644)
    place.write_text("onf")
    (author / "one.txt").unlink()
    harm_remote(server, tmp_path.name, ONE, b"onf")
    assert "run `dvc repro --force make`, then `perennial push`" in refused(perennial(author, "verify-data", "--heal"))
    assert run_command(author, "dvc", "repro", "--force", "make").returncode == 0
    assert perennial(author, "push").returncode == 0
    assert "remote storage: whole" in perennial(author, "verify-data").stdout
    assert run_command(author, "git", "status", "--porcelain").stdout == ""


def test_objects_that_are_nowhere_are_not_passed_over(author: Path, server: str, tmp_path: Path) -> None:
    (author / ".dvc/cache/files/md5" / ONE[:2] / ONE[2:]).unlink()
    key = f"{tmp_path.name}/files/md5/{ONE[:2]}/{ONE[2:]}"
    client("s3", server).delete_object(Bucket=BUCKET, Key=key)
    assert "1 objects of this commit are neither here nor there" in refused(perennial(author, "push"))


def test_absent_credentials_name_the_variables(described: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    sentence = refused(perennial(described, "push"))
    assert "no credentials" in sentence
    assert "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE" in sentence


def test_an_unknown_profile_is_named(described: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert "the profile nobody" in refused(perennial(described, "pull"))


def test_wrong_credentials_are_told_apart(described: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with s3_server(guarded=True) as address:
        iam = client("iam", address)
        iam.create_user(UserName="mate")
        key = iam.create_access_key(UserName="mate")["AccessKey"]
        run_command(described, "dvc", "remote", "modify", "storage", "endpointurl", address)
        assert f"{address} does not know the access key in use for {BUCKET}" in refused(perennial(described, "push"))
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        assert "refuses the secret of the access key" in refused(perennial(described, "push"))
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        assert "may not list" in refused(perennial(described, "push"))


def test_a_missing_bucket_is_named(described: Path, server: str) -> None:
    assert "the bucket taem is not at" in refused(point_at(described, "s3://taem/x", server))
    assert "the bucket taem is not at" in refused(perennial(described, "push"))


def test_an_endpoint_that_is_away_is_named(described: Path) -> None:
    address = f"http://127.0.0.1:{find_free_port()}"
    run_command(described, "dvc", "remote", "modify", "storage", "endpointurl", address)
    assert f"nothing answers at {address}" in refused(perennial(described, "push"))


def test_an_endpoint_that_never_answers_is_named_in_seconds(described: Path) -> None:
    port = find_free_port()
    run_command(described, "dvc", "remote", "modify", "storage", "endpointurl", f"http://127.0.0.1:{port}")
    with listener(port):
        start = time.monotonic()
        sentence = refused(perennial(described, "push"))
        assert "takes the connection and then says nothing" in sentence
        assert time.monotonic() - start < 30


def test_a_push_that_is_cut_is_taken_up_again(tmp_path: Path, server: str) -> None:
    project = write_small_project(tmp_path / "big", ROOT, files=60, size=100_000)
    port = find_free_port()
    line = f"http://127.0.0.1:{port}"
    with listener(port) as socket:
        CutLine(socket, server, budget=2_000_000)
        assert point_at(project, f"s3://{BUCKET}/{tmp_path.name}", line).returncode == 0
        start = time.monotonic()
        sentence = refused(perennial(project, "push"))
        assert time.monotonic() - start < 90
    assert f"nothing answers at {line}" in sentence
    assert "run it again to send the rest" in sentence
    arrived = [key for key in object_keys(server) if key.startswith(f"{tmp_path.name}/")]
    assert 0 < len(arrived) < 62
    assert not [key for key in arrived if key.endswith(".dir")], "a folder is named before its files are there"
    run_command(project, "dvc", "remote", "modify", "storage", "endpointurl", server)
    assert perennial(project, "push").stdout == f"{62 - len(arrived)} files pushed\n"
    shutil.rmtree(project / ".dvc/cache")
    assert perennial(project, "pull").returncode == 0


def test_a_push_has_an_end(described: Path) -> None:
    sentence = refused(perennial(described, "push", "--seconds", "0.2"))
    assert "did not end within 0.2 s: raise remote.deadline_seconds" in sentence
    assert perennial(described, "push").returncode == 0
