"""The bundle: a model as data files, read in one order: hashes, then parsing, then golden rows reproduce."""

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from perennial.io.added import hash_added, refuse_other_added
from perennial.io.files import read_json, replace_folder, sha256_file, write_json
from perennial.io.members import read_member, write_member, write_plain
from perennial.model.bits import pack_sorted, unpack_sorted
from perennial.model.encoder import Array
from perennial.model.golden import fold_rows, unfold_rows
from perennial.model.predictor import Model, predict_rows
from perennial.model.seen import Hashes
from perennial.model.transformers import list_added
from perennial.refusal import Refusal

FORMAT, FORMER = 2, (1,)
MANIFEST, GOLDEN = "manifest.json", "golden.json"
OUT_OF_FOLD = "out_of_fold.npy"
BOUNDS = "bounds.json"
SEEN = "seen_keys.bin"
JUDGING = (SEEN, OUT_OF_FOLD)
"""What only judging reads: an answer needs none of it."""
TOLERANCE = 1e-9
_REPAIR = "restore the bundle with `dvc checkout` or make it again with `dvc repro`"
_KEYS = ("task", "target", "classes", "inputs", "family", "threshold", "seen_until", "rows")
_ALWAYS = ("calibration.json", "encoder.json", GOLDEN, "model.json", "reference.json", "schema.json")


def write_bundle(
    folder: str | Path,
    model: Model,
    *,
    schema: Sequence[Mapping[str, Any]],
    golden_rows: Sequence[Mapping[str, Any]],
    reference: Mapping[str, Any],
    seen: Hashes,
    seen_until: str | None,
    out_of_fold: Array | None = None,
) -> str:
    """Write a bundle as one step and return its hash.

    `schema` describes each input for the service, `golden_rows` are JSON dicts whose predictions are computed here,
    `seen` are the hashes of every key the model was fitted on and `seen_until` its newest instant (None without time).
    `out_of_fold` (rows, repeats) or (rows, repeats, classes) are the scores that models like this one gave these keys
    without having seen them, in the order of the sorted hashes.
    """
    with replace_folder(folder) as place:
        _write_parts(place, model)
        write_plain(place / "schema.json", {"inputs": list(schema)})
        predictions = predict_rows(model, golden_rows).tolist()
        write_plain(place / GOLDEN, {**fold_rows(golden_rows), "predictions": predictions})
        write_plain(place / "reference.json", reference)
        (place / SEEN).write_bytes(pack_sorted(np.sort(seen)))
        if out_of_fold is not None:
            np.save(place / OUT_OF_FOLD, out_of_fold.astype("<f8"))
        manifest = _describe(model, len(seen), seen_until)
        files = {path.name: sha256_file(path) for path in sorted(place.iterdir())}
        write_json(place / MANIFEST, {**manifest, "files": files})
    return bundle_hash(folder)


def _write_parts(place: Path, model: Model) -> None:
    members = [write_member(place, number, member) for number, member in enumerate(model.members)]
    write_plain(place / "model.json", {"members": members, "weights": list(model.weights)})
    write_plain(place / "encoder.json", model.encoder)
    write_json(place / "calibration.json", model.calibration)
    if model.bounds is not None:
        write_json(place / BOUNDS, model.bounds)


def _describe(model: Model, rows: int, seen_until: str | None) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "task": model.task,
        "target": model.target,
        "classes": list(model.classes),
        "inputs": list(model.inputs),
        "family": model.family,
        "threshold": model.threshold,
        "seen_until": seen_until,
        "rows": rows,
        **({"transformers": hash_added(added)} if (added := list_added(model.encoder["columns"])) else {}),
    }


def bundle_hash(folder: str | Path) -> str:
    """Return the SHA-256 of the manifest, which holds the hash of everything else."""
    path = Path(folder) / MANIFEST
    if not path.is_file():
        raise Refusal(f"{path} is not there: make the bundle with `dvc repro train`.")
    return sha256_file(path)


def verify_bundle(folder: str | Path) -> dict[str, Any]:
    """Return the manifest; raises Refusal naming the first file that is missing, extra or altered."""
    return _read_verified(Path(folder))[0]


