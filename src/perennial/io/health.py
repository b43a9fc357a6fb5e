"""What the doctor sees of Git, of the declarations and of the remote; and all of it in order."""

from collections.abc import Iterator
from pathlib import Path

from perennial.io.contract import read_contract
from perennial.io.finding import Finding
from perennial.io.git import ask_git, unmerged_files
from perennial.io.machine import check_disk, check_environment, check_openmp, check_python
from perennial.io.objects import LOCK, read_lock
from perennial.io.params import graph_params, read_params
from perennial.io.remote import probe_remote, read_config, read_remote, refuse_unverified
from perennial.io.traces import check_cache, check_locks, check_processes, check_scratch
from perennial.refusal import Refusal

PROBE_SECONDS = 3.0


def refused_finding(subject: str, refusal: Refusal) -> Finding:
    """Return the finding of a refusal: its last part says what mends it."""
    what, _, mend = str(refusal).rpartition(": ")
    return Finding(subject, what, mend.rstrip("."))


def check_git() -> Finding:
    """Judge the state of Git: a repository, no conflict, everything that DVC writes into Git committed."""
    if ask_git("rev-parse", "--git-dir") is None:
        return Finding("Git", "this is no Git repository", "git init && git add . && git commit -m start")
    conflicts = unmerged_files()
    if "dvc.lock" in conflicts:
        return Finding("Git", "a merge left dvc.lock in conflict", "perennial merge-lock")
    if conflicts:
        return Finding(
            "Git", f"a merge left {sorted(conflicts)[0]} in conflict", "edit it, then `git add` and `git commit`"
        )
    changed = (ask_git("status", "--porcelain", "--untracked-files=no") or "").splitlines()
    if changed:
        names = ", ".join(line[3:] for line in changed[:3])
        return Finding(
            "Git", f"{len(changed)} files are not committed: {names}", "git commit -a, or git stash", note=True
        )
    return Finding("Git", "everything is committed")


def check_dvc_lock() -> Finding:
    """Judge whether dvc.lock is there and can be read."""
    if not Path(LOCK).is_file():
        return Finding(LOCK, "not there, nothing has run yet", "dvc repro")
    try:
        return Finding(LOCK, f"{len(read_lock()['stages'])} stages")
    except Refusal as refusal:
        return refused_finding(LOCK, refusal)


def check_declarations() -> Iterator[Finding]:
    """Judge params.yaml and data/contract.yaml."""
    try:
        read_params(tuple(sorted(graph_params())))
        yield Finding("params.yaml", "every key and value can be used")
    except Refusal as refusal:
        yield refused_finding("params.yaml", refusal)
    try:
        read_contract()
        yield Finding("data/contract.yaml", "can be used")
    except Refusal as refusal:
        yield refused_finding("data/contract.yaml", refusal)


def check_remote(seconds: float = PROBE_SECONDS) -> Finding:
    """Judge whether a remote is set, verified, and answers; without one outputs are on this machine alone."""
    try:
        if not read_config().get("core", {}).get("remote"):
            return Finding("remote", "none, the outputs are on this machine alone", "perennial remote URL", note=True)
        remote = read_remote()
        refuse_unverified(remote)
        probe_remote(remote, seconds)
    except Refusal as refusal:
        return refused_finding("remote", refusal)
    return Finding("remote", f"{remote.url} answers and is verified")


def examine() -> Iterator[Finding]:
    """Look at everything, the cheapest first."""
    yield from (check_python(), check_openmp(), check_environment(), check_disk(), check_git())
    if not Path(".dvc").is_dir():
        yield Finding("DVC", ".dvc is not there", "run this in the root of the repository, or `dvc init`")
        return
    yield from check_declarations()
    yield from (check_dvc_lock(), check_locks(), check_scratch(), check_processes())
    try:
        yield from check_cache()
    except Refusal as refusal:
        yield refused_finding("cache", refusal)
    yield check_remote()
