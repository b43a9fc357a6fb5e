"""What the project's own SQL may name: sources and its own subqueries, and nothing that changes by itself."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from perennial.refusal import Refusal

PATH = "data/examples.sql"
ROW_MAKERS = {"generate_series", "range", "unnest"}
# Functions that are called without brackets, so that they look like columns.
BARE_CLOCKS = {
    *("current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"),
    *("current_localtime", "current_localtimestamp"),
}
CLOCKS = {*BARE_CLOCKS, "age", "getenv", "pg_postmaster_start_time"}
CLOCK_WORDS = {"now", "today", "tomorrow", "yesterday"}
_NAME = re.compile(r"[a-z_]\w*")


def _walk(node: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    for child in node if isinstance(node, list) else ():
        yield from _walk(child)


def _subqueries(nodes: Collection[Mapping[str, Any]]) -> set[str]:
    maps = [node["cte_map"]["map"] for node in nodes if "cte_map" in node]
    names = {str(entry["key"]).lower() for entries in maps for entry in entries}
    # A file or a qualified table could hide behind a subquery that is named like it.
    return {name for name in names if _NAME.fullmatch(name)}


def _foreign(node: Mapping[str, Any], tables: set[str]) -> str | None:
    if node.get("type") == "BASE_TABLE":
        name = ".".join(filter(None, (node["catalog_name"], node["schema_name"], node["table_name"])))
        plain = not (node["catalog_name"] or node["schema_name"])
        return None if plain and name.lower() in tables else f"reads {name!r}, which is no source of the contract"
    if node.get("type") == "TABLE_FUNCTION":
        name = str(node["function"]["function_name"]).lower()
        return None if name in ROW_MAKERS else f"reads {name}(…), which is no source of the contract"
    return "describes the database instead of reading a source" if node.get("type") == "SHOW_REF" else None


def _changing(node: Mapping[str, Any], unstable: Collection[str], columns: Collection[str]) -> str | None:
    if node.get("sample"):
        return "takes a sample, which differs from run to run"
    name = str(node.get("function_name", "")).lower()
    changing = name in unstable or name in CLOCKS
    if node.get("type") == "COLUMN_REF" and len(node["column_names"]) == 1:
        name = str(node["column_names"][0]).lower()
        changing = name in BARE_CLOCKS and name not in columns
    if node.get("type") == "OPERATOR_CAST" and (words := _constant(node.get("child"))) in CLOCK_WORDS:
        name, changing = repr(words), True
    return f"uses {name}, whose value changes from run to run" if changing else None


def _constant(node: Any) -> str | None:
    literal = node.get("literal") if isinstance(node, dict) else None
    return str(literal.get("text")).lower() if isinstance(literal, dict) else None


def refuse_escape(
    statements: Collection[Any], sources: Collection[str], unstable: Collection[str], columns: Collection[str] = ()
) -> None:
    """Raise Refusal unless a parsed query is one SELECT over the sources, of functions that always say the same.

    What it reads elsewhere would not be masked when time is replayed. `statements` is DuckDB's JSON of the query,
    `unstable` are the names of the functions that it calls volatile, `columns` those of the sources' columns.
    """
    if len(statements) != 1:
        raise Refusal(f"{PATH} holds {len(statements)} statements: write one SELECT.")
    nodes = list(_walk(list(statements)))
    tables, own = {name.lower() for name in sources} | _subqueries(nodes), {name.lower() for name in columns}
    for node in nodes:
        if fault := _foreign(node, tables) or _changing(node, unstable, own):
            raise Refusal(f"{PATH} {fault}: use the sources, and getvariable('as_of') for the clock.")


def refuse_beyond_row(
    statements: Collection[Any],
    static: Collection[str],
    unstable: Collection[str],
    place: str,
    columns: Collection[str] = (),
) -> None:
    """Raise Refusal unless a parsed expression of the contract looks at its own row and at static sources alone.

    Nothing replays the contract's expressions, so one that looks at other rows could see the future unnoticed.
    """
    nodes = list(_walk(list(statements)))
    tables, own = {name.lower() for name in static} | _subqueries(nodes), {name.lower() for name in columns}
    for node in nodes:
        fault = _foreign(node, tables) or _changing(node, unstable, own)
        if str(node.get("type", "")).startswith("WINDOW"):
            fault = "looks at other rows through a window"
        if fault:
            raise Refusal(
                f"data/contract.yaml: the expression of {place} {fault}: it may use its own row and static sources; "
                "what looks further belongs into data/examples.sql."
            )
