"""Files of a kind of source that a repository adds, asked for so that none of its faults ends in a traceback."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from perennial.data.fetching import Fetch
from perennial.extensions import FOLDER
from perennial.io.files import sha256_file
from perennial.io.retry import Transient
from perennial.refusal import Refusal


def ask_added(name: str, kind: Callable[..., Any], fetch: Fetch, folder: Path, **asked: Any) -> Sequence[Path]:
    """Return the files that an added kind has written into the folder.

    Raises Transient for what may pass (the faults of a connection), Refusal for what will not.
    """
    place = f"{FOLDER}/sources/{name}.py"
    try:
        files = [Path(file) for file in kind(fetch, folder, **asked)]
    except (Refusal, Transient):
        raise
    except (OSError, EOFError) as error:
        raise Transient(f"{name} does not answer ({error or type(error).__name__})") from None
    except Exception as error:  # it may show the url, credentials and all
        raise Refusal(f"{place} failed ({type(error).__name__}: {error}): correct it, or the declaration.") from None
    if not files or not all(file.is_file() for file in files):
        raise Refusal(f"{place} gave no file: it returns the paths of what it has written into the folder.")
    for file in files if fetch.sha256 else ():
        if (found := sha256_file(file)) != str(fetch.sha256).lower():
            raise Refusal(f"{file.name} has the SHA-256 {found}, declared is {fetch.sha256}: it is another file.")
    return files
