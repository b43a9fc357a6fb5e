"""What a process makes for its own use carries a lock that ends with it, so that the next one can tell what is dead.

The kernel drops a lock when its holder dies, however it dies; process ids are given out again and mean nothing in
another container.
"""

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(".perennial/tmp")
SUFFIX = ".part"
ATTEMPTS = 100


def temporary_name(path: Path) -> Path:
    """Return a new name beside `path` for what will take its place."""
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}")


def leftover_names(path: Path) -> list[Path]:
    """Return everything beside `path` that some process, dead or alive, made to take its place, sorted.

    What was to take the place of such a one has a dot more in front.
    """
    begin = f"{path.name.lstrip('.')}."
    beside = [file for file in path.parent.iterdir() if file.name[:1] == "."] if path.parent.is_dir() else []
    return sorted(file for file in beside if file.name.lstrip(".").startswith(begin) and file.name.endswith(SUFFIX))


def _lock(path: Path) -> int | None:
    """Return a descriptor that holds the lock of a file or folder, or None when another holds it or it is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Somebody may have removed it between the two calls, and even made another of that name.
        if os.path.samestat(os.fstat(descriptor), os.stat(path)):
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None


@contextmanager
def hold_new(path: Path, folder: bool) -> Iterator[None]:
    """Make an empty file or folder and hold its lock while the block runs; what is left of it is removed."""
    descriptor = None
    for _ in range(ATTEMPTS):
        if folder:
            path.mkdir(exist_ok=True)
        else:
            path.touch()
        # A process that cleans may have been quicker than the lock; some network disks know no locks at all.
        descriptor = _lock(path)
        if descriptor is not None:
            break
    try:
        yield
    finally:
        _remove(path)
        if descriptor is not None:
            os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def is_dead(path: Path) -> bool:
    """Tell whether nobody holds the lock of a leftover."""
    descriptor = _lock(path)
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is not None


def drop_dead(paths: Iterable[Path]) -> None:
    """Remove those files and folders whose makers have died; those of the living stay."""
    for path in paths:
        descriptor = _lock(path)
        if descriptor is not None:
            _remove(path)
            os.close(descriptor)


@contextmanager
def scratch_folder(name: str, root: Path = ROOT) -> Iterator[Path]:
    """Yield a temporary folder inside the repository, removed afterwards; those of dead processes go first."""
    root = root.absolute()
    root.mkdir(parents=True, exist_ok=True)
    drop_dead(root.glob(f".*{SUFFIX}"))
    folder = temporary_name(root / name)
    with hold_new(folder, folder=True):
        yield folder
