"""What was known at a cut: the masking that ingest and the point-in-time audit share, as DuckDB SQL."""

from perennial.data.contract import STATIC, Column, Source


def quote(name: str) -> str:
    """Return a name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _known(column: Column, cut: str) -> str:
    return "true" if column.known_at == STATIC else f"coalesce(({column.known_at}) <= {cut}, false)"


def _stand_in(column: Column, source: Source) -> str:
    parts = ", ".join(f"CAST({quote(name)} AS VARCHAR)" for name in source.key)
    return f"concat_ws('~', 'unknown {column.name}', {parts})"


def _masked(column: Column, source: Source, cut: str, stand_in: bool) -> str:
    name = quote(column.name)
    value = name
    if stand_in and column.missing_known_at:
        gap = f"{name} IS NULL AND coalesce(({column.missing_known_at}) > {cut}, true)"
        value = f"CASE WHEN {gap} THEN {_stand_in(column, source)} ELSE {name} END"
    return name if column.known_at == STATIC else f"CASE WHEN {_known(column, cut)} THEN {value} END AS {name}"


def mask_sql(source: Source, cut: str, relation: str, extra: tuple[str, ...] = (), stand_in: bool = True) -> str:
    """Return the query that yields `relation` as it was known at `cut`.

    `cut` is a SQL expression of type TIMESTAMP (UTC); cells not known then are NULL, and rows of which nothing was
    known vanish. With `stand_in`, a gap that was not yet known to be one holds a value of its own, so that
    missing-ness cannot tell the future. `extra` names columns passed through unmasked.
    """
    columns = (*source.columns, *source.derived)
    cells = [_masked(column, source, cut, stand_in) for column in columns] + [quote(name) for name in extra]
    known = sorted({_known(column, cut) for column in columns})
    where = "" if "true" in known else f" WHERE {' OR '.join(known)}"
    return f"SELECT {', '.join(cells)} FROM {relation}{where}"
