"""The rows in a JSON document: where they lie, and as text cells."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from perennial.io.cells import frame_of_rows
from perennial.refusal import Refusal

NEXT = ("next", "links.next", "_links.next.href", "paging.next", "pagination.next", "@odata.nextLink")


def parse_json(data: bytes, place: str) -> Any:
    """Return a JSON document, its numbers as they are written; raises Refusal when it is none."""
    try:
        return json.loads(data, parse_float=str, parse_int=str)
    except (ValueError, RecursionError) as error:
        raise Refusal(f"{place} does not give JSON ({' '.join(str(error).split())[:120]}).") from None


def pick(body: Any, path: str) -> Any:
    """Return what lies at a dotted path of a document, None where nothing does; a key may have dots itself."""
    if isinstance(body, dict) and path in body:
        return body[path]
    for word in filter(None, path.split(".")):
        body = body.get(word) if isinstance(body, dict) else None
    return body


def dig(body: Any, path: str, place: str) -> list[Any]:
    """Return the list of rows at a dotted path of a document, "" for the document; Refusal when there is none."""
    found = pick(body, path)
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        has = f"; it has {', '.join(map(str, list(body)[:8]))}" if isinstance(body, dict) else ""
        raise Refusal(f"{place} has no list of rows at {path!r}: correct `records` (--records){has}.")
    return found


def find_records(body: Any, path: str = "") -> str | None:
    """Return the dotted path of the longest list of rows in a document, None where there is none."""
    found: list[tuple[int, str]] = []

    def look(node: Any, path: str, depth: int) -> None:
        if isinstance(node, list) and node and all(isinstance(row, dict) for row in node):
            found.append((len(node), path))
        elif isinstance(node, dict) and depth < 4:
            for name, each in node.items():
                look(each, f"{path}.{name}" if path else str(name), depth + 1)

    look(body, path, 0)
    return max(found, key=lambda each: each[0])[1] if found else None


def find_next(body: Any) -> str | None:
    """Return the dotted path of the address of the next page, None where no customary one is."""
    for path in NEXT:
        if str(pick(body, path)).startswith(("http://", "https://", "/", "?")):
            return path
    return None


def _flatten(row: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict) and value:
            flat |= _flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def frame_of_records(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return rows as text cells, those of objects inside of them as `outer.inner`; columns in order of appearance."""
    flat = [_flatten(row) for row in rows]
    names = list(dict.fromkeys(name for row in flat for name in row))
    return frame_of_rows(names, ([row.get(name) for name in names] for row in flat))
