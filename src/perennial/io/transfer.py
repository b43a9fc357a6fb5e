"""DVC's push and pull with an end: a deadline in all, an eye on the remote, and one sentence when it fails."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from perennial.io.process import die_with_parent
from perennial.io.remote import Remote, probe_remote, refuse_unverified
from perennial.io.scratch import scratch_folder
from perennial.refusal import Refusal

AGAIN = "What has arrived stays; run it again to send the rest"
WATCH_SECONDS = 5.0
SILENCES = 2
STOP_SECONDS = 3.0
KNOWN = (
    ("Unable to acquire lock", "another DVC command is running here: wait for it to end, then run this again."),
    ("is being blocked by", "another DVC command holds some outputs: wait for it, or see `perennial doctor`."),
    ("JSON structure is corrupted", ".dvc/tmp/rwlock is damaged: `rm .dvc/tmp/rwlock`, then run this again."),
    ("RWLock-file", ".dvc/tmp/rwlock is damaged: `rm .dvc/tmp/rwlock`, then run this again."),
    ("No space left", "the disk is full: make room, then run this again."),
    ("not inside of a DVC repository", "this is no DVC repository: run it in the root of the repository."),
)


LOST = re.compile(r"Checkout failed for following targets:\n(.*?)\nIs your cache", re.DOTALL)
ABSENT = re.compile(r"Missing cache files:\s*\n(.*)", re.DOTALL)


@dataclass(frozen=True)
class Ended:
    """How a command of DVC ended: its exit code (None when it was stopped), what it said, and why it was stopped."""

    code: int | None
    words: str
    reason: str = ""


def explain_words(words: str) -> str:
    """Return what DVC's output means in one sentence: a known failure, else its own last error."""
    for piece, sentence in KNOWN:
        if piece in words:
            return sentence
    lost = LOST.search(words)
    if lost:
        names = ", ".join(lost.group(1).split("\n")[:5])
        return (
            f"the remote holds no sound copy of {names}: whoever has it runs `perennial push`, "
            "`perennial verify-data` names what is damaged, and `dvc repro` makes it again."
        )
    lines = [" ".join(line.split()) for line in words.splitlines() if line.strip()]
    errors = [line.partition("ERROR: ")[2] for line in lines if "ERROR: " in line]
    said = (errors or lines or ["it said nothing"])[-1].removeprefix("unexpected error - ")
    return f"DVC says: {said[:300].rstrip('.')}."


def _stop(process: "subprocess.Popen[bytes]") -> None:
    # Asked first, so that it takes its locks and temporary files along.
    for number in (signal.SIGINT, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)


def _find_silence(remote: Remote) -> str:
    """Return what is wrong with a remote in one sentence, or nothing."""
    try:
        probe_remote(remote)
    except Refusal as refusal:
        return str(refusal)
    return ""


def _watch(process: "subprocess.Popen[bytes]", seconds: float, probe: Callable[[], str]) -> str:
    """Wait for a process; return why it had to be stopped, or nothing when it ended by itself."""
    deadline, silences = time.monotonic() + seconds, 0
    while (left := deadline - time.monotonic()) > 0:
        with suppress(subprocess.TimeoutExpired):
            process.wait(min(WATCH_SECONDS, left))
            return ""
        silence = probe()
        silences = silences + 1 if silence else 0
        if silences >= SILENCES:
            return silence
    return f"it did not end within {seconds:g} s: raise remote.deadline_seconds of params.yaml."


def run_dvc(*words: str, seconds: float, probe: Callable[[], str] = str) -> Ended:
    """Run a command of DVC for at most `seconds`, and no longer than `probe` finds nothing wrong with the remote."""
    with scratch_folder("dvc") as folder, (folder / "words").open("w+b") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "dvc", *words],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            # Its own tries would take minutes.
            env=os.environ | {"AWS_MAX_ATTEMPTS": "2", "TMPDIR": str(folder)},
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        try:
            reason = _watch(process, seconds, probe)
        finally:
            if process.poll() is None:
                _stop(process)
        text = (folder / "words").read_text(encoding="utf-8", errors="replace")
        return Ended(code=None if reason else process.returncode, words=text, reason=reason)


def _refuse(verb: str, remote: Remote, reason: str) -> None:
    raise Refusal(f"the {verb} with remote {remote.name} ({remote.url}) stopped: {reason} {AGAIN}.")


def transfer(verb: str, remote: Remote, *, seconds: float, words: tuple[str, ...] = ()) -> str:
    """Push or pull within `seconds` and return DVC's last line; raises Refusal with the reason, safe to run again."""
    refuse_unverified(remote)
    probe_remote(remote)
    ended = run_dvc(verb, "--remote", remote.name, *words, seconds=seconds, probe=lambda: _find_silence(remote))
    if ended.reason:
        _refuse(verb, remote, ended.reason)
    if ended.code != 0:
        _refuse(verb, remote, _find_silence(remote) or explain_words(ended.words))
    if absent := ABSENT.search(ended.words):
        count = len(re.findall(r"md5: [0-9a-f]{32}", absent.group(1)))
        _refuse(verb, remote, f"{count} objects of this commit are neither here nor there: make them with `dvc repro`.")
    lines = re.findall(r"(?m)^(?:\d+ files? .*|Everything is up to date\.)$", ended.words)
    return lines[-1] if lines else "done"
