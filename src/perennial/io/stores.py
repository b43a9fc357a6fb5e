"""Places that hold objects by their MD5: the local cache, and a remote through DVC's own file system."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from perennial.io.files import replace_file
from perennial.io.remote import DVC, read_config

CHUNK = 2**20
FOLDER_SUFFIX = ".dir"


class Store(Protocol):
    """A place that holds objects by their MD5: the local cache or a remote."""

    name: str

    def ids(self) -> list[str]:
        """Return the id of every object, sorted."""

    def digest(self, oid: str) -> str:
        """Return the MD5 of the bytes of an object."""

    def remove(self, oid: str) -> None:
        """Remove an object."""

    def put(self, oid: str, file: Path) -> None:
        """Store a file as an object."""

    def get(self, oid: str, file: Path) -> None:
        """Write an object to a file."""


def hash_stream(stream: Any) -> str:
    """Return the MD5 of what is read from a binary stream, as DVC names objects."""
    digest = hashlib.md5(usedforsecurity=False)
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def hash_path(path: Path) -> str:
    """Return the MD5 of a file."""
    with path.open("rb") as stream:
        return hash_stream(stream)


class Cache:
    """The local cache."""

    def __init__(self, folder: Path) -> None:
        self.name, self.folder = "the cache", folder / "files" / "md5"

    def path(self, oid: str) -> Path:
        """Return the file of an object."""
        return self.folder / oid[:2] / oid[2:]

    def ids(self) -> list[str]:
        """Return the id of every object, sorted; temporary files are none."""
        names = (f"{path.parent.name}{path.name}" for path in self.folder.glob("[0-9a-f][0-9a-f]/*") if path.is_file())
        return sorted(name for name in names if is_id(name))

    def digest(self, oid: str) -> str:
        """Return the MD5 of the bytes of an object."""
        return hash_path(self.path(oid))

    def remove(self, oid: str) -> None:
        """Remove an object."""
        self.path(oid).unlink(missing_ok=True)

    def put(self, oid: str, file: Path) -> None:
        """Store a file as an object, read-only as DVC does."""
        with replace_file(self.path(oid)) as temporary:
            shutil.copyfile(file, temporary)
            temporary.chmod(0o444)

    def get(self, oid: str, file: Path) -> None:
        """Write an object to a file."""
        shutil.copyfile(self.path(oid), file)


class Shared:
    """A remote, through DVC's own file system."""

    def __init__(self, name: str, database: Any) -> None:
        self.name, self.database = f"remote {name}", database

    def ids(self) -> list[str]:
        """Return the id of every object, sorted."""
        with suppress(FileNotFoundError):
            return sorted(oid for oid in self.database.all() if is_id(oid))
        return []

    def digest(self, oid: str) -> str:
        """Return the MD5 of the bytes of an object."""
        with self.database.fs.open(self.database.oid_to_path(oid), "rb") as stream:
            return hash_stream(stream)

    def remove(self, oid: str) -> None:
        """Remove an object."""
        self.database.fs.remove(self.database.oid_to_path(oid))

    def put(self, oid: str, file: Path) -> None:
        """Store a file as an object."""
        self.database.fs.put_file(str(file), self.database.oid_to_path(oid))

    def get(self, oid: str, file: Path) -> None:
        """Write an object to a file."""
        self.database.fs.get_file(self.database.oid_to_path(oid), str(file))


def is_id(name: str) -> bool:
    """Tell whether a name is an object's: 32 hexadecimal digits, of a folder with `.dir` behind them."""
    digits = name.removesuffix(FOLDER_SUFFIX)
    return len(digits) == 32 and set(digits) <= set("0123456789abcdef")


def open_cache() -> Cache:
    """Return the local cache where DVC's configuration says it is."""
    folder = read_config().get("cache", {}).get("dir")
    return Cache(Path(folder) if folder else Path(DVC) / "cache")


@contextmanager
def open_shared(name: str) -> Iterator[Shared]:
    """Yield the objects of a remote."""
    from dvc.repo import Repo

    with Repo() as repo:
        yield Shared(name, repo.cloud.get_remote_odb(name))
