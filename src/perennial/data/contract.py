"""The contract: what each source and each example looks like, and when each cell of it is known."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from perennial.data.fetching import SNAPSHOTS, Fetch, parse_fetch
from perennial.refusal import Refusal

DTYPES = ("numeric", "category", "boolean", "datetime", "text", "id")
ROLES = ("key", "time", "group", "input", "target", "weight", "label_time", "outcome", "ignored")
STATIC = "static"

_COLUMN_KEYS = {
    *("dtype", "role", "nullable", "range", "allowed", "unit", "known_at", "missing_known_at"),
    *("pii", "sensitive", "group", "description", "sql", "input", "encode"),
}
_SOURCE_KEYS = {
    *("path", "key", "time", "freshness_days", "rows", "max_bad_share", "missing", "columns", "derived"),
    "fetch",
}


@dataclass(frozen=True)
class Column:
    """One column: its dtype, its rules, and the DuckDB expression of the instant at which a cell is known.

    `low` and `high` are inclusive and each may be None; for a datetime they are seconds since 1970 in UTC. `input`
    says of the decision's time that the model sees it too, `encode` which added transformer makes numbers of it.
    """

    name: str
    dtype: str
    role: str = ""
    nullable: bool = True
    low: float | None = None
    high: float | None = None
    allowed: tuple[str, ...] = ()
    unit: str = ""
    known_at: str = ""
    missing_known_at: str | None = None
    pii: bool = False
    sensitive: bool = False
    group: str = ""
    description: str = ""
    sql: str = ""
    input: bool = False
    encode: str = ""


@dataclass(frozen=True)
class Source:
    """One source: where it lies, its table rules, its columns as in the file, and the columns derived from them."""

    name: str
    path: str
    key: tuple[str, ...]
    time: str | None
    freshness_days: float | None
    rows: tuple[int, int] | None
    max_bad_share: float
    missing: tuple[str, ...]
    columns: tuple[Column, ...]
    derived: tuple[Column, ...]
    fetch: Fetch | None = None


@dataclass(frozen=True)
class Contract:
    """Every source by name, and the columns that examples.sql yields, in order."""

    sources: dict[str, Source]
    examples: tuple[Column, ...]


def _refuse_unknown_keys(keys: Iterable[str], known: set[str], place: str) -> None:
    for key in keys:
        if key not in known:
            near = difflib.get_close_matches(str(key), sorted(known), n=1, cutoff=0.0)
            raise Refusal(f"data/contract.yaml: {place} has the unknown key `{key}`; the nearest is `{near[0]}`.")


def _bound(value: Any, dtype: str, place: str) -> float | None:
    """Return a bound as a number; that of a datetime, a date or instant in ISO 8601, in seconds since 1970."""
    if value is None:
        return None
    if dtype == "numeric" and isinstance(value, int | float) and not isinstance(value, bool):
        return value
    try:
        instant = datetime.fromisoformat(str(value)) if dtype == "datetime" else None
    except ValueError:
        instant = None
    if instant is None:
        raise Refusal(f"data/contract.yaml: the range of {place}, {dtype}, has the bound {value!r}: correct it.")
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()


def _bounds(spec: dict[str, Any], place: str) -> tuple[float | None, float | None]:
    bounds = spec.get("range")
    if bounds is None:
        return None, None
    if not isinstance(bounds, list) or len(bounds) != 2:
        raise Refusal(f"data/contract.yaml: the range of {place} is {bounds!r}: give [low, high].")
    low, high = (_bound(value, spec["dtype"], place) for value in bounds)
    if low is not None and high is not None and low > high:
        raise Refusal(f"data/contract.yaml: the range of {place} is {bounds!r}, high before low: turn it round.")
    return low, high


def _texts(values: Any, place: str) -> tuple[str, ...]:
    """Return values as text; YAML reads a bare no, yes, on, off or null as something else, so these are refused."""
    if not isinstance(values, list):
        raise Refusal(f"data/contract.yaml: {place} is {values!r}: give a list.")
    for value in values:
        if value is None or isinstance(value, bool):
            raise Refusal(f"data/contract.yaml: {place} holds {value!r}, not text: put the word in quotes.")
    return tuple(map(str, values))


def _parse_column(name: str, spec: Any, place: str, example: bool) -> Column:
    place = f"{place}.{name}"
    if not isinstance(spec, dict):
        raise Refusal(f"data/contract.yaml: {place} is {spec!r}: give at least {{dtype: …}}.")
    _refuse_unknown_keys(spec, _COLUMN_KEYS, place)
    if spec.get("dtype") not in DTYPES:
        raise Refusal(
            f"data/contract.yaml: the dtype of {place} is {spec.get('dtype')!r}: use one of {', '.join(DTYPES)}."
        )
    if example and spec.get("role") not in ROLES:
        raise Refusal(
            f"data/contract.yaml: the role of {place} is {spec.get('role')!r}: use one of {', '.join(ROLES)}."
        )
    if spec.get("input") and spec.get("role") != "time":
        raise Refusal(f"data/contract.yaml: {place} has `input` without the role time: say `role: input` instead.")
    if spec.get("encode") and not (example and (spec["role"] == "input" or spec.get("input"))):
        raise Refusal(f"data/contract.yaml: {place} has `encode` and is no input of the model: take it away.")
    if not example and not spec.get("known_at"):
        raise Refusal(
            f"data/contract.yaml: {place} does not say when it is known: add known_at (an expression or static)."
        )
    if spec.get("missing_known_at") and spec["dtype"] not in ("category", "text", "id"):
        raise Refusal(f"data/contract.yaml: {place} is {spec['dtype']}: missing_known_at is for category, text and id.")
    low, high = _bounds(spec, place)
    plain = {key: spec[key] for key in spec if key not in ("range", "allowed")}
    allowed = _texts(spec.get("allowed") or [], f"allowed of {place}")
    return Column(name=name, low=low, high=high, allowed=allowed, **plain)


def _parse_columns(document: dict[str, Any], place: str, example: bool = False) -> tuple[Column, ...]:
    return tuple(_parse_column(str(name), spec, place, example) for name, spec in document.items())


def _refuse_early_demand(columns: Iterable[Column], key: Iterable[str], place: str) -> None:
    known_with_row = {STATIC, *(column.known_at for column in columns if column.name in key)}
    for column in columns:
        if not column.nullable and column.known_at not in known_with_row:
            raise Refusal(
                f"data/contract.yaml: {place}.{column.name} is not nullable but known at {column.known_at}, not with "
                "the key of its row: until then it is missing, so make it nullable."
            )


def _parse_source(name: str, spec: dict[str, Any]) -> Source:
    place = f"sources.{name}"
    _refuse_unknown_keys(spec, _SOURCE_KEYS, place)
    for needed in ("path", "key", "columns"):
        if not spec.get(needed):
            raise Refusal(f"data/contract.yaml: {place} has no `{needed}`: add it.")
    columns, derived = _parse_columns(spec["columns"], place), _parse_columns(spec.get("derived") or {}, place)
    known = {column.name for column in (*columns, *derived)}
    for column in (*spec["key"], *([spec["time"]] if spec.get("time") else [])):
        if column not in known:
            raise Refusal(f"data/contract.yaml: {place} names `{column}` as key or time but has no such column.")
    _refuse_early_demand((*columns, *derived), spec["key"], place)
    rows = spec.get("rows")
    return Source(
        name=name,
        path=spec["path"],
        key=tuple(spec["key"]),
        time=spec.get("time"),
        freshness_days=spec.get("freshness_days"),
        rows=(rows[0], rows[1]) if rows else None,
        max_bad_share=float(spec.get("max_bad_share", 0.0)),
        missing=_texts(spec.get("missing", [""]), f"missing of {place}"),
        columns=columns,
        derived=derived,
        fetch=_parse_fetch(name, spec, columns),
    )


def _parse_fetch(name: str, spec: dict[str, Any], columns: Iterable[Column]) -> Fetch | None:
    if spec.get("fetch") is None:
        return None
    if spec["path"] != f"{SNAPSHOTS}/{name}":
        raise Refusal(
            f"data/contract.yaml: sources.{name} is fetched into {SNAPSHOTS}/{name}, but its path is {spec['path']}: "
            "write that."
        )
    return parse_fetch(spec["fetch"], f"sources.{name}.fetch", [column.name for column in columns])


def parse_contract(document: Any) -> Contract:
    """Return the contract written in a YAML document; raises Refusal at the first thing that is wrong in it."""
    if not isinstance(document, dict) or not document.get("sources"):
        raise Refusal("data/contract.yaml has no `sources`: declare at least one.")
    _refuse_unknown_keys(document, {"sources", "examples"}, "the top level")
    sources = {str(name): _parse_source(str(name), spec) for name, spec in document["sources"].items()}
    return Contract(sources, _parse_columns(document.get("examples") or {}, "examples", example=True))


def inputs_of(contract: Contract) -> tuple[Column, ...]:
    """Return the columns that the model may see: the role `input`, and a time that says `input: true`, in order."""
    return tuple(column for column in contract.examples if column.role == "input" or column.input)


def features_of(contract: Contract) -> tuple[Column, ...]:
    """Return the inputs without the decision's time, by which copies of a row differ: the role `input`, in order."""
    return tuple(column for column in contract.examples if column.role == "input")


def column_of_role(contract: Contract, role: str) -> str | None:
    """Return the name of the first example column with a role, or None."""
    return next((column.name for column in contract.examples if column.role == role), None)


def order_sources(contract: Contract) -> list[Source]:
    """Return the sources so that wholly static ones, which others may look up, come first."""
    return sorted(contract.sources.values(), key=lambda source: not is_static(source))


def is_static(source: Source) -> bool:
    """Tell whether every cell of a source is known at all times."""
    return all(column.known_at == STATIC for column in (*source.columns, *source.derived))
