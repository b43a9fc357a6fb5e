"""Files that are whole or absent: every write goes to a temporary name and is moved into place."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from perennial.io.scratch import drop_dead, hold_new, leftover_names, temporary_name
from perennial.refusal import Refusal


@contextmanager
def replace_file(path: str | Path) -> Iterator[Path]:
    """Yield an empty temporary file beside `path`; on success it takes the place of `path` in one step."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    drop_dead(leftover_names(path))
    temporary = temporary_name(path)
    with hold_new(temporary, folder=False):
        yield temporary
        os.replace(temporary, path)


@contextmanager
def replace_folder(path: str | Path) -> Iterator[Path]:
    """Yield an empty temporary folder beside `path`; on success it takes the place of `path`."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    drop_dead(leftover_names(path))
    temporary, old = temporary_name(path), temporary_name(path)
    with hold_new(temporary, folder=True):
        yield temporary
        if path.exists():
            os.replace(path, old)
        os.replace(temporary, path)
    shutil.rmtree(old, ignore_errors=True)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8 with unchanged line ends, whole or not at all."""
    with replace_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: str | Path, value: Any) -> None:
    """Write `value` as sorted, indented JSON; raises ValueError when it holds NaN or infinity."""
    write_text(path, json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: str | Path) -> Any:
    """Read a JSON file; raises Refusal when it is absent or not JSON."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Refusal(f"{path} is not there: run `dvc repro` to make it.") from None
    except ValueError as error:
        raise Refusal(f"{path} is not JSON ({error}): restore it with `dvc checkout` or `git checkout`.") from None


def sha256_file(path: str | Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_text(text: str) -> str:
    """Return the SHA-256 of `text` in UTF-8 as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()
