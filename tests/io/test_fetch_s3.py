"""Objects of a real S3 server: one, a folder of them, and each way in which they do not come."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from perennial.io.retry import Down
from perennial.io.server import find_free_port
from perennial.refusal import Refusal
from tests.io.fetched import fetch, patience
from tests.io.s3 import BUCKET, client, listener, s3_server

pytestmark = pytest.mark.slow
CSV = "name,size\nZoë,1\n"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with s3_server() as address:
        bucket = client("s3", address)
        for key in ("one.csv", "months/2024-01.csv", "months/2024-02.csv", "months/old/2024-01.csv"):
            bucket.put_object(Bucket=BUCKET, Key=key, Body=CSV.encode())
        bucket.put_object(Bucket=BUCKET, Key="months/", Body=b"")
        yield address


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cr3t")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))


def test_an_object_and_all_below_a_folder(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fetch(url=f"s3://{BUCKET}/one.csv", endpoint=server).to_numpy().tolist() == [["Zoë", "1"]]
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server)
    assert len(fetch(url=f"s3://{BUCKET}/months/")) == 3


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"s3://{BUCKET}/none.csv", r"none\.csv is not there"),
        (f"s3://{BUCKET}/none/", "nothing lies below"),
        ("s3://nobody/one.csv", "the bucket nobody is not at"),
    ],
)
def test_what_is_not_there_is_said(server: str, url: str, said: str) -> None:
    with pytest.raises(Refusal, match=said) as refused:
        fetch(url=url, endpoint=server)
    assert not isinstance(refused.value, Down)


def test_absent_credentials_name_the_variables(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(Refusal, match=r"no credentials for .*: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        fetch(url=f"s3://{BUCKET}/one.csv", endpoint=server)


def test_wrong_credentials() -> None:
    with s3_server(guarded=True) as address:
        for key in ("one.csv", "two.csv"):  # what anybody may do at first is used up
            client("s3", address).put_object(Bucket=BUCKET, Key=key, Body=CSV.encode())
        with pytest.raises(Refusal, match="does not know the access key") as refused:
            fetch(url=f"s3://{BUCKET}/one.csv", endpoint=address)
    assert "s3cr3t" not in str(refused.value)


def test_a_server_that_is_away_and_one_that_says_nothing() -> None:
    port = find_free_port()
    endpoint = f"http://127.0.0.1:{port}"
    with pytest.raises(Down, match=rf"nothing answers at {endpoint} \(2 attempts"):
        fetch(url=f"s3://{BUCKET}/one.csv", endpoint=endpoint, waiting=patience(attempts=2))
    with listener(port), pytest.raises(Down, match=r"then says nothing for 0\.3 s \(2 attempts"):
        fetch(url=f"s3://{BUCKET}/one.csv", endpoint=endpoint, waiting=patience(attempts=2, seconds=0.3))
