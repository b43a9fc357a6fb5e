"""How a text file writes a table: its delimiter, and how it quotes."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from perennial.refusal import Refusal

DELIMITERS = (",", ";", "\t", "|")
# Looked at where none of the others divides anything, and believed where every line agrees.
SELDOM = ("^", "~", "\x01", "\x1f", "¦", "§", "#", ":", "*", "/", "!", " ")
SAMPLE_LINES = 200
_SAID = re.compile(r"\"?sep=([^\"'\w])\"?\r?\n", re.IGNORECASE)
STANDARD: dict[str, Any] = {"quotechar": '"', "doublequote": True}
_QUOTINGS: tuple[dict[str, Any], ...] = (
    STANDARD,
    {"quotechar": '"', "doublequote": False, "escapechar": "\\"},
    {"quotechar": '"', "doublequote": True, "skipinitialspace": True},
    {"quotechar": "'", "doublequote": True},
    {"quotechar": "'", "doublequote": False, "escapechar": "\\"},
)


def strip_beginning(text: str) -> tuple[str, str | None]:
    """Return a file's text from its header on, and the delimiter that a line such as `sep=;` before it names."""
    text = text.lstrip("\r\n")
    said = _SAID.match(text)
    return (text[said.end() :].lstrip("\r\n"), said[1]) if said else (text, None)


def find_delimiter(text: str) -> str:
    """Return the delimiter that divides the first lines into most columns, equally many in almost every line.

    Where no delimiter does, the file has one column and is read with commas.
    """
    sample = "\n".join(text.splitlines()[:SAMPLE_LINES])
    found = {mark: _count_columns(sample, mark) for mark in DELIMITERS}
    best = max(DELIMITERS, key=lambda mark: found[mark])
    if found[best][0] > 1:
        return best
    seldom = {mark: _count_columns(sample, mark) for mark in SELDOM if mark in sample.split("\n")[0]}
    sure = [mark for mark, (width, share) in seldom.items() if width > 1 and share == 1.0]
    return max(sure, key=lambda mark: seldom[mark]) if sure else ","


def _count_columns(sample: str, delimiter: str) -> tuple[int, float]:
    """Return how many columns the lines mostly have and the share that has them; (0, 0) when too many differ."""
    try:
        widths = [len(row) for row in csv.reader(sample.splitlines(), delimiter=delimiter) if row]
    except csv.Error:
        return 0, 0.0
    if not widths:
        return 0, 0.0
    width, lines = Counter(widths).most_common(1)[0]
    share = lines / len(widths)
    return (width, share) if share >= 0.9 and widths[0] == width else (0, 0.0)


def find_quoting(text: str, delimiter: str) -> dict[str, Any]:
    """Return how cells are quoted, as the options of a reader: the customary way unless another fits more lines."""
    sample = text.splitlines(keepends=True)[:SAMPLE_LINES]
    return max(_QUOTINGS, key=lambda quoting: _share_fitting(sample, delimiter, quoting))


def _share_fitting(sample: list[str], delimiter: str, quoting: dict[str, Any]) -> float:
    """Return the share of rows as wide as the header, up to where reading fails; 0 where a cell begins with a quote.

    A blank before a quote makes the quote a part of the cell.
    """
    rows: list[list[str]] = []
    try:
        rows.extend(row for row in csv.reader(sample, delimiter=delimiter, strict=True, **quoting) if row)
    except csv.Error as error:
        # A cell that the sample cuts in two is no fault.
        if "unexpected end" not in str(error):
            return 0.0
    if not rows or any(cell.lstrip(" ")[:1] == '"' != cell[:1] for cell in rows[0]):
        return 0.0
    return sum(len(row) == len(rows[0]) for row in rows) / len(rows)


def read_rows(lines: Iterable[str], delimiter: str, quoting: dict[str, Any]) -> Iterator[list[str]]:
    """Yield the cells of each row of lines that are quoted in some way; raises Refusal where they do not read."""
    try:
        yield from csv.reader(lines, delimiter=delimiter, strict=True, **quoting)
    except csv.Error as error:
        raise Refusal(f"it does not read as a table ({error}): correct it.") from None
