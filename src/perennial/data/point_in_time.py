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


def undatable_sql(source: Source, broken: str) -> str:
    """Return the condition that no instant says when a row is known although it is broken.

    Such a row would vanish at every cut, with what is wrong in it. `broken` is a SQL condition of its own, beside a
    required cell that is missing; a sound row without an instant is merely not known yet.
    """
    columns = (*source.columns, *source.derived)
    if any(column.known_at == STATIC for column in columns):
        return "false"
    dated = " OR ".join(sorted({f"({column.known_at}) IS NOT NULL" for column in columns}))
    missing = [f"{quote(column.name)} IS NULL" for column in columns if not column.nullable]
    return f"NOT ({dated}) AND ({' OR '.join([broken, *missing])})"


def _masked(column: Column, source: Source, known: str, cut: str, stand_in: bool) -> str:
    name = quote(column.name)
    value = name
    if stand_in and column.missing_known_at:
        gap = f"{name} IS NULL AND coalesce(({column.missing_known_at}) > {cut}, true)"
        value = f"CASE WHEN {gap} THEN {_stand_in(column, source)} ELSE {name} END"
    return name if column.known_at == STATIC else f"CASE WHEN {known} THEN {value} END AS {name}"


def mask_sql(
    source: Source, cut: str, relation: str, extra: tuple[str, ...] = (), stand_in: bool = True, keep: str = "false"
) -> str:
    """Return the query that yields `relation` as it was known at `cut`.

    `cut` is a SQL expression of type TIMESTAMP (UTC); cells not known then are NULL, and rows of which nothing was
    known vanish. With `stand_in`, a gap that was not yet known to be one holds a value of its own, so that
    missing-ness cannot tell the future. `extra` names columns passed through unmasked; `keep` is the condition of
    rows passed through whole.
    """
    columns = (*source.columns, *source.derived)
    known = {column.name: _known(column, cut) for column in columns}
    if keep != "false":
        known = {name: f"({each} OR {keep})" for name, each in known.items()}
    cells = [_masked(column, source, known[column.name], cut, stand_in) for column in columns]
    always = any(column.known_at == STATIC for column in columns)
    where = "" if always else f" WHERE {' OR '.join(sorted(set(known.values())))}"
    return f"SELECT {', '.join([*cells, *map(quote, extra)])} FROM {relation}{where}"
