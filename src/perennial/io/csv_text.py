"""A CSV of any form made one that DuckDB reads."""

import codecs
import csv
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from perennial.adoption.charset import find_encoding, is_certain
from perennial.adoption.dialect import STANDARD, find_delimiter, find_quoting, read_rows, strip_beginning
from perennial.io.unpacking import read_capped
from perennial.refusal import Refusal

UNNAMED = "column_{}"
SAMPLE = 2**20
_log = logging.getLogger(__name__)


def csv_relation(path: Path, scratch: Path, encoding: str | None = None) -> str:
    """Return the SQL that reads a CSV, packed or not, of any form; its text lies in `scratch` meanwhile.

    Memory is that of a sample; that of the whole file only where it is not UTF-8 and no encoding is named.
    """
    plain = scratch / "plain.csv"
    try:
        mark = write_plain(path, plain, encoding)
        with plain.open(encoding="utf-8", newline="") as file:
            sample = file.read(SAMPLE)
        if not sample.strip():
            raise Refusal("it is empty: a table needs at least a header.")
        mark = mark or find_delimiter(sample)
        quoting = find_quoting(sample, mark)
        if quoting != STANDARD:
            requote(plain, mark, quoting)
        with plain.open(encoding="utf-8", newline="") as file:
            header = name_columns(next(read_rows(file, mark, STANDARD)), path)
    except Refusal as refusal:
        words = str(refusal)  # what reads the file names it already
        raise Refusal(words if words.startswith(str(path)) else f"{path}: {words}") from None
    types = ", ".join(f"'{name.replace(chr(39), chr(39) * 2)}': 'VARCHAR'" for name in header)
    return (
        f"read_csv('{plain}', header = true, auto_detect = false, delim = '{mark}', quote = '\"', escape = '\"', "
        f"columns = {{{types}}}, nullstr = '\x02', strict_mode = true, null_padding = false)"
    )


def write_plain(path: Path, plain: Path, encoding: str | None) -> str | None:
    """Write the text of a file from its header on as UTF-8; return the delimiter that a line before it names, if any.

    Raises Refusal when it is no text.
    """
    mark: str | None = None
    with plain.open("w", encoding="utf-8", newline="") as file:
        for place, text in enumerate(decode(path, encoding)):
            if place == 0:
                text, mark = strip_beginning(text.removeprefix("\ufeff"))
            file.write(text)
    return mark


def decode(path: Path, encoding: str | None = None) -> Iterator[str]:
    """Yield the text of a file, packed or not, and warn where its encoding is a guess; Refusal when it is none."""
    found = encoding or ("utf-8-sig" if is_utf8(path) else find_encoding(b"".join(read_capped(path))))
    if not encoding and not is_certain(found):
        said = "%s is not UTF-8 and reads as %s, a guess: say --encoding if letters look wrong."
        _log.warning(said, path.name, found)
    try:
        "a".encode(found)  # refuses what turns bytes into bytes, such as base64
        yield from codecs.iterdecode(read_capped(path), found)
    except UnicodeError as error:
        raise Refusal(f"it does not read as {found} ({error}): say --encoding, or save it as UTF-8.") from None
    except LookupError:
        raise Refusal(f"the encoding {found} is unknown: say one such as utf-8, cp1250 or shift_jis.") from None


def is_utf8(path: Path) -> bool:
    """Tell whether the whole of a file is text in UTF-8."""
    try:
        return all("\0" not in text for text in codecs.iterdecode(read_capped(path), "utf-8"))
    except UnicodeDecodeError:
        return False


def requote(plain: Path, delimiter: str, quoting: dict[str, Any]) -> None:
    """Write the file anew, quoted in the customary way; raises Refusal where it does not read."""
    written = plain.with_suffix(".requoted")
    with plain.open(encoding="utf-8", newline="") as lines, written.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter, lineterminator="\n").writerows(read_rows(lines, delimiter, quoting))
    written.replace(plain)


def name_columns(header: Sequence[str], path: Path) -> list[str]:
    """Return the names of a header, one without any called by its place, such as `column_1`.

    Raises Refusal when two have one name, for a database does not look at the case of letters.
    """
    names = [name.strip() if name.strip() else UNNAMED.format(place) for place, name in enumerate(header, 1)]
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.lower(), name)
        if names.count(name) > 1:
            raise Refusal(f"{path} has the column {name!r} twice: rename one of them.")
        if other != name:
            raise Refusal(f"{path} has the columns {other!r} and {name!r}, which is one name: rename one of them.")
    return names
