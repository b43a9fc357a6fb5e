"""Text cells to typed cells, as DuckDB SQL: what does not parse is kept beside, never guessed."""

from perennial.data.contract import Column, Source
from perennial.data.point_in_time import quote

UNPARSED = "_unparsed"
# From here on a double no longer holds every whole number written out; 1e300 claims no such digits.
EXACT = 9007199254740992

_SQL_TYPES = {"numeric": "DOUBLE", "boolean": "BOOLEAN", "datetime": "TIMESTAMP"}


def sql_type(dtype: str) -> str:
    """Return the DuckDB type that holds a contract dtype."""
    return _SQL_TYPES.get(dtype, "VARCHAR")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _present(column: Column, missing: tuple[str, ...]) -> str:
    marks = ", ".join(map(_text, missing))
    name = quote(column.name)
    return f"CASE WHEN {name} NOT IN ({marks}) THEN {name} END" if marks else name


def _parsed(column: Column, text: str) -> str:
    if column.dtype == "numeric":
        number = f"TRY_CAST({text} AS DOUBLE)"
        exact = f"(abs({number}) < {EXACT} OR contains(lower({text}), 'e'))"
        return f"CASE WHEN isfinite({number}) AND NOT contains({text}, '_') AND {exact} THEN {number} END"
    if column.dtype == "datetime":
        # Only ISO 8601; a date written otherwise is ambiguous and does not parse.
        iso = f"regexp_matches({text}, '^\\d{{4}}-\\d\\d-\\d\\d([ T].*)?$')"
        return f"CASE WHEN {iso} THEN CAST(TRY_CAST({text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' AS TIMESTAMP) END"
    if column.dtype == "boolean":
        words = f"lower({text})"
        return f"CASE WHEN {words} IN ('true', '1') THEN true WHEN {words} IN ('false', '0') THEN false END"
    return text


def _unparsed(column: Column, text: str) -> str:
    """Return the SQL of one member of the JSON object of cells that did not parse, NULL where it did."""
    failed = f"({text}) IS NOT NULL AND ({_parsed(column, text)}) IS NULL"
    return f"CASE WHEN {failed} THEN concat(to_json({_text(column.name)}), ':', to_json({quote(column.name)})) END"


def typed_sql(source: Source, relation: str) -> str:
    """Return the query that types a relation of text cells by the contract.

    Yields the source's columns, and `_unparsed`: a JSON object of the cells that did not parse, or NULL.
    """
    texts = {column.name: _present(column, source.missing) for column in source.columns}
    cells = [f"{_parsed(column, texts[column.name])} AS {quote(column.name)}" for column in source.columns]
    members = [_unparsed(column, texts[column.name]) for column in source.columns if column.dtype in _SQL_TYPES]
    joined = f"nullif(concat_ws(',', {', '.join(members)}), '')" if members else "CAST(NULL AS VARCHAR)"
    return f"SELECT {', '.join(cells)}, '{{' || {joined} || '}}' AS {UNPARSED} FROM {relation}"


def derived_sql(source: Source, relation: str) -> str:
    """Return the query that adds the source's derived columns, each of which may use those before it."""
    for column in source.derived:
        value = f"CAST({column.sql} AS {sql_type(column.dtype)})"
        relation = f"(SELECT *, {value} AS {quote(column.name)} FROM {relation})"
    return f"SELECT * FROM {relation}"
