import time
from pathlib import Path

import pytest

from perennial.io.remote import Remote
from perennial.io.transfer import explain_words, run_dvc, transfer
from perennial.refusal import Refusal
from tests.io.repository import make_repository


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make_repository(tmp_path / "project", monkeypatch)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("ERROR: Unable to acquire lock. Most likely another", "another DVC command is running here"),
        ("ERROR: '/x/out' is busy, it is being blocked by:\n (PID 3)", "another DVC command holds some outputs"),
        ("ERROR: Unable to read RWLock-file. JSON structure is corrupted", "`rm .dvc/tmp/rwlock`"),
        ("ERROR: unexpected error - [Errno 28] No space left on device", "the disk is full"),
        (
            "Checkout failed for following targets:\nout\none.txt\nIs your cache up to date?",
            "no sound copy of out, one.txt",
        ),
        ("noise\nERROR: unexpected error - it  broke.\nAny troubles?", "DVC says: it broke."),
        ("", "DVC says: it said nothing."),
    ],
)
def test_what_dvc_says_becomes_one_sentence(words: str, sentence: str) -> None:
    assert sentence in explain_words(words)
    assert "\n" not in explain_words(words)


def test_a_command_is_stopped_at_its_end() -> None:
    start = time.monotonic()
    ended = run_dvc("status", seconds=0.1)
    assert ended.code is None
    assert "did not end within 0.1 s" in ended.reason
    assert time.monotonic() - start < 30


def test_a_remote_that_falls_silent_ends_the_command_before_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perennial.io.transfer.WATCH_SECONDS", 0.05)
    ended = run_dvc("status", seconds=3600, probe=lambda: "nothing answers.")
    assert (ended.code, ended.reason) == (None, "nothing answers.")


def test_a_remote_that_is_not_verified_is_refused(tmp_path: Path) -> None:
    remote = Remote("storage", str(tmp_path), verify=False, options={})
    with pytest.raises(Refusal, match="`dvc remote modify storage verify true`"):
        transfer("push", remote, seconds=60)
