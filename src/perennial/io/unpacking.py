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

from perennial.refusal import Refusal

MAX_BYTES = 64 * 2**30
MAX_RATIO = 200
FREE_BYTES = 64 * 2**20
CHUNK = 2**20
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


def most_bytes(path: Path) -> int:
    """Return how many bytes a file may hold when it is made plain: what is more is a bomb."""
    return min(MAX_BYTES, max(path.stat().st_size * MAX_RATIO, FREE_BYTES))


def read_capped(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file, packed or not, made plain.

    Raises Refusal when it is a bomb, damaged, empty, or an archive of several files.
    """
    most, size = most_bytes(path), 0
    with _damage_said(path), _open(path) as stream:
        while chunk := stream.read(CHUNK):
            size += len(chunk)
            if size > most:
                raise Refusal(f"{path} unpacks to more than {most >> 20} MB: that is not a table.")
            yield chunk
    if size == 0:
        raise Refusal(f"{path} is empty: a table needs at least a header.")


def unpack(path: Path, scratch: Path) -> Path:
    """Return a packed file made plain in `scratch`, called as without its packing; a plain one as it is.

    Raises Refusal as `read_capped`.
    """
    if find_packing(path) is None:
        return path
    plain = scratch / f"unpacked{PurePath(_plain_name(path)).suffix}"
    with plain.open("wb") as file:
        file.writelines(read_capped(path))
    return plain


@contextmanager
def _damage_said(path: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # of the disk, not of what is on it
        raise Refusal(f"{path} is damaged ({error}): fetch it again.") from None


@contextmanager
def _open(path: Path) -> Iterator[IO[bytes]]:
    kind = find_packing(path)
    if kind == ".zip":
        with zipfile.ZipFile(path) as archive, archive.open(_only_member(archive, path)) as stream:
            yield stream
        return
    openers: dict[str | None, Any] = {None: open, ".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
    opened = openers[kind](path, "rb") if kind in openers else pa.input_stream(str(path), compression="zstd")
    with opened as stream:
        yield cast(IO[bytes], stream)


def _plain_name(path: Path) -> str:
    kind = find_packing(path)
    if kind == ".zip":
        with _damage_said(path), zipfile.ZipFile(path) as archive:
            return _only_member(archive, path)
    return path.stem if path.suffix.lower() == kind else path.name


def _only_member(archive: zipfile.ZipFile, path: Path) -> str:
    # What macOS puts beside each file is no table.
    members = [each for each in archive.namelist() if each[-1] != "/" and PurePath(each).parts[0] != "__MACOSX"]
    if len(members) != 1:
        raise Refusal(f"{path} holds {len(members)} files: give an archive of one.")
    return members[0]
