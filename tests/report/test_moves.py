from typing import Any

import pytest

from perennial.report.change import Run
from perennial.report.moves import draw_scores, score_table, tell_comparable, tell_move, tell_primary


def judged(value: float, rows: int = 100, metric: str = "log_loss") -> Run:
    score = {"value": value, "interval": [value - 0.1, value + 0.1], "direction": "lower"}
    auc = {"value": 0.7, "interval": [0.6, 0.8], "direction": "higher"}
    evaluation = {"metric": metric, "rows": rows, "metrics": {metric: score, "auc": auc}}
    return Run("r", metrics={"evaluation": evaluation | {"baselines": {"linear": {metric: 0.6}}}})


@pytest.mark.parametrize(
    ("old", "new", "direction", "told"),
    [
        (0.5, 0.4, "lower", "▼ −0.1000, better"),
        (0.4, 0.5, "lower", "▲ +0.1000, worse"),
        (0.4, 0.5, "higher", "▲ +0.1000, better"),
        (0.5, 0.5, "lower", "＝ the same"),
        (0.4, 0.5, None, "▲ +0.1000"),
        (None, 0.5, "lower", "–"),
    ],
)
def test_a_move_has_an_arrow_a_number_and_a_word(old: Any, new: Any, direction: Any, told: str) -> None:
    assert tell_move(old, new, direction) == told


@pytest.mark.parametrize(
    ("base", "told"),
    [
        (judged(0.5), "Log loss 0.5000 → 0.4000 ▼ −0.1000, better"),
        (Run("r"), "Log loss 0.4000, interval 0.3000 to 0.5000; the base has no metrics to compare with"),
        (judged(0.5, metric="rmse"), "Log loss 0.4000, interval 0.3000 to 0.5000; the base was judged by RMSE"),
    ],
)
def test_the_primary_score_in_one_line(base: Run, told: str) -> None:
    assert tell_primary(base, judged(0.4)) == told


def test_a_run_without_scores_says_so() -> None:
    assert tell_primary(judged(0.5), Run("r")) == "no score was measured"
    assert score_table(judged(0.5), Run("r")) is None


def test_other_test_rows_are_said() -> None:
    assert "cannot be compared" in tell_comparable(judged(0.5, rows=99), judged(0.4))
    assert "same test rows" in tell_comparable(judged(0.5), judged(0.4))
    assert tell_comparable(Run("r"), judged(0.4)) == ""


def test_a_paired_difference_is_told_with_its_interval() -> None:
    clear = {"value": -0.1, "interval": [-0.12, -0.08], "blocks": 62}
    assert tell_primary(judged(0.5), judged(0.4), clear).endswith("better (paired difference −0.1200 to −0.0800)")
    told = tell_comparable(judged(0.5), judged(0.4), clear)
    assert told.endswith("Paired by block (62 of them), −0.1000, interval −0.1200 to −0.0800: clear of chance.")
    vague = clear | {"interval": [-0.12, 0.01]}
    assert tell_comparable(judged(0.5), judged(0.4), vague).endswith("no change that is clear of chance.")


def test_the_primary_score_leads_the_table() -> None:
    table = score_table(judged(0.5), judged(0.4))
    assert table is not None
    assert [row[0] for row in table.rows] == ["Log loss", "AUC"]


def test_the_drawing_shows_base_now_and_the_linear_model() -> None:
    assert [line.split()[0] for line in draw_scores(judged(0.5), judged(0.4)).splitlines()[1:]] == [
        "base",
        "now",
        "linear",
    ]
