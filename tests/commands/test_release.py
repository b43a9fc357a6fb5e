"""Promotion and rollback in a real Git and DVC repository."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from perennial.io.bento import verify_sums
from perennial.io.bundle import bundle_hash
from perennial.io.files import read_json
from perennial.io.release import PENDING
from perennial.refusal import Refusal
from tests.released import call, pack, run

FIRST = ("rollback", "1.0.0", "--reason", "the second warns nobody")
AGAIN = ("promote", "--reason", "once more")
HASHES = ("bundle", "bento", "revision")


def read_trail() -> list[dict[str, str]]:
    return [json.loads(line) for line in Path("models/releases.jsonl").read_text().splitlines()]


def read_state() -> dict[str, str]:
    """Return everything that a release may change."""
    return {
        "commits": call("git", "log", "--format=%H"),
        "tags": call("git", "for-each-ref", "refs/tags"),
        "changes": call("git", "status", "--porcelain"),
        "champion": Path("models/champion/SHA256SUMS").read_text(),
    }


def test_a_rollback_makes_an_older_version_the_champion_while_the_remote_is_down(
    released: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not (released.parent / "store").exists()
    head, trail, start = read_head(), Path("models/releases.jsonl").read_text(), time.monotonic()
    run(*FIRST)
    assert time.monotonic() - start < 60
    assert call("git", "status", "--porcelain") == ""
    changed = call("git", "diff", "--name-only", head, "HEAD").split()
    assert changed == ["models/champion.dvc", "models/champion.json", "models/releases.jsonl"]
    verify_sums("models/champion")
    named = read_json("models/champion.json")
    assert named["version"] == "v1.0.0"
    assert named["bundle"] == bundle_hash("models/champion/src/bundle")

    assert Path("models/releases.jsonl").read_text().startswith(trail)
    made, line = read_trail()[0], read_trail()[-1]
    assert (line["action"], line["version"], line["stage"]) == ("rollback", "v1.0.0", "prod")
    assert (line["author"], line["reason"]) == ("Ann Other <ann@example.org>", "the second warns nobody")
    assert [line[name] for name in HASHES] == [made[name] for name in HASHES]
    assert call("git", "log", "-1", "--format=%s") == "Roll back to v1.0.0 (prod): the second warns nobody\n"

    before = read_state()
    run(*FIRST)
    assert read_state() == before, "a second time changes nothing"
    assert "prod is v1.0.0 already: nothing to change" in capsys.readouterr().out


def read_head() -> str:
    return call("git", "rev-parse", "HEAD").strip()


def test_the_released_bento_promoted_again_changes_nothing_and_says_so(
    released: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = read_state()
    run(*AGAIN)
    assert read_state() == before
    assert "prod is v1.1.0 with this very bento already: nothing to change" in capsys.readouterr().out


def test_the_champion_takes_another_stage_by_a_tag_and_a_line(released: Path) -> None:
    before = read_head()
    run(*AGAIN, "--stage", "staging")
    assert call("git", "diff", "--name-only", before, "HEAD").split() == ["models/releases.jsonl"]
    assert read_trail()[-1]["stage"] == "staging"
    assert call("git", "tag", "--points-at", before).split() == [
        "perennial#prod#2",
        "perennial#staging#3",
        "perennial@v1.1.0",
    ]


@pytest.mark.parametrize("words", [FIRST, (*AGAIN, "--stage", "staging"), pytest.param(AGAIN, marks=pytest.mark.slow)])
def test_a_dry_run_says_and_changes_nothing(
    released: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    if words == AGAIN:
        pack(-3.0, "a third season")
    before = read_state()
    run(*words, "--dry-run")
    assert read_state() == before
    assert "would change" in capsys.readouterr().out


KILL = """
import os, signal, sys
import perennial.io.champion, perennial.io.release
module, step = sys.argv.pop(1).rsplit(".", 1)
setattr(sys.modules[module], step, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
from perennial.cli import main
main()
"""
STEPS = (
    "perennial.io.release.hold_bento",
    "perennial.io.champion.track",
    "perennial.io.champion.write_json",
    "perennial.io.release.write_text",
    "perennial.io.release.commit_files",
    "perennial.io.release.assign_stage",
)


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_a_release_killed_between_its_steps_is_finished_by_the_next(
    released: Path, step: str, capsys: pytest.CaptureFixture[str]
) -> None:
    done = subprocess.run([sys.executable, "-c", KILL, step, *FIRST], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    run(*FIRST)
    said = capsys.readouterr().out
    assert "finished the release of v1.0.0 to prod" in said
    assert "nothing to change" in said
    assert not PENDING.exists()
    assert call("git", "status", "--porcelain") == ""
    assert [line["version"] for line in read_trail()] == ["v1.0.0", "v1.1.0", "v1.0.0"]
    assert read_json("models/champion.json")["version"] == "v1.0.0"
    verify_sums("models/champion")
    assert len(call("git", "tag", "-l", "perennial#prod#*").split()) == 3


@pytest.mark.slow
def test_a_release_cut_short_on_another_commit_is_not_finished_here(released: Path) -> None:
    subprocess.run([sys.executable, "-c", KILL, STEPS[0], *FIRST], capture_output=True, check=False)
    call("git", "commit", "--quiet", "--allow-empty", "-m", "something else")
    with pytest.raises(Refusal, match=r"was begun at \w{12} and cut short: go back"):
        run(*FIRST)
    shutil.rmtree(PENDING)
    run(*FIRST, "--dry-run")


def test_a_version_that_the_cache_has_lost_is_refused_with_the_remedy(released: Path) -> None:
    shutil.rmtree(".dvc/cache")
    before = read_state()
    with pytest.raises(Refusal, match=r"v1\.0\.0 is not in the local cache: `dvc fetch --all-tags"):
        run(*FIRST)
    assert read_state() == before


def test_a_version_that_was_never_released_is_refused_with_those_that_were(released: Path) -> None:
    with pytest.raises(Refusal, match=r"no version 7 was released: there are v1\.0\.0, v1\.1\.0"):
        run("rollback", "7", "--reason", "x")


def test_a_clone_without_tags_is_refused(released: Path) -> None:
    call("git", "tag", "-d", "perennial@v1.1.0")
    with pytest.raises(Refusal, match="git fetch --tags"):
        run(*AGAIN)


def test_a_second_release_at_the_same_time_is_refused(released: Path) -> None:
    hold = "from perennial.io.release import hold_lock\nwith hold_lock(): print(1, flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(Refusal, match="another release is being made"):
            run(*FIRST)
        other.kill()


@pytest.mark.slow
def test_a_promotion_rehearses_in_a_fresh_environment_and_can_be_fetched_without_this_project(
    released: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pack(-3.0, "a third season")
    run(*AGAIN)
    said = capsys.readouterr().out
    assert "making a fresh environment" in said
    assert "prod is v1.2.0" in said
    assert not Path(".perennial/release-environment").exists()
    call("git", "clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    call("git", "remote", "add", "origin", str(tmp_path / "bare.git"))
    Path(".dvc/config.local").write_text(f"['remote \"store\"']\n    url = {tmp_path / 'store'}\n")
    call("dvc", "push", "--quiet")
    call("git", "push", "--quiet", "--follow-tags", "origin", "HEAD")

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    os.chdir(elsewhere)
    # As an address: DVC would take a path for a part of the repository that it lies in.
    source, store = (tmp_path / "bare.git").as_uri(), f"url={tmp_path / 'store'}"
    stage = ("--stage", "prod", "-o", "bento", "--remote", "store", "--remote-config", store)
    call("dvc", "artifacts", "get", source, "perennial", *stage)
    verify_sums("bento")
    assert "v1.2.0" in call("gto", "show", "--repo", source, "perennial")
