"""How a text file writes its letters: certain for Unicode, guessed from the text itself for all that came before it."""

import codecs
import re
from collections.abc import Sequence

from charset_normalizer import CharsetMatch, from_bytes

from perennial.refusal import Refusal

WESTERN, CENTRAL = "cp1252", "cp1250"
GUESSED = (
    *(WESTERN, CENTRAL, "cp1251", "koi8_r", "cp1253", "cp1254", "cp1255", "cp1256", "cp874"),
    *("shift_jis", "euc_jp", "gb18030", "big5", "euc_kr"),
)
_LATIN = (WESTERN, CENTRAL, "cp1254")
_SAMPLE_LINES = 2000
_MARKS = (
    *((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32")),
    *((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")),
)
# Signs of Windows-1252 that nobody writes inside a word, and letters of Windows-1250: ł ą ż Ż Ł Ą.
_CENTRAL_LETTER = re.compile(r"[^\W\d_][³¹¿¯£¥][^\W\d_]")


def find_encoding(data: bytes) -> str:
    """Return the encoding of a whole file: by its mark, UTF-8 where that reads, UTF-16 by its NULs, else a guess.

    Raises Refusal for bytes that are no text.
    """
    marked: str | None = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), None)
    if marked:
        return marked
    wide: tuple[str, ...] = ("utf-16-le", "utf-16-be") if b"\0" in data[:1000] else ()
    for encoding in ("utf-8", *wide):
        text = _decode(data, encoding)
        # Bytes of the other order read as letters of China, and hardly ever as a line's end.
        if text is not None and "\0" not in text and (encoding not in wide or "\n" in text):
            return encoding
    if is_cut(data):
        raise Refusal("it ends in the middle of a character: it was cut, so fetch it again.")
    guess = None if b"\0" in data else guess_encoding(data)
    if guess is None:
        raise Refusal("it is not text: give CSV, Parquet or JSON lines; or say --encoding, or save it as UTF-8.")
    return guess


def is_cut(data: bytes) -> bool:
    """Tell whether a file is UTF-8 with letters of several bytes, and of the last of them a part is missing."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and not data[: error.start].isascii()
    return False


def is_certain(encoding: str) -> bool:
    """Tell whether an encoding that was found could not have been another."""
    return encoding.startswith("utf")


def guess_encoding(data: bytes) -> str | None:
    """Return the most likely of the encodings older than Unicode that read the whole of a file; None where none does.

    Of encodings that fit alike, that of Western Europe: single signs such as ° and € are no words of another script.
    """
    told = [line for line in data.splitlines() if not line.isascii()]
    # Evenly from the whole file: what comes first may be a title in another language.
    sample = b"\n".join(told[:: max(1, len(told) // _SAMPLE_LINES)])
    matches = list(from_bytes(sample, cp_isolation=list(GUESSED)))
    latin = _guess_latin(sample, matches)
    best = str(matches[0].encoding) if matches and _is_another_script(matches[0]) else latin
    return next((each for each in (best, latin, WESTERN) if each and _decode(data, each) is not None), None)


def _is_another_script(match: CharsetMatch) -> bool:
    if match.encoding in _LATIN:
        return str(match.encoding) == "cp1254"  # of Turkey; comes first only where its letters are
    letters = re.findall(r"[^\W\d_]+", str(match))
    foreign = [word for word in letters if not word.isascii()]
    return 2 * sum(len(word) > 1 and not word[0].isascii() for word in foreign) > len(foreign)


def _guess_latin(sample: bytes, matches: Sequence[CharsetMatch]) -> str:
    western = _decode(sample, WESTERN)
    if western is None or _CENTRAL_LETTER.search(western):
        return CENTRAL
    coherence = {str(match.encoding): match.coherence for match in matches}
    return CENTRAL if coherence.get(CENTRAL, 0.0) > coherence.get(WESTERN, 1.0) else WESTERN


def _decode(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None
