"""The remote that a team shares its outputs through: what .dvc/config says of it, and whether it answers."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dvc.config import Config
from dvc.exceptions import DvcException

from perennial.io.s3 import probe_bucket
from perennial.refusal import Refusal

DVC = ".dvc"


@dataclass(frozen=True)
class Remote:
    """A DVC remote: its name, its address, whether what it answers is hashed, and its other options."""

    name: str
    url: str
    verify: bool
    options: Mapping[str, Any]


def read_config(folder: str = DVC) -> Mapping[str, Any]:
    """Return DVC's configuration, .dvc/config.local over .dvc/config; raises Refusal when it cannot be read."""
    if not Path(folder).is_dir():
        raise Refusal(f"{folder} is not there: run this in the root of the repository.")
    try:
        config: Mapping[str, Any] = Config(str(Path(folder).absolute()))
    except (DvcException, OSError, UnicodeDecodeError) as error:
        words = " ".join(str(error).split())
        raise Refusal(f"{folder}/config cannot be read ({words}): restore it with `git checkout {folder}`.") from None
    return config


def read_remote() -> Remote:
    """Return the default remote; raises Refusal when there is none."""
    config = read_config()
    name = config.get("core", {}).get("remote")
    if not name:
        raise Refusal("no remote is set: `perennial remote s3://BUCKET/FOLDER`, or the path of a shared folder.")
    if name not in config.get("remote", {}):
        raise Refusal(f"the default remote {name!r} is not described in .dvc/config: run `perennial remote URL`.")
    options = dict(config["remote"][name])
    return Remote(name=name, url=str(options.pop("url")), verify=bool(options.pop("verify", False)), options=options)


def _probe_folder(remote: Remote) -> None:
    folder = Path(remote.url)
    if not folder.is_dir():
        raise Refusal(f"the folder {folder} of remote {remote.name} is not there: mount it, or make it.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Refusal(f"the folder {folder} of remote {remote.name} may not be written: ask its owner for the right.")


def probe_remote(remote: Remote, seconds: float = 5.0) -> None:
    """Raise Refusal with what is wrong unless the remote answers within `seconds`; only S3 and folders are asked."""
    if remote.url.startswith("s3://"):
        probe_bucket(remote.name, remote.url, remote.options, seconds)
    elif "://" not in remote.url:
        _probe_folder(remote)


def refuse_unverified(remote: Remote) -> None:
    """Raise Refusal when DVC would take whatever bytes the remote holds."""
    if not remote.verify:
        raise Refusal(
            f"what remote {remote.name} sends is not verified, so damage would pass: "
            f"`dvc remote modify {remote.name} verify true`."
        )


def write_remote(url: str, name: str, endpoint: str | None, profile: str | None) -> None:
    """Describe the default remote in .dvc/config, its answers verified; a profile goes to .dvc/config.local."""
    read_config()
    described = {"url": url, "verify": True} | ({"endpointurl": endpoint} if endpoint else {})
    try:
        with Config(str(Path(DVC).absolute())).edit("repo") as config:
            config["remote"][name] = described
            config["core"]["remote"] = name
        if profile:
            with Config(str(Path(DVC).absolute())).edit("local") as config:
                config["remote"].setdefault(name, {})["profile"] = profile
    except DvcException as error:
        raise Refusal(f"DVC does not take the remote {url} ({' '.join(str(error).split())}): correct it.") from None
