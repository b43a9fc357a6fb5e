"""The members of a model in the files of its bundle: packed trees, and JSON for all others."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from perennial.io.files import write_text
from perennial.model.floats import fold_floats, unfold_floats
from perennial.model.link import is_linked
from perennial.model.packing import pack_trees, unpack_trees
from perennial.model.predictor import Content, name_kind

TREES = "trees"


def write_plain(path: Path, value: Any) -> None:
    """Write JSON in one line: these files grow with the inputs, and half of them would be spaces."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    write_text(path, f"{text}\n")


def write_member(place: Path, number: int, member: Content) -> dict[str, Any]:
    """Write the file of a member, where it has one, and return what model.json says of it."""
    if isinstance(member, str):
        packed = pack_trees(member)
        name = f"member_{number}.{TREES if packed is not None else 'txt'}"
        (place / name).write_bytes(packed if packed is not None else member.encode())
        return {"family": "lightgbm", "file": name}
    if is_linked(member):
        return {**member, "member": write_member(place, number, member["member"])}
    return {"family": name_kind(member), "coefficients": fold_floats(dict(member))}


def read_member(member: Mapping[str, Any], contents: Mapping[str, bytes]) -> str | Mapping[str, Any]:
    """Return a member as it was fitted; `contents` are the files of the bundle by name."""
    if is_linked(member):
        return {**member, "member": read_member(member["member"], contents)}
    if member["family"] == "lightgbm":
        content = contents[member["file"]]
        return unpack_trees(content) if member["file"].endswith(TREES) else content.decode()
    coefficients: Mapping[str, Any] = unfold_floats(member["coefficients"])
    return coefficients
