"""A packed file of any common kind made plain, under a cap, before anybody looks at what it is."""

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import IO, Any, cast

import pyarrow as pa

from perennial.io.sources import CHUNK, FREE_BYTES, MAX_BYTES, MAX_RATIO
from perennial.refusal import Refusal

SUFFIXES = (".gz", ".bz2", ".xz", ".zst", ".zip")
_MARKS = ((b"\x1f\x8b", ".gz"), (b"BZh", ".bz2"), (b"\xfd7zXZ\0", ".xz"), (b"\x28\xb5\x2f\xfd", ".zst"))
_DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError, pa.ArrowInvalid)


def find_packing(path: Path) -> str | None:
    """Return how a file is packed, by its name, or by its first bytes whatever it is called; None when it is plain."""
    if path.suffix.lower() in SUFFIXES:
        return path.suffix.lower()
    with path.open("rb") as file:
        first = file.read(10)
    # Text may begin with the letters of bzip2; what follows them in a packed file is no text.
    return next(
        (kind for mark, kind in _MARKS if first.startswith(mark) and (kind != ".bz2" or first[4:] == b"1AY&SY")), None
    )


def unpack(path: Path, scratch: Path) -> Path:
    """Return a packed file made plain in `scratch`, called as without its packing; a plain one as it is.

    Raises Refusal when it is a bomb, damaged, or an archive of several files.
    """
    kind = find_packing(path)
    if kind is None:
        return path
    limit, size = min(MAX_BYTES, max(path.stat().st_size * MAX_RATIO, FREE_BYTES)), 0
    try:
        with _open(path, kind) as (name, stream), (scratch / f"unpacked{PurePath(name).suffix}").open("wb") as file:
            while chunk := stream.read(CHUNK):
                size += len(chunk)
                if size > limit:
                    raise Refusal(f"{path} unpacks to more than {size >> 20} MB: that is not a table.")
                file.write(chunk)
            return Path(file.name)
    except _DAMAGED as error:
        raise Refusal(f"{path} is damaged ({error}): fetch it again.") from None


@contextmanager
def _open(path: Path, kind: str) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the name that the plain file would have, and its bytes."""
    name = path.stem if path.suffix.lower() == kind else path.name
    if kind == ".zip":
        with zipfile.ZipFile(path) as archive:
            member = _only_member(archive, path)
            with archive.open(member) as stream:
                yield member, stream
        return
    openers: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
    opened = openers[kind](path) if kind in openers else pa.input_stream(str(path), compression="zstd")
    with opened as stream:
        yield name, cast(IO[bytes], stream)


def _only_member(archive: zipfile.ZipFile, path: Path) -> str:
    # What macOS puts beside each file is no table.
    members = [each for each in archive.namelist() if each[-1] != "/" and PurePath(each).parts[0] != "__MACOSX"]
    if len(members) != 1:
        raise Refusal(f"{path} holds {len(members)} files: give an archive of one.")
    return members[0]
