import json

import duckdb
import pytest

from perennial.data.query import refuse_beyond_row, refuse_escape
from perennial.refusal import Refusal

SOURCES = ("visits", "places")
UNSTABLE = ("random", "now", "today")


def check(query: str, columns: tuple[str, ...] = ()) -> None:
    parsed = duckdb.execute("SELECT json_serialize_sql(?)", [query]).fetchone()
    assert parsed
    refuse_escape(json.loads(parsed[0])["statements"], SOURCES, UNSTABLE, columns)


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
        ('WITH "known.visits" AS (SELECT 1) SELECT * FROM known.visits', r"reads 'known\.visits'"),
        ("WITH \"data/a.parquet\" AS (SELECT 1) SELECT * FROM 'data/a.parquet'", r"reads 'data/a\.parquet'"),
        ("SELECT * FROM visits TABLESAMPLE 50%", "takes a sample"),
        ("SELECT * FROM visits USING SAMPLE 10", "takes a sample"),
        ("SELECT * FROM (DESCRIBE visits)", "describes the database"),
        ("SELECT 'today'::DATE FROM visits", "uses 'today'"),
        ("SELECT age(start) FROM visits", "uses age"),
    ],
)
def test_anything_else_is_refused_by_name(query: str, sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        check(query)


def test_a_column_may_be_called_like_a_clock() -> None:
    check("SELECT age, getenv, visits.now FROM visits")
    check('SELECT "current_date" FROM visits', columns=("Current_Date",))


def check_row(expression: str) -> None:
    parsed = duckdb.execute("SELECT json_serialize_sql(?)", [f"SELECT {expression}"]).fetchone()
    assert parsed
    refuse_beyond_row(json.loads(parsed[0])["statements"], ("places",), UNSTABLE, "visits.x")


@pytest.mark.parametrize(
    "expression",
    [
        "start + INTERVAL 1 HOUR",
        "coalesce((SELECT any_value(zone) FROM places WHERE place = p), 'UTC')",
        "CASE WHEN a THEN b END",
    ],
)
def test_an_expression_of_the_contract_may_use_its_row_and_static_sources(expression: str) -> None:
    check_row(expression)


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("max(delay) OVER (PARTITION BY origin)", "looks at other rows through a window"),
        ("(SELECT max(delay) FROM visits)", "reads 'visits'"),
        ("(SELECT content FROM read_text('/etc/hostname'))", r"reads read_text\(…\)"),
        ("now()", "uses now"),
        ("start + random() * INTERVAL 1 DAY", "uses random"),
    ],
)
def test_an_expression_that_looks_further_is_refused(expression: str, sentence: str) -> None:
    with pytest.raises(Refusal, match=rf"the expression of visits\.x {sentence}"):
        check_row(expression)
