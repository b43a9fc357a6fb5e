import duckdb
import pytest

from perennial.data.contract import Column, Source
from perennial.data.typed import derived_sql, typed_sql

COLUMNS = (Column("n", "numeric"), Column("b", "boolean"), Column("t", "datetime"), Column("i", "id"))
DERIVED = (
    Column("later", "datetime", sql="t + INTERVAL 1 HOUR"),
    Column("latest", "datetime", sql="later + INTERVAL 1 HOUR"),
)
SOURCE = Source("s", "s.csv", ("i",), None, None, None, 0.0, ("", "NA"), COLUMNS, DERIVED)


def typed(n: str, b: str = "", t: str = "", i: str = "x") -> tuple[object, ...]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("CREATE TABLE text AS SELECT ? AS n, ? AS b, ? AS t, ? AS i", [n, b, t, i])
        return connection.execute(typed_sql(SOURCE, "text")).fetchall()[0]


@pytest.mark.parametrize(
    ("text", "number", "unparsed"),
    [
        ("1", 1.0, None),
        ("-2.5e3", -2500.0, None),
        ("", None, None),
        ("NA", None, None),
        ("1,234", None, '{"n":"1,234"}'),
        ("inf", None, '{"n":"inf"}'),
        ("nan", None, '{"n":"nan"}'),
        ("9007199254740993", None, '{"n":"9007199254740993"}'),
        ("9007199254740991", 9007199254740991.0, None),
        ("6.02e23", 6.02e23, None),
        ("1_000", None, '{"n":"1_000"}'),
        ('5"', None, '{"n":"5\\""}'),
        ("NULL", None, '{"n":"NULL"}'),
    ],
)
def test_numbers_parse_or_are_kept_beside(text: str, number: float | None, unparsed: str | None) -> None:
    row = typed(text)
    assert (row[0], row[4]) == (number, unparsed)


@pytest.mark.parametrize(("text", "value"), [("true", True), ("0", False), ("FALSE", False), ("yes", None)])
def test_booleans(text: str, value: bool | None) -> None:
    assert typed("1", b=text)[1] is value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2013-01-01T10:00:00Z", "2013-01-01 10:00:00"),
        ("2013-01-01 10:00:00+02", "2013-01-01 08:00:00"),
        ("2013-01-01", "2013-01-01 00:00:00"),
        ("01/02/2026", "None"),
        ("1356998400000", "None"),
    ],
)
def test_instants_are_iso_and_become_utc(text: str, value: str) -> None:
    row = typed("1", t=text)
    assert str(row[2]) == value
    assert (row[4] is None) == (value != "None")


def test_every_cell_that_did_not_parse_is_kept() -> None:
    assert typed("x", b="y", t="z")[4] == '{"n":"x","b":"y","t":"z"}'


def test_a_source_of_text_alone_has_nothing_to_parse() -> None:
    source = Source("s", "s.csv", ("i",), None, None, None, 0.0, ("",), (Column("i", "id"),), ())
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE text AS SELECT 'x' AS i")
        assert connection.execute(typed_sql(source, "text")).fetchall() == [("x", None)]


def test_identifiers_keep_their_zeros() -> None:
    assert typed("1", i="007")[3] == "007"


def test_derived_columns_may_use_those_before_them() -> None:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE typed AS SELECT TIMESTAMP '2013-01-01' AS t")
        row = connection.execute(derived_sql(SOURCE, "typed")).fetchall()[0]
    assert [str(value)[11:16] for value in row] == ["00:00", "01:00", "02:00"]
