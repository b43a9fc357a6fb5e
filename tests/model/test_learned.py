"""What is learned of outcomes is said of training rows by other rows only."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from perennial.data.contract import Column
from perennial.model.encoding import encode_learned, fit_encoder
from perennial.model.frames import encode_frame
from perennial.model.learned import PARTS, Truth, has_means, part_rows, read_outcomes

COLUMNS = {"text": Column("said", "text"), "category": Column("said", "category")}


def make_remarks(rows: int, seed: int = 0) -> pd.Series:
    """Remarks of a few ordinary words each."""
    draw = np.random.default_rng(seed)
    words = np.array(["late", "rude", "great", "kind", "parcel", "the", "and", "driver", "again", "box"])
    return pd.Series([" ".join(draw.choice(words, 4)) for _ in range(rows)], name="said")


def judge_remarks(said: pd.Series, seed: int = 1) -> np.ndarray:
    """Late and rude ones are bad, great and kind ones are not, give or take."""
    told = said.str.count("late|rude") - said.str.count("great|kind")
    return (told + np.random.default_rng(seed).normal(size=len(said)) > 0.2).to_numpy(float)


def gap(values: np.ndarray, y: np.ndarray) -> float:
    """How many deviations the two classes lie apart."""
    return float((values[y == 1].mean() - values[y == 0].mean()) / values.std())


def test_words_tell_of_rows_never_seen() -> None:
    said, other = make_remarks(600), make_remarks(400, seed=7)
    truth = Truth(judge_remarks(said), 2)
    state = fit_encoder(said.to_frame(), [COLUMNS["text"]], truth=truth)
    assert state["features"] == ["said.score", "said.words"]
    assert gap(encode_frame(state, other.to_frame())[:, 0], judge_remarks(other, 2)) > 1.0


@pytest.mark.parametrize("kind", ["text", "category"])
def test_of_noise_nothing_is_learned_that_training_rows_would_believe(kind: str) -> None:
    draw = np.random.default_rng(3)
    words = [f"w{number}" for number in draw.integers(0, 300, 1200)]
    frame, y = pd.DataFrame({"said": words}), (draw.random(1200) > 0.5).astype(float)
    truth = Truth(y, 2)
    state = fit_encoder(frame, [COLUMNS[kind]], truth=truth, max_categories=10, min_count=1)
    place = 0 if kind == "text" else 1
    naive, honest = (
        np.nan_to_num(matrix[:, place], nan=0.5)
        for matrix in (encode_frame(state, frame), encode_learned(state, frame, truth))
    )
    assert gap(naive, y) > 0.5, "rows that were learned from flatter themselves"
    assert abs(gap(honest, y)) < 0.2


@pytest.mark.parametrize(("y", "classes", "outputs"), [([0.0, 1.0], 2, 1), ([0.0, 2.0], 3, 3), ([5.0, -1.0], 0, 1)])
def test_each_task_has_its_outcomes(y: list[float], classes: int, outputs: int) -> None:
    truth = Truth(np.array(y), classes)
    assert read_outcomes(truth).shape == (2, outputs)
    frame = pd.DataFrame({"said": ["late again", "kind"]})
    state = fit_encoder(frame, [COLUMNS["text"]], truth=truth)
    assert encode_learned(state, frame, truth).shape == (2, outputs + 1)


def test_one_mad_value_does_not_bend_a_regression() -> None:
    y = np.append(np.arange(200.0), 1e12)
    assert read_outcomes(Truth(y, 0)).max() < 200


def test_many_levels_have_means() -> None:
    frame = pd.DataFrame({"said": [f"town {number % 300}" for number in range(3000)]})
    y = (frame["said"].str[-1] == "7").to_numpy(float)
    state = fit_encoder(frame, [COLUMNS["category"]], truth=Truth(y, 2))
    assert state["features"] == ["said", "said.mean"]
    means = encode_frame(state, pd.DataFrame({"said": ["town 7", "town 8", "elsewhere", None]}))[:, 1]
    assert means[0] > 0.5 > means[1]
    assert np.isnan(means[2:]).all()


@pytest.mark.parametrize(
    ("levels", "rows", "means"), [(300, 10**6, True), (100, 4000, True), (100, 10**4, False), (8, 100, False)]
)
def test_few_levels_of_many_rows_need_no_means(levels: int, rows: int, means: bool) -> None:
    assert has_means(levels, rows, 256) is means


@pytest.mark.parametrize(
    ("values", "groups", "apart", "together"),
    [
        (["a", "b", "a", "c"], None, True, [(0, 2)]),
        (["a", "b", "a", "c"], ["g", "g", "h", "h"], False, [(0, 1), (2, 3)]),
    ],
)
def test_equal_texts_and_groups_stay_together(
    values: list[str], groups: list[str] | None, apart: bool, together: list[tuple[int, int]]
) -> None:
    truth = Truth(np.zeros(4), 2, groups=None if groups is None else pd.Series(groups))
    parts = part_rows(truth, values, apart=apart)
    assert all(parts[left] == parts[right] for left, right in together)
    assert set(part_rows(Truth(np.zeros(50), 2), ["same"] * 50, apart=False)) == set(range(PARTS))


@pytest.mark.parametrize("said", [[None] * 6, ["", ".", None, "", "", ""], ["one"] * 6])
def test_texts_that_say_nothing_are_taken(said: list[Any]) -> None:
    frame, truth = pd.DataFrame({"said": pd.Series(said, dtype=object)}), Truth(np.array([0.0, 1] * 3), 2)
    state = fit_encoder(frame, [COLUMNS["text"]], truth=truth)
    assert encode_learned(state, frame, truth).shape == (6, 2)
