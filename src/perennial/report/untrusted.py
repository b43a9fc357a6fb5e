"""Markdown from elsewhere made harmless: no foreign address, picture, mention, tag or hidden marker survives."""

from __future__ import annotations

import re

MOST_CHARACTERS = 65_536
CUT = "\n\n_This comment was too long and is cut here._\n"
BREAK = "\u200b"
"""A space of no width: it ends an address, a tag or a mention, in text and in code alike, and nobody sees it."""

FOLDS = r"/?(?:details|summary)>"
ENTITIES = "|".join(str(ord(char)) for char in "\\`*{}[]<>|~&_$")
RULES = (
    (r"<!--.*?(?:-->|\Z)", ""),
    (rf"&(?=#|\w)(?!#(?:{ENTITIES});)", f"&{BREAK}"),
    (rf"<(?=[A-Za-z/!?])(?!{FOLDS})", f"<{BREAK}"),
    (r"!\[", f"!{BREAK}["),
    (r"(?<!&)([@#$])(?=\w)", rf"\1{BREAK}"),
    (r"(?i)\b(GH)-(?=\d)", rf"\1{BREAK}-"),
    (r"(?i)\b(www)\.", rf"\1{BREAK}."),
)


def tame_markdown(text: str, own: str) -> str:
    """Return `text` as Markdown that points nowhere but below the address `own`, notifies nobody and hides nothing.

    At most `MOST_CHARACTERS` less room for a marker; what is longer is cut with a sentence.
    """
    plain = text.replace("\r\n", "\n").replace("\t", " ")
    text = "".join(char if char.isprintable() or char in ("\n", "\xa0", BREAK) else " " for char in plain)
    for pattern, instead in RULES:
        text = re.sub(pattern, instead, text, flags=re.S)
    text = break_addresses(text, own)
    most = MOST_CHARACTERS - 200
    return text if len(text) <= most else close_folds(text[: most - len(CUT) - 200]) + CUT


def break_addresses(text: str, own: str) -> str:
    """Break every address that does not lie below `own`, and every link or definition that does not point to one.

    An own address holds no dot after its start: two of them would lead out again.
    """
    mine = rf"{re.escape(own.rstrip('/'))}/[\w/-]*(?=[\s)]|\Z)"
    text = re.sub(rf"(?i)\b(?!{mine})([a-z][a-z0-9+.-]*):(?=//)", rf"\1{BREAK}:", text)
    return re.sub(rf"\](?=[\[:])|\](?=\((?!{mine}))", f"]{BREAK}", text)


def close_folds(text: str) -> str:
    """End what a cut left open: a fence, then each fold."""
    text = text.rpartition("\n")[0]
    if len(re.findall(r"(?m)^```", text)) % 2:
        text += "\n```"
    return text + "\n</details>" * (text.count("<details>") - text.count("</details>"))
