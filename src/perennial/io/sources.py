"""Where a source lies, and its file made plain: found, unpacked under a cap, checked for what readers let pass."""

import base64
import codecs
import hashlib
import importlib.metadata
from pathlib import Path

from perennial.io.unpacking import read_capped
from perennial.refusal import Refusal

PACKAGE_SCHEME = "package://"


def _packaged(address: str) -> Path:
    distribution, _, name = address.removeprefix(PACKAGE_SCHEME).partition("/")
    try:
        files = importlib.metadata.files(distribution) or []
    except importlib.metadata.PackageNotFoundError:
        raise Refusal(f"the source {address} needs the package {distribution}: run `make setup`.") from None
    wanted = f"{distribution}/{name}"
    found = next((file for file in files if file.as_posix() == wanted), None)
    if found is None:
        raise Refusal(f"the package {distribution} has no file {name}: correct the path in data/contract.yaml.")
    path = Path(str(found.locate()))
    _refuse_altered(path, found, address)
    return path


def _refuse_altered(path: Path, recorded: importlib.metadata.PackagePath, address: str) -> None:
    """Raise Refusal when a packaged file is not the one its package brought: a truncated table may still parse."""
    if recorded.hash is None or not path.is_file():
        return
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, recorded.hash.mode).digest()
    if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != recorded.hash.value:
        raise Refusal(f"the file of {address} is not the one its package brought: remove .venv and run `make setup`.")


def locate(address: str) -> list[Path]:
    """Return the files of a source: a packaged file, a local file, or the snapshots in a folder, in order.

    Raises Refusal when there is none.
    """
    path = _packaged(address) if address.startswith(PACKAGE_SCHEME) else Path(address)
    files = sorted(file for file in path.iterdir() if not file.name.startswith(".")) if path.is_dir() else [path]
    if not files or not all(file.is_file() for file in files):
        raise Refusal(
            f"the source {address} is not there: `perennial fetch` it, put it in place, or correct data/contract.yaml."
        )
    return files


def is_parquet(path: Path) -> bool:
    """Tell whether a file is read as Parquet rather than CSV, by its name."""
    return path.suffix == ".parquet"


def unpack_csv(path: Path, target: Path) -> None:
    """Write the CSV in `path`, packed or not, to `target`.

    Raises Refusal when the file is a bomb, damaged, empty, or anything but UTF-8 text.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with target.open("wb") as file:
            for chunk in read_capped(path):
                if b"\0" in chunk:
                    raise Refusal(f"{path} holds NUL bytes, so it is not CSV in UTF-8: save it as UTF-8 text.")
                decoder.decode(chunk)
                file.write(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        wrong = error.object[error.start : error.start + 8]
        raise Refusal(f"{path} is not UTF-8 (it holds {wrong!r}): save it as UTF-8 text.") from None


def refuse_wrong_header(path: Path, header: list[str], expected: list[str]) -> None:
    """Raise Refusal when a file's columns are not the contract's, naming the delimiter when that is why."""
    if not header:
        raise Refusal(f"{path} begins with an empty line: its first line must name the columns.")
    mark = next((mark for mark in ";\t|" if mark in header[0]), None)
    if len(header) == 1 and mark:
        raise Refusal(f"{path} separates its columns by {mark!r}, not by commas: convert it.")
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise Refusal(f"{path} has the column {twice[0]!r} twice: rename one of them.")
    missing, extra = [n for n in expected if n not in header], [n for n in header if n not in expected]
    if missing or extra:
        lacks = f"has no column {missing[0]!r}" if missing else f"has the column {extra[0]!r}, which the contract lacks"
        raise Refusal(f"{path} {lacks}: correct the file or its lines in data/contract.yaml.")
