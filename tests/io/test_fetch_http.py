"""Files and JSON behind a real web server: fair, away for a while, damaged, slow, in pages."""

import gzip
import hashlib
import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from perennial.io.retry import Down
from perennial.io.server import find_free_port
from perennial.refusal import Refusal
from tests.io.fetched import fetch, find, patience
from tests.io.web import Web, gives, gives_json, hangs_up, says_nothing, web_server

CSV = "name;size\nZoë;1\nO'Hara;\n"
CELLS = [["Zoë", "1"], ["O'Hara", ""]]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as serving:
        yield serving


def test_a_file_of_any_kind(web: Web) -> None:
    packed = io.BytesIO()
    pd.DataFrame({"name": ["Zoë", "O'Hara"], "size": ["1", ""]}).to_parquet(packed)
    web.on("/t.csv.gz", gives(gzip.compress(CSV.encode()), kind="application/gzip"))
    web.on("/t.parquet", gives(packed.getvalue()))
    web.on("/export", gives(CSV))
    for path in ("/t.csv.gz", "/t.parquet", "/export"):
        assert fetch(url=web.address + path).to_numpy().tolist() == CELLS


def test_a_server_that_is_down_for_a_while_is_asked_again(web: Web) -> None:
    url = web.on("/t.csv", gives("", status=500), gives("", status=503, Retry_After="0"), gives(CSV))
    assert fetch(url=url).to_numpy().tolist() == CELLS
    assert len(web.asked) == 3


def test_a_server_that_stays_down_is_told_apart_from_one_that_has_no_such_file(web: Web) -> None:
    url = web.on("/t.csv", gives("", status=500))
    with pytest.raises(Down, match=r"127\.0\.0\.1:\d+ answers 500 Internal Server Error \(3 attempts in"):
        fetch(url=url)
    assert len(web.asked) == 3
    with pytest.raises(Refusal, match=r"did not answer with a file \(404"):
        fetch(url=web.address + "/other.csv")
    assert len(web.asked) == 4, "what is not there is not asked for again"


def test_nobody_listens() -> None:
    with pytest.raises(Down, match=r"nothing answers at 127\.0\.0\.1"):
        fetch(url=f"http://127.0.0.1:{find_free_port()}/t.csv")


def test_a_body_that_is_cut_is_never_taken(web: Web) -> None:
    url = web.on("/t.csv", hangs_up(CSV.encode(), after=15), gives(CSV))
    assert fetch(url=url).to_numpy().tolist() == CELLS
    web.on("/t.csv", hangs_up(CSV.encode(), after=15))
    with pytest.raises(Down, match="hangs up before the end"):
        fetch(url=url)


def test_a_server_that_says_nothing_is_left(web: Web) -> None:
    url, begun = web.on("/t.csv", says_nothing(3)), time.monotonic()
    with pytest.raises(Down, match=r"says nothing for 0\.2 s"):
        fetch(url=url, waiting=patience(attempts=2, seconds=0.2))
    assert time.monotonic() - begun < 2


def test_there_is_an_end_to_everything(web: Web) -> None:
    url = web.on("/t.csv", says_nothing(3))
    with pytest.raises(Refusal, match=r"did not end within 0\.3 s: raise fetch\.deadline_seconds"):
        fetch(url=url, waiting=patience(deadline=0.3))


def test_a_checksum_holds(web: Web) -> None:
    url, digest = web.on("/t.csv", gives(CSV)), hashlib.sha256(CSV.encode()).hexdigest()
    assert fetch(url=url, sha256=digest.upper()).to_numpy().tolist() == CELLS
    web.on("/t.csv", gives(CSV + "more;2\n"))
    with pytest.raises(Refusal, match=f"has the SHA-256 [0-9a-f]+, declared is {digest}"):
        fetch(url=url, sha256=digest)


def test_an_answer_that_is_no_table(web: Web) -> None:
    web.on("/t.parquet", gives("<html>Please log in</html>", kind="text/html"))
    with pytest.raises(Refusal, match="does not read as a table"):
        fetch(url=web.address + "/t.parquet")


ROWS = [{"id": 1, "at": "2024-01-01", "user": {"name": "Zoë"}}, {"id": 2, "at": None}, {"id": 3, "tags": ["a", "b"]}]


def page_of(number: int) -> dict[str, Any]:
    return {"data": {"items": ROWS[number - 1 : number]}, "page": number}


def paged(handler: Any, query: dict[str, str]) -> None:
    gives_json(page_of(int(query["page"])))(handler, query)


def test_numbered_pages_end_with_the_first_empty_one(web: Web) -> None:
    url = web.on("/rows", paged)
    frame = fetch(url=url, records="data.items", pages={"parameter": "page"}, parameters={"size": 1})
    assert frame["id"].tolist() == ["1", "2", "3"]
    assert frame.columns.tolist() == ["id", "at", "user.name", "tags"]
    assert frame.iloc[1].tolist() == ["2", "", "", ""]
    assert [query for _, query, _ in web.asked] == [{"size": "1", "page": str(number)} for number in (1, 2, 3, 4)]


