"""One run of the graph by DVC, streamed and timed stage by stage."""

import re
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from perennial.io.files import read_json, sha256_file, write_json
from perennial.io.git import find_commit
from perennial.io.revisions import LOCK
from perennial.refusal import Refusal

RECORD = Path(".perennial/experiment.json")
STARTS = re.compile(r"Running stage '([^']+)'")


def dvc_command(*arguments: str) -> list[str]:
    """Return the command line of this environment's own DVC."""
    return [sys.executable, "-m", "dvc", *arguments]


def bring_outputs() -> None:
    """Lay out what is in the cache, and in the remote where one is set; what is in neither is made again."""
    listed = subprocess.run(dvc_command("remote", "list"), capture_output=True, text=True)
    word = "pull" if listed.returncode == 0 and listed.stdout.strip() else "checkout"
    done = subprocess.run(dvc_command(word, "--quiet", "--force", "--allow-missing"), capture_output=True, text=True)
    if done.returncode != 0:
        print(f"dvc {word} did not bring everything: what is missing is made again", flush=True)


def run_graph(settings: Sequence[str]) -> dict[str, float]:
    """Run what must run and return the seconds of each stage that did; raises Refusal when a stage fails.

    settings: params of this run only, as NAME=VALUE; DVC then keeps it as an experiment.
    """
    words = ["exp", "run", *(word for setting in settings for word in ("-S", setting))] if settings else ["repro"]
    with subprocess.Popen(dvc_command(*words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        seconds = time_stages(process.stdout or ())
    if process.returncode != 0:
        raise Refusal(
            f"`dvc {words[0]}` ended with {process.returncode}: the lines above name the stage and its fault."
        )
    return seconds


def time_stages(lines: Iterable[str]) -> dict[str, float]:
    """Pass lines on as they come and return how long each stage took that DVC says it runs."""
    seconds: dict[str, float] = {}
    name, since = None, time.monotonic()
    for line in lines:
        sys.stdout.write(line)
        sys.stdout.flush()
        if match := STARTS.search(line):
            now = time.monotonic()
            seconds |= {name: round(now - since, 1)} if name else {}
            name, since = match[1], now
    return seconds | ({name: round(time.monotonic() - since, 1)} if name else {})


def write_record(seconds: dict[str, float], settings: Sequence[str]) -> None:
    """Write what ran, bound to the commit and to the dvc.lock that came out."""
    what = {"commit": find_commit("HEAD"), "lock": sha256_file(LOCK)}
    write_json(RECORD, what | {"seconds": seconds, "settings": list(settings)})


def read_record() -> dict[str, Any] | None:
    """Return what ran at this commit, None when that is not what lies here."""
    if not RECORD.is_file() or not Path(LOCK).is_file():
        return None
    record: dict[str, Any] = read_json(RECORD)
    same = record["commit"] == find_commit("HEAD") and record["lock"] == sha256_file(LOCK)
    return record if same else None