def _read_verified(folder: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    manifest = read_json(folder / MANIFEST)
    if not isinstance(manifest, dict) or not isinstance(files := manifest.get("files"), dict):
        raise Refusal(f"{folder / MANIFEST} is not a bundle's manifest: {_REPAIR}.")
    if manifest.get("format") not in (FORMAT, *FORMER):
        raise Refusal(f"{folder / MANIFEST} has format {manifest.get('format')!r}, not {FORMAT}: train again.")
    for key in _KEYS:
        if key not in manifest:
            raise Refusal(f"{folder / MANIFEST} has no `{key}`: {_REPAIR}.")
    present = {path.name for path in folder.iterdir()} - {MANIFEST}
    for name in sorted(present - files.keys()):
        raise Refusal(f"{folder / name} does not belong to the bundle: remove it, or {_REPAIR}.")
    for name in sorted((files.keys() | {*_ALWAYS, SEEN}) - present):
        raise Refusal(f"{folder / name} is missing from the bundle: {_REPAIR}.")
    # Hashed and parsed from one read, so that nothing can change a file in between.
    contents = {name: _read_plain(folder / name) for name in sorted(files)}
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != files[name]:
            raise Refusal(f"{folder / name} is not the file that was packed (SHA-256 differs): {_REPAIR}.")
    return manifest, contents


def _read_plain(path: Path) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise Refusal(f"{path} is not a plain file: {_REPAIR}.")
    return path.read_bytes()


def load_bundle(folder: str | Path) -> Model:
    """Return the model of a bundle; raises Refusal unless hashes match, it parses and its golden rows reproduce."""
    folder = Path(folder)
    manifest, contents = _read_verified(folder)
    refuse_other_added(manifest.get("transformers", {}))
    parts = {name: json.loads(contents[name]) for name in _ALWAYS}
    model = Model(
        task=manifest["task"],
        target=manifest["target"],
        encoder=parts["encoder.json"],
        members=tuple(read_member(member, contents) for member in parts["model.json"]["members"]),
        weights=tuple(parts["model.json"]["weights"]),
        classes=tuple(manifest["classes"]),
        calibration=parts["calibration.json"],
        threshold=manifest["threshold"],
        bounds=json.loads(contents[BOUNDS]) if BOUNDS in contents else None,
    )
    _check_golden(folder, model, *_read_golden(parts[GOLDEN]))
    return model


def _read_golden(golden: Mapping[str, Any]) -> tuple[list[dict[str, Any]], Array]:
    return unfold_rows(golden), np.array(golden["predictions"], dtype=np.float64)


def read_golden(folder: str | Path) -> tuple[list[dict[str, Any]], Array]:
    """Return the golden rows of a verified bundle and their predictions."""
    return _read_golden(read_part(folder, GOLDEN))


def _check_golden(folder: Path, model: Model, rows: Sequence[Mapping[str, Any]], expected: Array) -> None:
    got, path = predict_rows(model, rows), folder / GOLDEN
    if expected.shape != got.shape or not expected.size:
        raise Refusal(f"{path} holds predictions of shape {expected.shape}, the model gives {got.shape}: {_REPAIR}.")
    apart = float(np.max(np.abs(expected - got) / np.maximum(1.0, np.abs(expected))))
    if not apart <= TOLERANCE:
        raise Refusal(f"{path} is not reproduced: the answers differ by {apart:.3g}, at most {TOLERANCE:g} is taken.")


def read_part(folder: str | Path, name: str) -> Any:
    """Return one JSON file of a verified bundle, for instance `schema.json` or `reference.json`."""
    _, contents = _read_verified(Path(folder))
    if name not in contents:
        raise Refusal(f"{Path(folder) / name} is missing from the bundle: {_REPAIR}.")
    return json.loads(contents[name])


def read_seen_keys(folder: str | Path) -> Hashes:
    """Return the sorted hashes of every key that the bundle's model was fitted on."""
    manifest, contents = _read_verified(Path(folder))
    if manifest["format"] in FORMER:
        return np.frombuffer(contents[SEEN], dtype="<u8").astype(np.uint64)
    return unpack_sorted(contents[SEEN])


def read_out_of_fold(folder: str | Path) -> Array | None:
    """Return the out-of-fold scores of the keys that a bundle has seen; None of one that was judged by a span."""
    _, contents = _read_verified(Path(folder))
    if OUT_OF_FOLD not in contents:
        return None
    return np.asarray(np.load(io.BytesIO(contents[OUT_OF_FOLD]), allow_pickle=False))
