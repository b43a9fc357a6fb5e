"""Two models behind one door: which of them answers a row, and whether they may stand side by side."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from perennial.refusal import Refusal
from perennial.serving.runtime import Predictor
from perennial.serving.schema import Field

FALLBACK = "fallback"
"""The lane of what the champion answers for a canary that failed."""


def name_key(fields: Sequence[Field], row: Mapping[str, Any], sent: str | None, column: str = "") -> str:
    """Return what decides the lane of a row: its value of `column`, else the key that was sent, else all its inputs.

    Whole numbers count as the same decimal numbers, so that 5 and 5.0 are one key.
    """
    if column and (value := row[column]) is not None:
        return value if isinstance(value, str) else json.dumps(_as_decimal(value))
    return sent if sent is not None else json.dumps([_as_decimal(row[field.name]) for field in fields])


def _as_decimal(value: Any) -> Any:
    return float(value) if type(value) is int else value


def is_drawn(key: str, share: float, challenger: str) -> bool:
    """Return whether a key is among the `share` that the challenger answers.

    The first eight bytes of SHA-256 of `CHALLENGER:KEY` as a number from 0 to 1 lie below the share: the same key is
    always answered by the same model, a larger share only adds keys, and another challenger draws other keys.
    """
    digest = hashlib.sha256(f"{challenger}:{key}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def describe_interface(predictor: Predictor) -> dict[str, Any]:
    """Return what callers must send and will read, as JSON gives it back."""
    described = {
        "target": predictor.model.target,
        "task": predictor.model.task,
        "classes": list(predictor.model.classes),
        "inputs": {field.name: asdict(field) for field in predictor.fields},
        "personal": sorted(predictor.personal),
        "bounds": predictor.model.bounds is not None,
    }
    read: dict[str, Any] = json.loads(json.dumps(described))
    return read


def _name_difference(champion: Mapping[str, Any], challenger: Mapping[str, Any]) -> str | None:
    for name in ("task", "target", "classes"):
        if champion[name] != challenger[name]:
            return f"its {name} is {challenger[name]!r:.100}, the champion's {champion[name]!r:.100}"
    ours, theirs = champion["inputs"], challenger["inputs"]
    for name in [*ours, *theirs]:
        if name not in theirs or name not in ours:
            return f"it {'lacks the' if name in ours else 'wants an'} input {name!r}"
        if ours[name] != theirs[name]:
            part = next(part for part in ours[name] if ours[name][part] != theirs[name][part])
            return f"the contract of its input {name!r} differs in `{part}`"
    if champion["personal"] != challenger["personal"]:
        return "other columns of it are personal"
    if champion["bounds"] != challenger["bounds"]:
        return f"it answers {'with' if challenger['bounds'] else 'without'} bounds"
    return None


def refuse_different(champion: Mapping[str, Any], challenger: Mapping[str, Any]) -> None:
    """Raise Refusal at the first thing that callers would have to send or read differently."""
    if reason := _name_difference(champion, challenger):
        raise Refusal(f"{reason}: a challenger takes and answers what the champion does.")
