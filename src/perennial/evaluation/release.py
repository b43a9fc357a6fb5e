"""What a release is called and what is said of it: versions, lines of the audit trail, the table of versions."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from perennial.refusal import Refusal

Entry = Mapping[str, Any]
COLUMNS = ("version", "stages", "released", "bundle", "revision", "author", "reason")
_FULL = re.compile(r"v(\d+)\.(\d+)\.(\d+)")
_STAGE = re.compile(r"[a-z][a-z0-9-]{0,30}[a-z0-9]")


def version_order(version: str) -> tuple[int, ...]:
    """Return the numbers of a version such as v1.2.0; raises Refusal when it is none."""
    if (match := _FULL.fullmatch(version)) is None:
        raise Refusal(f"{version} is no version such as v1.2.0.")
    return tuple(map(int, match.groups()))


def next_version(known: Iterable[str], same_interface: bool) -> str:
    """Return the version after the newest: the first number moves when callers must send or read something else."""
    newest = max(map(version_order, known), default=None)
    if newest is None:
        return "v1.0.0"
    return f"v{newest[0]}.{newest[1] + 1}.0" if same_interface else f"v{newest[0] + 1}.0.0"


def name_version(word: str, known: Iterable[str]) -> str:
    """Return the known version that a person wrote, with or without its v; raises Refusal naming those there are."""
    known = sorted(known, key=version_order)
    version = f"v{word.removeprefix('v')}"
    if version not in known:
        there = f"there are {', '.join(known)}" if known else "nothing is released yet"
        raise Refusal(f"no version {word} was released: {there}.")
    return version


def check_words(stage: str, reason: str) -> None:
    """Raise Refusal unless the stage is a name that tags can carry and the reason says something in one line."""
    if not _STAGE.fullmatch(stage):
        raise Refusal(f"--stage {stage!r} is no stage: use small letters, digits and dashes, as in prod.")
    if not reason.strip() or not reason.isprintable():
        raise Refusal(f"--reason {reason!r} is not one line of text: say in a few words why.")


def describe_release(entry: Entry) -> str:
    """Return the sentence of a commit or a tag."""
    verb = "Promote" if entry["action"] == "promote" else "Roll back to"
    return f"{verb} {entry['version']} ({entry['stage']}): {entry['reason']}"


def find_promotion(entries: Sequence[Entry], version: str) -> Entry:
    """Return the line of the audit trail that made a version; raises Refusal when there is none."""
    made = [one for one in entries if one["version"] == version and one["action"] == "promote"]
    if not made:
        raise Refusal(f"models/releases.jsonl does not say how {version} was made: restore it from Git.")
    return made[0]


def tabulate(rows: Sequence[Mapping[str, str]], columns: Sequence[str] = COLUMNS) -> str:
    """Return rows as a table of aligned columns with a head."""
    cells = [list(columns), *([row[name] for name in columns] for row in rows)]
    widths = [max(len(line[number]) for line in cells) for number in range(len(columns))]
    aligned = ("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) for line in cells)
    return "\n".join(line.rstrip() for line in aligned)


def shorten(entry: Entry, stages: Sequence[str]) -> dict[str, str]:
    """Return the row of a version in the table of versions."""
    return {
        "version": entry["version"],
        "stages": ", ".join(stages) or "-",
        "released": entry["time"],
        "bundle": entry["bundle"][:12],
        "revision": entry["revision"][:12],
        "author": entry["author"],
        "reason": entry["reason"],
    }
