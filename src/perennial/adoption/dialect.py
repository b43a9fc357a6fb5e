"""How a text file writes a table: its encoding and its delimiter."""

import codecs
import csv
from collections import Counter

from perennial.refusal import Refusal

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_LINES = 200
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def find_encoding(data: bytes) -> str:
    """Return the encoding of a whole file: by its mark, UTF-8 where that reads, else Windows-1252.

    Raises Refusal for bytes that none of them reads as text.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    for encoding in ("utf-8", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return encoding
    raise Refusal("it is not text: give CSV, Parquet or JSON lines.")


def find_delimiter(text: str) -> str:
    """Return the delimiter that divides the first lines into most columns, equally many in almost every line.

    Where no delimiter does, the file has one column and is read with commas.
    """
    sample = "\n".join(text.splitlines()[:SAMPLE_LINES])
    found = {mark: _count_columns(sample, mark) for mark in DELIMITERS}
    best = max(DELIMITERS, key=lambda mark: found[mark])
    return best if found[best][0] > 1 else ","


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
