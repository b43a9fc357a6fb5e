"""A release set down whole, before its first step."""

from pathlib import Path

import pytest

from perennial.io.release import PENDING, finish_release, read_pending, refuse_own_changes, set_down, write_entry
from perennial.refusal import Refusal

FOUND = {"bundle": "b" * 64, "bento": "d" * 64, "revision": "a" * 40}


def test_a_release_is_pending_from_when_it_is_set_down_whole(released: Path) -> None:
    entry = write_entry("promote", "v1.2.0", "prod", "why", FOUND)
    assert entry["author"] == "Ann Other <ann@example.org>"
    with pytest.raises(KeyboardInterrupt), set_down(entry):
        raise KeyboardInterrupt
    assert read_pending() is None
    with set_down(entry) as bento:
        (bento / "a").write_text("")
        assert read_pending() is None
    pending = read_pending()
    assert pending is not None
    assert pending.pop("time").endswith("Z")
    assert pending == entry


def test_a_pending_bento_that_was_altered_is_not_released(released: Path) -> None:
    with set_down(write_entry("promote", "v1.2.0", "prod", "why", FOUND)) as bento:
        (bento / "SHA256SUMS").write_text("")
        (bento / "extra").write_text("")
    with pytest.raises(Refusal, match="extra is extra"):
        finish_release()
    assert PENDING.exists()


@pytest.mark.parametrize("name", ["models/champion.json", "models/releases.jsonl", "models/champion.dvc"])
def test_a_file_of_the_release_that_somebody_changed_is_not_overwritten(released: Path, name: str) -> None:
    refuse_own_changes()
    Path(name).write_text(Path(name).read_text() + "\n")
    with pytest.raises(Refusal, match=f"{name} is not as committed"):
        refuse_own_changes()
