"""A kind of source that a repository adds: that of the page against a real FTP server, and kinds that fail."""

import gzip
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from perennial.data.fetching import Fetch
from perennial.io import fetch as fetching
from perennial.io.retry import Down
from perennial.refusal import Refusal
from tests.io.fetched import fetch
from tests.io.ftp import NAME, PASSWORD, ftp_server
from tests.page import load_object

TABLE = gzip.compress(b"id;price\na;1,5\nb;\n")


@pytest.fixture(autouse=True)
def add(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Register kinds by name, that of the page from the start."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FTP_USER", NAME)
    monkeypatch.setenv("FTP_PASSWORD", PASSWORD)

    def register(**added: Any) -> None:
        monkeypatch.setattr(fetching, "load_extensions", lambda kind: added)

    register(ftp=load_object("extensions/sources/ftp.py", "SOURCE"))
    return register


@pytest.fixture
def server() -> Iterator[str]:
    with ftp_server({"/out/orders.csv.gz": TABLE}) as address:
        yield address


def test_its_file_is_read_as_one_that_lies_here(server: str) -> None:
    found = fetch(url=f"ftp://${{FTP_USER}}:${{FTP_PASSWORD}}@{server}/out/orders.csv.gz")
    assert found.to_dict("list") == {"id": ["a", "b"], "price": ["1,5", ""]}


def test_a_checksum_is_compared(server: str) -> None:
    url = f"ftp://${{FTP_USER}}:${{FTP_PASSWORD}}@{server}/out/orders.csv.gz"
    assert len(fetch(url=url, sha256=hashlib.sha256(TABLE).hexdigest())) == 2
    with pytest.raises(Refusal, match=r"orders\.csv\.gz has the SHA-256"):
        fetch(url=url, sha256="0" * 64)


def test_a_server_that_is_away_is_down_and_asked_again() -> None:
    with pytest.raises(Down, match=r"ftp does not answer \(.*refused.*\) \(3 attempts"):
        fetch(url="ftp://127.0.0.1:9/x.csv")


@pytest.mark.parametrize("path", ["/out/absent.csv", "/out/orders.csv.gz"])
def test_what_it_does_not_give_is_refused_without_a_credential(
    server: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "orders" in path:
        monkeypatch.setenv("FTP_PASSWORD", "wr0ng")
    with pytest.raises(Refusal, match=r"127\.0\.0\.1 does not give /out/") as refused:
        fetch(url=f"ftp://${{FTP_USER}}:${{FTP_PASSWORD}}@{server}{path}")
    assert "wr0ng" not in str(refused.value)


def fail(fetch: Fetch, folder: Path, **_: Any) -> list[Path]:
    raise ValueError(f"cannot read {fetch.url}")


def give_nothing(fetch: Fetch, folder: Path, **_: Any) -> list[Path]:
    return [folder / "absent.csv"]


@pytest.mark.parametrize(("kind", "said"), [(fail, r"own_api\.py failed \(ValueError"), (give_nothing, "gave no file")])
def test_a_kind_that_fails_is_a_sentence_without_credentials(add: Callable[..., None], kind: Any, said: str) -> None:
    add(own_api=kind)
    with pytest.raises(Refusal, match=said) as refused:
        fetch(url="own-api://u:${FTP_PASSWORD}@host/table")
    assert PASSWORD not in str(refused.value)
    assert "s3cret%20word" not in str(refused.value)


def test_it_is_told_what_is_wanted(add: Callable[..., None]) -> None:
    told: dict[str, Any] = {}

    def keep(fetch: Fetch, folder: Path, **asked: Any) -> list[Path]:
        told.update(asked, parameters=fetch.parameters, folder=list(folder.iterdir()))
        (folder / "rows.jsonl").write_text('{"id": "a"}\n')
        return [folder / "rows.jsonl"]

    add(crm=keep)
    assert list(fetch("2024-01-01", url="crm://tenant", parameters={"size": 5})["id"]) == ["a"]
    assert told["since"] == "2024-01-01"
    assert (told["seconds"], told["parameters"], told["folder"]) == (5.0, {"size": 5}, [])


def test_a_scheme_that_is_taken_or_unknown_is_refused(add: Callable[..., None]) -> None:
    with pytest.raises(Refusal, match=r"gopher:// is not read: give a path, or a url of .*s3, ftp\."):
        fetch(url="gopher://x/y")
    add(s3=fail)
    with pytest.raises(Refusal, match=r"sources/s3\.py has a name that is taken"):
        fetch(url="s3://x/y")
