"""DVC, for real: what is stale, what is kept, and what comes back."""

from pathlib import Path

import pytest

from perennial.io.cache import has_remote, list_stale, restore_tracked, run_dvc, track
from perennial.refusal import Refusal


def test_a_folder_comes_back_from_the_cache_without_a_change_here(released: Path) -> None:
    Path("kept").mkdir()
    Path("kept/a.txt").write_text("1")
    track("kept")
    pointer = Path("kept.dvc").read_text()
    Path("kept/a.txt").write_text("2")
    with restore_tracked(pointer, "gone") as place:
        assert (place / "a.txt").read_text() == "1"
    assert not place.exists()
    assert Path("kept/a.txt").read_text() == "2"
    assert list_stale() == ["kept.dvc"]


def test_a_remote_counts_when_it_is_configured_for_everybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert not has_remote()
    Path(".dvc").mkdir()
    Path(".dvc/config").write_text("[core]\n    analytics = false\n")
    assert not has_remote()
    Path(".dvc/config").write_text("['remote \"store\"']\n    url = s3://bucket/100%\n")
    assert has_remote()


def test_what_dvc_refuses_is_said_in_its_words(released: Path) -> None:
    with pytest.raises(Refusal, match=r"`dvc remove` failed: .*absent\.dvc"):
        run_dvc("remove", "absent.dvc")
