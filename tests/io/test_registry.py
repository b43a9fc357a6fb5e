"""GTO's tags, read and made in a real repository."""

from pathlib import Path

import pytest

from perennial.io.registry import (
    assign_stage,
    commit_of,
    list_stages,
    list_versions,
    register_version,
    stages_of,
    version_tag,
)
from perennial.refusal import Refusal
from tests.released import call


def test_versions_and_the_stages_they_hold_are_read_from_the_tags(released: Path) -> None:
    assert list_versions() == ["v1.0.0", "v1.1.0"]
    assert list_stages() == {"prod": "v1.1.0"}
    assign_stage("v1.0.0", "staging", "to try")
    assign_stage("v1.0.0", "prod", "back")
    assert list_stages() == {"prod": "v1.0.0", "staging": "v1.0.0"}
    assert stages_of("v1.0.0", list_stages()) == ["prod", "staging"]
    assert stages_of("v1.1.0", list_stages()) == []
    # What others are told is the same: two tags of one second would be read in any order.
    told = call("gto", "show", "--json")
    assert '"prod": "v1.0.0"' in told
    assert '"version": "v1.1.0"' in told
    call("gto", "deprecate", "perennial", "v1.0.0", "staging")
    assert list_stages() == {"prod": "v1.0.0"}


def test_tags_carry_who_and_why(released: Path) -> None:
    assert call("git", "cat-file", "-t", "perennial@v1.1.0") == "tag\n"
    said = call("git", "tag", "-l", "--format=%(taggername)|%(contents)", "perennial@v1.1.0", "perennial#prod#2")
    assert said.count("Ann Other|Promote v1.1.0 (prod): a new season") == 2
    assert commit_of(version_tag("v1.1.0")) == call("git", "rev-parse", "HEAD").strip()


def test_what_gto_refuses_is_said_in_its_words(released: Path) -> None:
    with pytest.raises(Refusal, match=r"GTO did not register v1\.1\.0"):
        register_version("v1.1.0", "HEAD~1", "again")
    with pytest.raises(Refusal, match=r"GTO did not assign prod to v9\.0\.0"):
        assign_stage("v9.0.0", "prod", "again")
