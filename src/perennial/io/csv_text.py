"""A CSV of any form made one that DuckDB reads."""

import csv
import io
import logging
from collections.abc import Sequence
from pathlib import Path

from perennial.adoption.charset import find_encoding, is_certain
from perennial.adoption.dialect import STANDARD, find_delimiter, find_quoting, requote, strip_beginning
from perennial.io.unpacking import read_capped
from perennial.refusal import Refusal

UNNAMED = "column_{}"
_log = logging.getLogger(__name__)


def csv_relation(path: Path, scratch: Path, encoding: str | None = None) -> str:
    """Return the SQL that reads a CSV, packed or not, of any form; its text lies in `scratch` meanwhile."""
    data = b"".join(read_capped(path))
    try:
        text, mark = strip_beginning(decode(data, path.name, encoding))
        if not text.strip():
            raise Refusal("it is empty: a table needs at least a header.")
        mark = mark or find_delimiter(text[: 1 << 20])
        quoting = find_quoting(text[: 1 << 20], mark)
        text = text if quoting == STANDARD else requote(text, mark, quoting)
    except Refusal as refusal:
        raise Refusal(f"{path}: {refusal}") from None
    header = next(csv.reader(io.StringIO(text[: 1 << 20], newline=""), delimiter=mark))
    header = name_columns(header, path)
    plain = scratch / "plain.csv"
    plain.write_text(text, encoding="utf-8", newline="")
    types = ", ".join(f"'{name.replace(chr(39), chr(39) * 2)}': 'VARCHAR'" for name in header)
    return (
        f"read_csv('{plain}', header = true, auto_detect = false, delim = '{mark}', quote = '\"', escape = '\"', "
        f"columns = {{{types}}}, nullstr = '\x02', strict_mode = true, null_padding = false)"
    )


def decode(data: bytes, name: str, encoding: str | None = None) -> str:
    """Return the text of a file, and warn where its encoding is a guess; raises Refusal when it is no text."""
    found = encoding or find_encoding(data)
    if not encoding and not is_certain(found):
        _log.warning("%s is not UTF-8 and reads as %s, a guess: say --encoding if letters look wrong.", name, found)
    try:
        return data.decode(found)
    except UnicodeError as error:
        raise Refusal(f"it does not read as {found} ({error}): say --encoding, or save it as UTF-8.") from None
    except LookupError:
        raise Refusal(f"the encoding {found} is unknown: say one such as utf-8, cp1250 or shift_jis.") from None


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
