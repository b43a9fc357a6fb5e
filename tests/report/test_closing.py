from typing import Any

import pytest

from perennial.report.blocks import Table, Terms, Text
from perennial.report.closing import tell_champion, tell_provenance, tell_rehearsal
from tests.report.example import BUNDLE, binary_facts, slice_of


def with_champion(**champion: Any) -> dict[str, Any]:
    facts = binary_facts()
    facts["evaluation"]["champion"] = {"bundle": "old", "same": False, "obstacle": None} | champion
    facts["evaluation"]["improvement"]["over_champion"] = {"value": -0.01, "interval": [-0.02, 0.0]}
    worse = slice_of("origin", "LGA", 0.1) | {"over_champion": {"value": -0.05, "interval": [-0.1, 0.0]}}
    facts["evaluation"]["slices"] = [worse]
    return facts


@pytest.mark.parametrize(
    ("rehearsal", "start"),
    [
        ({"passed": True, "checks": [{"name": "a", "passed": True}]}, "The packaged model was started"),
        ({"rehearsed": False, "reason": "the model is not blessed."}, "○ Not rehearsed: the model is not blessed."),
        (None, "○ Not rehearsed"),
    ],
)
def test_rehearsal(rehearsal: dict[str, Any] | None, start: str) -> None:
    text = tell_rehearsal(binary_facts(rehearsal=rehearsal)).blocks[0]
    assert isinstance(text, Text)
    assert text.text.startswith(start)


@pytest.mark.parametrize(
    ("facts", "start"),
    [
        (binary_facts(), "There is no released model yet"),
        (with_champion(same=True), "Nothing: this is the released model"),
        (with_champion(obstacle="It was trained on 5 of the test rows."), "○ It was trained on 5 of the test rows."),
        (with_champion(metrics={}), "Both models were judged on the same rows"),
    ],
)
def test_what_changed(facts: dict[str, Any], start: str) -> None:
    text = tell_champion(facts).blocks[0]
    assert isinstance(text, Text)
    assert text.text.startswith(start)


def test_scores_of_both_models_and_the_groups_that_lost() -> None:
    told, scores, groups = tell_champion(with_champion(metrics={"log_loss": 0.489, "auc": {"value": 0.77}})).blocks
    assert isinstance(told, Text)
    assert "1.0 % worse" in told.text.replace("\u00a0", " ")
    assert isinstance(scores, Table)
    assert scores.rows == (
        ("AUC", "better", "0.7720", "0.7700", "+0.0020"),
        ("Log loss", "worse", "0.4940", "0.4890", "+0.0050"),
    )
    assert isinstance(groups, Table)
    assert groups.rows[0][:2] == ("origin", "LGA")


def test_provenance_names_the_bundle() -> None:
    terms = tell_provenance(binary_facts()).blocks[1]
    assert isinstance(terms, Terms)
    assert {("As of", "2013-09-01"), ("Bundle", BUNDLE)} <= set(terms.pairs)
