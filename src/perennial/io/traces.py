"""What the doctor sees of earlier runs: locks, scratch and processes of the dead, torn files of the cache."""

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from perennial.io.finding import Finding
from perennial.io.objects import find_damaged, find_owners, read_lock
from perennial.io.scratch import ROOT, SUFFIX, is_dead
from perennial.io.stores import Cache, is_id, open_cache

RWLOCK = Path(".dvc/tmp/rwlock")
SKIPPED = {".git", ".venv", "cache", "node_modules"}
AN_HOUR = 3600.0
HASHED_BYTES = 512 * 2**20
WORKER = "_bentoml_impl.worker"
STAGE = re.compile(r"perennial\.stages\.(\w+)")


def _holders(lock: Any) -> Iterator[tuple[int, str]]:
    for infos in (*lock.get("write", {}).values(), *lock.get("read", {}).values()):
        for info in infos if isinstance(infos, list) else [infos]:
            yield int(info["pid"]), str(info["cmd"])


def _is_dvc(pid: int) -> bool:
    try:
        return any("dvc" in word for word in psutil.Process(pid).cmdline())
    except psutil.Error:
        return False


def check_locks() -> Finding:
    """Judge DVC's own lock file: whole, and held by nobody who is dead or by a stranger with a dead one's id."""
    if not RWLOCK.is_file() or not RWLOCK.stat().st_size:
        return Finding("DVC locks", "none")
    try:
        holders = list(_holders(json.loads(RWLOCK.read_text(encoding="utf-8"))))
    except (ValueError, TypeError, KeyError, AttributeError):
        return Finding("DVC locks", f"{RWLOCK} is not what DVC writes", f"rm {RWLOCK}")
    for pid, command in holders:
        if not _is_dvc(pid):
            what = "some other program" if psutil.pid_exists(pid) else "dead"
            return Finding("DVC locks", f"`{command}` holds a lock, but process {pid} is {what}", f"rm {RWLOCK}")
    return Finding("DVC locks", f"held by process {holders[0][0]}, which runs" if holders else "none")


def find_scratch() -> list[Path]:
    """Return what dead processes left: beside outputs, and in the scratch folder, there also what lay for an hour."""
    found = []
    for folder, names, files in os.walk("."):
        place = Path(folder)
        parts = [place / name for name in (*names, *files) if name.startswith(".") and name.endswith(SUFFIX)]
        found += [path for path in parts if is_dead(path)]
        names[:] = [name for name in names if name not in SKIPPED and not name.endswith(SUFFIX)]
    old = [path for path in ROOT.glob("*") if time.time() - path.lstat().st_mtime > AN_HOUR] if ROOT.is_dir() else []
    return sorted({*found, *(path for path in old if not path.name.endswith(SUFFIX))})


def check_scratch() -> Finding:
    """Judge whether killed runs left scratch behind."""
    left = find_scratch()
    if left:
        names = " ".join(f"'{path}'" for path in left[:20])
        return Finding("scratch", f"{len(left)} files or folders of killed runs", f"rm -rf {names}")
    return Finding("scratch", "nothing of killed runs")


def _parents_run(process: psutil.Process, word: str) -> bool:
    return any(word in " ".join(parent.cmdline()) for parent in process.parents())


def _orphans() -> Iterator[tuple[int, str]]:
    here = os.getcwd()
    for process in psutil.process_iter(["pid", "cmdline"]):
        command = " ".join(process.info["cmdline"] or ())
        stage = STAGE.search(command)
        if not stage and WORKER not in command:
            continue
        try:
            inside = Path(process.cwd()).is_relative_to(here)
            if inside and not _parents_run(process, "dvc" if stage else "bentoml"):
                yield process.pid, f"stage {stage.group(1)}" if stage else "worker of a server"
        except psutil.Error:
            continue


def check_processes() -> Finding:
    """Judge whether a stage runs here that no DVC waits for, or a worker whose server has ended."""
    orphans = sorted(_orphans())
    if orphans:
        names = ", ".join(f"{what} ({pid})" for pid, what in orphans)
        return Finding("processes", f"left alone: {names}", f"kill {' '.join(str(pid) for pid, _ in orphans)}")
    return Finding("processes", "none was left alone")


def find_torn(cache: Cache) -> list[Path]:
    """Return the files of the cache that are no object: what DVC was writing when it was stopped."""
    files = (path for path in cache.folder.glob("*/*") if path.is_file())
    return sorted(path for path in files if not is_id(f"{path.parent.name}{path.name}"))


def _check_objects(cache: Cache) -> Finding:
    sizes = {oid: cache.path(oid).stat().st_size for oid in cache.ids()}
    if sum(sizes.values()) > HASHED_BYTES:
        return Finding("cache", f"{len(sizes)} objects, too many bytes to hash here: see `perennial verify-data`")
    damaged = find_damaged(cache)
    if damaged:
        owner = find_owners(read_lock(), cache).get(damaged[0])
        whose = f", {owner.path} of stage {owner.stage}" if owner else ""
        mend = "perennial verify-data --heal --cache-only"
        return Finding("cache", f"{len(damaged)} objects are damaged: {damaged[0]}{whose}", mend)
    return Finding("cache", f"{len(sizes)} objects, whole")


def check_cache() -> list[Finding]:
    """Judge DVC's cache: whole objects, nothing torn."""
    cache = open_cache()
    torn = find_torn(cache)
    found = [_check_objects(cache)]
    if torn:
        names = " ".join(f"'{path}'" for path in torn[:20])
        found.append(Finding("cache", f"{len(torn)} files that DVC was writing when it was stopped", f"rm -f {names}"))
    return found
