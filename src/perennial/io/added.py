"""The files of added transformers that a bundle needs to answer: named in it with their hashes, and held to these."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from perennial.extensions import FOLDER
from perennial.io.files import sha256_file
from perennial.refusal import Refusal

KIND = "transformers"
SOURCE = Path(__file__).resolve().parents[2]


def _file_of(name: str, source: Path) -> Path:
    return source / "perennial" / "extensions" / KIND / f"{name}.py"


def hash_added(names: Iterable[str], source: Path = SOURCE) -> dict[str, str]:
    """Return the SHA-256 of each named transformer's file."""
    return {name: sha256_file(_file_of(name, source)) for name in names}


def refuse_other_added(named: Mapping[str, str], source: Path = SOURCE) -> None:
    """Raise Refusal when a transformer that a bundle names is missing here, or is not the one it was trained with."""
    for name, digest in named.items():
        place, file = f"{FOLDER}/{KIND}/{name}.py", _file_of(name, source)
        if not file.is_file():
            raise Refusal(f"the bundle needs {place}, which is not here: bring it back, or train the model again.")
        if sha256_file(file) != digest:
            raise Refusal(
                f"{place} is not the file that the bundle was trained with (SHA-256 differs): bring that back, or "
                "train the model again."
            )
