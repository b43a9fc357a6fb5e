"""What examples.sql may name: the sources of the contract, its own subqueries, and nothing that changes by itself."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from perennial.refusal import Refusal

PATH = "data/examples.sql"
ROW_MAKERS = {"generate_series", "range", "unnest"}
CLOCKS = {"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"}


def _walk(node: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    for child in node if isinstance(node, list) else ():
        yield from _walk(child)


def _subqueries(nodes: Collection[Mapping[str, Any]]) -> set[str]:
    maps = [node["cte_map"]["map"] for node in nodes if "cte_map" in node]
    return {str(entry["key"]).lower() for entries in maps for entry in entries}


def _find_fault(node: Mapping[str, Any], tables: set[str], unstable: Collection[str]) -> str | None:
    kind = node.get("type")
    if kind == "BASE_TABLE":
        name = ".".join(filter(None, (node["catalog_name"], node["schema_name"], node["table_name"])))
        return None if name.lower() in tables else f"reads {name!r}, which is no source of the contract"
    if kind == "TABLE_FUNCTION":
        name = str(node["function"]["function_name"]).lower()
        return None if name in ROW_MAKERS else f"reads {name}(…), which is no source of the contract"
    name = str(node.get("function_name", "")).lower()
    if kind == "COLUMN_REF" and len(node["column_names"]) == 1 and node["column_names"][0].lower() in CLOCKS:
        name = str(node["column_names"][0])
    return f"uses {name}, whose value changes from run to run" if name in unstable or name in CLOCKS else None


def refuse_escape(statements: Collection[Any], sources: Collection[str], unstable: Collection[str]) -> None:
    """Raise Refusal unless a parsed query is one SELECT over the sources, of functions that always say the same.

    What it reads elsewhere would not be masked when time is replayed. `statements` is DuckDB's JSON of the query,
    `unstable` are the names of the functions that it calls volatile.
    """
    if len(statements) != 1:
        raise Refusal(f"{PATH} holds {len(statements)} statements: write one SELECT.")
    nodes = list(_walk(list(statements)))
    tables = {name.lower() for name in sources} | _subqueries(nodes)
    for node in nodes:
        if fault := _find_fault(node, tables, unstable):
            raise Refusal(f"{PATH} {fault}: use the sources, and getvariable('as_of') for the clock.")
