"""Values of databases, workbooks and JSON as text cells."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID

import pandas as pd

from perennial.refusal import Refusal

PIECE = 50_000


def write_cell(value: Any) -> str:
    """Return one value as text, a missing one as the empty text; raises Refusal for bytes."""
    if value is None or value is pd.NaT or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int | float | datetime | date | time | timedelta | UUID):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        raise Refusal("bytes are no cells of a table: leave that column out of the query, or cast it to text.")
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def frames_of_rows(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[pd.DataFrame]:
    """Yield rows as frames of text cells, piece by piece; raises Refusal when two columns have one name."""
    twice = sorted({name for name in names if list(names).count(name) > 1})
    if twice:
        raise Refusal(f"there are two columns {twice[0]!r}: rename one of them.")
    waiting = iter(rows)
    # Python's objects are many times as large as the cells in the frame.
    while piece := list(islice(waiting, PIECE)):
        columns = zip(*piece, strict=True)
        cells = [pd.Series([write_cell(value) for value in column], dtype="str") for column in columns]
        yield pd.DataFrame(dict(zip(names, cells, strict=True)))


def frame_of_rows(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> pd.DataFrame:
    """Return rows as a frame of text cells; raises Refusal when two columns have one name."""
    frames = list(frames_of_rows(names, rows))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(names), dtype="str")
