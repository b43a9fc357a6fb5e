from typing import Any

import pytest

from perennial.data.contract import parse_contract
from perennial.data.fetching import Fetch, describe_fetch, parse_fetch
from perennial.refusal import Refusal

NAMES = ("id", "at")
URL = "https://${HOST}/rows"


def parse(**spec: Any) -> Fetch:
    return parse_fetch(spec, "sources.s.fetch", NAMES)


def test_what_is_declared_is_what_is_written_again() -> None:
    spec = {"url": URL, "records": "", "pages": {"parameter": "page"}, "watermark": "at", "months": "at"}
    assert describe_fetch(parse(**spec)) == spec
    assert describe_fetch(parse(url=URL, query=None)) == {"url": URL}


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({}, "has no `url`"),
        ({"url": 3}, "has no `url`"),
        ({"url": URL, "quary": "x"}, "unknown key `quary`; the nearest is `query`"),
        ({"url": URL, "headers": "x"}, "headers is 'x': give a mapping"),
        ({"url": URL, "query": ["x"]}, r"query is \['x'\]: give text"),
        ({"url": URL, "overlap_days": "x"}, "give a number"),
        ({"url": URL, "pages": {"page": 1}}, "unknown key `page`"),
        ({"url": URL, "watermark": "when"}, "names `when` as watermark, but the source has no such column"),
        ({"url": URL, "watermark": "at", "numbered": "id"}, "rows are only numbered: name a key"),
        ({"url": URL, "formats": {"when": "%d"}}, "unknown key `when`"),
    ],
)
def test_what_is_wrong_is_said(spec: dict[str, Any], said: str) -> None:
    with pytest.raises(Refusal, match=said):
        parse(**spec)


@pytest.mark.parametrize(
    "spec",
    [
        {"url": "postgresql://me:s3cr3t@host/db"},
        {"url": "postgresql://${ME}:s3cr3t@host/db"},
        {"url": "https://host/rows?api_key=s3cr3t"},
        {"url": URL, "parameters": {"access_token": "s3cr3t"}},
        {"url": URL, "headers": {"Authorization": "Bearer s3cr3t"}},
        {"url": URL, "headers": {"X-Api-Key": "s3cr3t"}},
    ],
)
def test_a_credential_that_is_written_out_is_refused_and_not_repeated(spec: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match=r"is written out: put it into the environment and write \$\{NAME\}") as refused:
        parse(**spec)
    assert "s3cr3t" not in str(refused.value)


def test_names_of_the_environment_are_no_credentials() -> None:
    parse(url="postgresql://${ME}:${PASSWORD}@host/db?token=${T}", headers={"Authorization": "Bearer ${T}"})
    parse(url=URL, parameters={"page_size": 100, "from": ":since"})


def test_a_fetched_source_lies_where_fetch_writes() -> None:
    columns = {"id": {"dtype": "id", "known_at": "static"}}
    source = {"path": "data/source/s", "key": ["id"], "columns": columns, "fetch": {"url": URL}}
    assert parse_contract({"sources": {"s": source}}).sources["s"].fetch == Fetch(URL)
    with pytest.raises(Refusal, match=r"is fetched into data/source/s, but its path is s\.csv"):
        parse_contract({"sources": {"s": source | {"path": "s.csv"}}})