def test_a_page_that_does_not_come_is_asked_for_again_and_the_others_are_not(web: Web) -> None:
    first = {"rows": ROWS[:2], "next": "/rows2"}
    web.on("/rows2", gives("", status=502), gives_json({"rows": ROWS[2:], "next": None}))
    frame = fetch(url=web.on("/rows", gives_json(first)), records="rows", pages={"next": "next"})
    assert frame["id"].tolist() == ["1", "2", "3"]
    assert [path for path, _, _ in web.asked] == ["/rows", "/rows2", "/rows2"]


def test_a_cursor_and_a_link(web: Web) -> None:
    web.on("/rows", gives_json({"rows": ROWS[:1], "cursor": 17}), gives_json({"rows": ROWS[1:], "cursor": ""}))
    frame = fetch(url=web.address + "/rows", records="rows", pages={"next": "cursor", "parameter": "after"})
    assert len(frame) == 3
    assert [query for _, query, _ in web.asked] == [{}, {"after": "17"}]
    web.on("/linked", gives_json(ROWS[:1], Link='</linked2>; rel="next"'))
    web.on("/linked2", gives_json(ROWS[1:]))
    assert len(fetch(url=web.address + "/linked", records="", pages={"link": True})) == 3


def test_pages_that_go_round_in_a_circle(web: Web) -> None:
    with pytest.raises(Refusal, match="gives the same page again"):
        fetch(url=web.on("/rows", gives_json(ROWS)), records="", pages={"parameter": "page"})


def test_where_the_rows_are_is_found(web: Web) -> None:
    web.on("/rows", gives_json({"meta": {"count": 3}, "result": {"rows": ROWS}, "links": {"next": "/rows2"}}))
    found = find(url=web.address + "/rows")
    assert (found.records, found.pages) == ("result.rows", {"next": "links.next"})
    web.on("/linked", gives_json(ROWS, Link='</linked2>; rel="next"'))
    assert find(url=web.address + "/linked").pages == {"link": True}
    assert find(url=web.on("/t.csv", gives(CSV))).records is None


def test_rows_that_are_elsewhere(web: Web) -> None:
    url = web.on("/rows", gives_json({"result": ROWS}))
    with pytest.raises(Refusal, match=r"no list of rows at 'data': correct `records` \(--records\); it has result"):
        fetch(url=url, records="data")


def test_the_clock_and_the_watermark_are_parameters(web: Web) -> None:
    url = web.on("/rows", gives_json(ROWS))
    asked = {"until": ":as_of", "from": ":since", "kind": "x"}
    fetch(url=url, records="", parameters=asked)
    assert web.asked[-1][1] == {"until": "2024-05-01T00:00:00Z", "kind": "x"}
    fetch(pd.Timestamp("2024-03-01").to_pydatetime(), url=url, records="", parameters=asked)
    assert web.asked[-1][1]["from"] == "2024-03-01T00:00:00Z"


SECRET = "s3cr3t/ & value"


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("API_TOKEN", SECRET)
    return SECRET


def test_a_header_takes_its_credential_from_the_environment(web: Web, secret: str) -> None:
    url = web.on("/rows", gives_json(ROWS))
    fetch(url=url, records="", headers={"Authorization": "Bearer ${API_TOKEN}"}, parameters={"key": "${API_TOKEN}"})
    _, query, headers = web.asked[-1]
    assert (headers["Authorization"], query["key"]) == (f"Bearer {secret}", secret)


@pytest.mark.parametrize("status", [401, 404, 500])
def test_no_sentence_tells_a_credential(web: Web, secret: str, status: int) -> None:
    web.on("/rows", gives(f"not {secret}", status=status, kind="application/json"))
    for url in (web.address + "/rows?key=${API_TOKEN}", web.address.replace("://", "://${API_TOKEN}@") + "/rows"):
        with pytest.raises(Refusal) as refused:
            fetch(url=url, records="", headers={"Authorization": "${API_TOKEN}"})
        assert secret not in str(refused.value)
        assert "s3cr3t" not in str(refused.value)


def test_a_credential_that_is_not_set_is_named(web: Web) -> None:
    with pytest.raises(Refusal, match="the variable ABSENT_TOKEN is not set in the environment"):
        fetch(url=web.address, records="", headers={"Authorization": "${ABSENT_TOKEN}"})


def test_no_credential_goes_to_another_host(web: Web, secret: str) -> None:
    headers = {"X-Api-Key": "${API_TOKEN}"}
    with web_server() as other:
        elsewhere = other.on("/rows", gives_json(ROWS))
        web.on("/moved", gives("", status=302, Location=elsewhere))
        with pytest.raises(Refusal, match=r"sends to 127\.0\.0\.1:\d+: write that address"):
            fetch(url=web.address + "/moved", records="", headers=headers)
        web.on("/rows", gives_json({"rows": ROWS, "next": elsewhere}))
        with pytest.raises(Refusal, match="a host that is not declared"):
            fetch(url=web.address + "/rows", records="rows", pages={"next": "next"}, headers=headers)
        assert other.asked == []
