import json

import duckdb
import pytest

from perennial.data.query import refuse_escape
from perennial.refusal import Refusal

SOURCES = ("visits", "places")
UNSTABLE = ("random", "now", "today")


def check(query: str) -> None:
    parsed = duckdb.execute("SELECT json_serialize_sql(?)", [query]).fetchone()
    assert parsed
    refuse_escape(json.loads(parsed[0])["statements"], SOURCES, UNSTABLE)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM visits JOIN Places USING (place)",
        "WITH late AS (SELECT * FROM visits) SELECT * FROM late WHERE id IN (SELECT id FROM LATE)",
        "SELECT * FROM visits, range(5), unnest([1, 2]) AS u",
        "SELECT *, getvariable('as_of') AS clock FROM (SELECT * FROM visits)",
        "SELECT (WITH p AS (SELECT 1 AS n) SELECT n FROM p) FROM visits",
    ],
)
def test_sources_and_the_query_s_own_parts_may_be_read(query: str) -> None:
    check(query)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("SELECT * FROM known.visits", r"reads 'known\.visits', which is no source"),
        ("SELECT * FROM visits, 'data/raw/visits/all.parquet'", r"reads 'data/raw/visits/all\.parquet'"),
        ("SELECT * FROM read_parquet('data/examples.parquet')", r"reads read_parquet\(…\)"),
        ("SELECT (SELECT max(n) FROM glob('*')) FROM visits", r"reads glob\(…\)"),
        ("WITH a AS (SELECT * FROM elsewhere) SELECT * FROM a", "reads 'elsewhere'"),
        ("SELECT random() FROM visits", "uses random, whose value changes"),
        ("SELECT * FROM visits WHERE start < Now()", "uses now, whose value changes"),
        ("SELECT current_timestamp FROM visits", "uses current_timestamp"),
        ("SELECT 1; SELECT 2", "holds 2 statements"),
    ],
)
def test_anything_else_is_refused_by_name(query: str, sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        check(query)
