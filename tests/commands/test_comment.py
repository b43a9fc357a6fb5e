import shutil
from pathlib import Path

import pytest

from perennial.refusal import Refusal
from tests.conftest import ROOT
from tests.pulls import commit, make_repository, perennial, set_success


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A repository with the project's own metrics, and the commit of its base."""
    make_repository(tmp_path)
    shutil.copytree(ROOT / "metrics", tmp_path / "metrics", dirs_exist_ok=True)
    shutil.copy(ROOT / "dvc.lock", tmp_path)
    monkeypatch.chdir(tmp_path)
    return commit("base")


def test_the_comment_is_written_whole(base: str) -> None:
    set_success(0.05)
    perennial(
        "comment", "--base", base, "--page", "https://github.com/x/y/actions/runs/1", "--out", "reports/comment.md"
    )
    text = Path("reports/comment.md").read_text()
    assert text.startswith("## ✓ Blessed: Log loss ")
    assert "| problem.success | 0.03 | 0.05 |" in text
    assert "No check of the gate moved." in text
    assert "No stage differs from the base." in text
    assert "[The whole page](https://github.com/x/y/actions/runs/1)" in text
    assert "not what the code gives" not in text, "nothing ran here: nothing is said of it"


def test_the_difference_is_paired_by_the_days_of_the_test(base: str) -> None:
    losses = Path("metrics/plots/blocks.csv")
    lines = losses.read_text().splitlines()
    better = [f"{day},{float(loss) * 0.9!r},{weight}" for day, loss, weight in (line.split(",") for line in lines[1:])]
    losses.write_text("\n".join([lines[0], *better]) + "\n")
    perennial("comment", "--base", base, "--out", "reports/comment.md")
    text = Path("reports/comment.md").read_text()
    assert "(paired difference −0." in text.splitlines()[0]
    assert f"Paired by block ({len(better)} of them)" in text


@pytest.mark.parametrize("word", ["", "0" * 40])
def test_no_base_is_said_plainly(base: str, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    perennial("comment", "--base", word)
    text = capsys.readouterr().out
    assert "the base has no metrics to compare with" in text.splitlines()[0]
    assert "Compared with nothing: there is no base." in text


def test_an_unknown_base_is_refused_and_nothing_is_written(base: str) -> None:
    with pytest.raises(Refusal, match="'elsewhere' is no revision"):
        perennial("comment", "--base", "elsewhere", "--out", "reports/comment.md")
    assert not Path("reports/comment.md").exists()
