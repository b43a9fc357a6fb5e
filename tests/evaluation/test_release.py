"""The names and words of a release."""

import pytest

from perennial.evaluation.release import (
    check_words,
    describe_release,
    find_promotion,
    name_version,
    next_version,
    shorten,
    tabulate,
    version_order,
)
from perennial.refusal import Refusal

ENTRY = {
    "action": "promote",
    "version": "v1.1.0",
    "stage": "prod",
    "time": "2013-09-01T12:00:00Z",
    "revision": "a" * 40,
    "bundle": "b" * 64,
    "author": "Ann Other <ann@example.org>",
    "reason": "a new season",
}


@pytest.mark.parametrize(
    ("known", "same", "version"),
    [
        ([], True, "v1.0.0"),
        ([], False, "v1.0.0"),
        (["v1.0.0"], True, "v1.1.0"),
        (["v1.0.0"], False, "v2.0.0"),
        (["v1.9.0", "v1.10.0"], True, "v1.11.0"),
        (["v2.0.0", "v1.3.0"], True, "v2.1.0"),
    ],
)
def test_the_first_number_moves_when_callers_must_change(known: list[str], same: bool, version: str) -> None:
    assert next_version(known, same) == version


def test_a_version_may_be_written_without_its_v() -> None:
    assert name_version("1.0.0", ["v1.0.0"]) == name_version("v1.0.0", ["v1.0.0"]) == "v1.0.0"


@pytest.mark.parametrize(
    ("known", "sentence"),
    [([], "nothing is released yet"), (["v1.10.0", "v1.9.0"], r"there are v1\.9\.0, v1\.10\.0")],
)
def test_an_unknown_version_is_refused_with_those_there_are(known: list[str], sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        name_version("1", known)


def test_a_tag_that_is_no_version_is_refused() -> None:
    with pytest.raises(Refusal, match="latest is no version"):
        version_order("latest")


@pytest.mark.parametrize("stage", ["", "Prod", "a b", "prod#1", "prod/eu", "-prod", "x" * 40])
def test_a_stage_that_no_tag_can_carry_is_refused(stage: str) -> None:
    with pytest.raises(Refusal, match="is no stage"):
        check_words(stage, "why")


@pytest.mark.parametrize("reason", ["", "  ", "two\nlines"])
def test_a_reason_is_one_line_that_says_something(reason: str) -> None:
    check_words("prod", "weil der Sommer vorbei ist: größer")
    with pytest.raises(Refusal, match="is not one line of text"):
        check_words("prod", reason)


def test_a_release_is_told_in_one_sentence() -> None:
    assert describe_release(ENTRY) == "Promote v1.1.0 (prod): a new season"
    assert describe_release(ENTRY | {"action": "rollback"}) == "Roll back to v1.1.0 (prod): a new season"


def test_the_line_that_made_a_version_is_its_promotion() -> None:
    back = ENTRY | {"action": "rollback"}
    assert find_promotion([back, ENTRY, ENTRY | {"stage": "staging"}], "v1.1.0") == ENTRY
    with pytest.raises(Refusal, match=r"does not say how v1\.1\.0 was made"):
        find_promotion([back], "v1.1.0")


def test_the_table_is_aligned_and_says_where_no_stage_is_held() -> None:
    rows = [shorten(ENTRY, ["prod", "staging"]), shorten(ENTRY | {"version": "v1.10.0"}, [])]
    head, first, second = tabulate(rows).splitlines()
    assert head.split() == ["version", "stages", "released", "bundle", "revision", "author", "reason"]
    assert first.index("prod, staging") == second.index("-  ") == head.index("stages")
    assert first.endswith("a new season")
    assert "b" * 12 in first
    assert "b" * 13 not in first
