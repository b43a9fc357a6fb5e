"""Text cells to typed cells, as DuckDB SQL: what does not parse is kept beside, never guessed."""

from perennial.data.contract import Column, Source
from perennial.data.point_in_time import quote

UNPARSED = "_unparsed"
# From here on a double no longer holds every whole number.
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
        return f"CASE WHEN isfinite({number}) AND abs({number}) < {EXACT} THEN {number} END"
    if column.dtype == "datetime":
        # Only ISO 8601; a date written otherwise is ambiguous and does not parse.
        iso = f"regexp_matches({text}, '^\\d{{4}}-\\d\\d-\\d\\d([ T].*)?$')"
        return f"CASE WHEN {iso} THEN CAST(TRY_CAST({text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' AS TIMESTAMP) END"
    if column.dtype == "boolean":
        return f"CASE lower({text}) WHEN 'true' THEN true WHEN '1' THEN true WHEN 'false' THEN false WHEN '0' THEN false END"
    return text


def typed_sql(source: Source, relation: str) -> str:
    """Return the query that types a relation of text cells by the contract.

    Yields the source's columns, and `_unparsed`: a JSON object of the cells that did not parse, or NULL.
    """
    texts = {column.name: _present(column, source.missing) for column in source.columns}
    cells = [f"{_parsed(column, texts[column.name])} AS {quote(column.name)}" for column in source.columns]
    failed = [
        f"CASE WHEN ({texts[c.name]}) IS NOT NULL AND ({_parsed(c, texts[c.name])}) IS NULL "
        f"THEN json_object({_text(c.name)}, {quote(c.name)}) END"
        for c in source.columns
        if c.dtype in _SQL_TYPES
    ]
    unparsed = f"nullif(CAST(json_merge_patch('{{}}', {', '.join(f'coalesce({f}, json_object())' for f in failed)}) AS VARCHAR), '{{}}')"
    return f"SELECT {', '.join(cells)}, {unparsed if failed else 'CAST(NULL AS VARCHAR)'} AS {UNPARSED} FROM {relation}"


def derived_sql(source: Source, relation: str) -> str:
    """Return the query that adds the source's derived columns, each of which may use those before it."""
    for column in source.derived:
        value = f"CAST({column.sql} AS {sql_type(column.dtype)})"
        relation = f"(SELECT *, {value} AS {quote(column.name)} FROM {relation})"
    return f"SELECT * FROM {relation}"
