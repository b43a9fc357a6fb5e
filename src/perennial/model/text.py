"""Free text to numbers: hashed words and their letters, weighed; for the service and for training alike."""

import functools
import math
import re
import unicodedata
import zlib
from collections.abc import Iterable, Sequence

SLOTS = 4096
LONGEST, LONGEST_WORD = 10_000, 60  # characters that are looked at
_WORD = re.compile(r"\w+")


def split_words(text: str) -> list[str]:
    """Return the words of a text in lower case, as they compare by Unicode's NFKC."""
    return _WORD.findall(unicodedata.normalize("NFKC", text[:LONGEST]).lower())


@functools.lru_cache(maxsize=1 << 16)
def hash_word(word: str) -> tuple[int, ...]:
    """Return the slots, 0 to `SLOTS` - 1, of a word and of its runs of three letters, ends included.

    CRC-32 of UTF-8: the same on every machine. The runs bring near words and misspelt ones together.
    """
    framed = f"<{word[:LONGEST_WORD]}>"
    grams = [f"w{word}", *(f"c{framed[at : at + 3]}" for at in range(len(framed) - 2))]
    return tuple(zlib.crc32(gram.encode("utf-8", "surrogatepass")) % SLOTS for gram in grams)


def hash_words(words: Iterable[str]) -> list[int]:
    """Return the slots of the distinct words in the order of the text; a slot may come twice."""
    return [slot for word in dict.fromkeys(words) for slot in hash_word(word)]


def weigh_text(text: str, intercept: Sequence[float], weights: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """Return one number per outcome, the weights of the slots over the root of their count, then the count of words.

    A text without a word says nothing: NaN, and 0 words.
    """
    words = split_words(text)
    slots = hash_words(words)
    if not slots:
        return (*(math.nan for _ in intercept), 0.0)
    scale = 1.0 / math.sqrt(len(slots))
    totals = [sum([table[slot] for slot in slots]) for table in weights]
    return (*(start + total * scale for start, total in zip(intercept, totals, strict=True)), float(len(words)))
