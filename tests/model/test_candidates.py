import json
from typing import Any

import numpy as np
import pytest
from optuna.distributions import FloatDistribution

from perennial.model.boosting import Rows
from perennial.model.candidates import (
    FAMILIES,
    FEW_ROWS,
    Candidate,
    Lesson,
    count_rounds,
    find_family,
    fit_candidate,
    fit_watched,
    plan_families,
    score_raw,
    size_family,
)
from perennial.model.encoding import fit_encoder
from perennial.model.frames import encode_frame
from perennial.refusal import Refusal
from tests.model.examples import CLASSES, COLUMNS, make_frame, make_labels


def lesson_of(task: str, rows: int = 400) -> Lesson:
    frame = make_frame(rows)
    encoder = fit_encoder(frame, COLUMNS)
    return Lesson(Rows(encode_frame(encoder, frame), make_labels(frame, task)), encoder, task, len(CLASSES[task]))


def shape_of(task: str, rows: int) -> tuple[int, ...]:
    return (rows, 3) if task == "multiclass" else (rows,)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_every_family_fits_every_task(name: str, task: str) -> None:
    lesson = lesson_of(task)
    content = fit_candidate(Candidate(name, FAMILIES[name].first), lesson, fixed={"num_iterations": 5})
    raw = score_raw(content, lesson.rows.X)
    assert raw.shape == shape_of(task, 400)
    assert np.isfinite(raw).all()
    json.dumps(content)


@pytest.mark.parametrize(("task", "expected"), [("binary", 7), ("multiclass", 7), ("regression", 7)])
def test_rounds_are_counted_per_output(task: str, expected: int) -> None:
    lesson = lesson_of(task)
    fixed: dict[str, Any] = {"num_iterations": 7}
    content = fit_candidate(Candidate("lightgbm", FAMILIES["lightgbm"].first), lesson, fixed=fixed)
    assert count_rounds(content) == expected
    linear = fit_candidate(Candidate("linear", {"C": 1.0}), lesson, fixed=fixed)
    assert count_rounds(linear) == 0


def test_watched_rows_stop_the_boosting() -> None:
    lesson = lesson_of("binary")
    noise = Rows(lesson.rows.X, np.random.default_rng(0).integers(0, 2, 400).astype(float))
    fixed = {"num_iterations": 200, "early_stopping_round": 5}
    candidate = Candidate("lightgbm", FAMILIES["lightgbm"].first)
    early, late = fit_watched(candidate, lesson, [noise, lesson.rows], fixed=fixed)
    assert count_rounds(early) < 50 < count_rounds(late)
    alone = fit_watched(candidate, lesson, [noise], fixed=fixed)
    assert alone == [early]
    assert len(fit_watched(Candidate("linear", {"C": 1.0}), lesson, [noise, lesson.rows])) == 2


def test_watched_rows_count_by_their_weights() -> None:
    lesson, fixed = lesson_of("binary"), {"num_iterations": 200, "early_stopping_round": 5}
    labels = np.where(np.arange(400) < 200, lesson.rows.y, 1 - lesson.rows.y)
    masses = (np.where(np.arange(400) < 200, one, 1.0) for one in (100.0, 0.01))
    watched = [Rows(lesson.rows.X, labels, mass) for mass in masses]
    believed, doubted = fit_watched(Candidate("lightgbm", FAMILIES["lightgbm"].first), lesson, watched, fixed=fixed)
    assert count_rounds(doubted) < count_rounds(believed)


def test_threads_do_not_change_a_member() -> None:
    lesson, candidate = lesson_of("binary"), Candidate("lightgbm", FAMILIES["lightgbm"].first)
    one, two = (fit_candidate(candidate, lesson, threads=n, fixed={"num_iterations": 20}) for n in (1, 2))
    assert one == two


@pytest.mark.parametrize(
    ("names", "trials", "expected"),
    [
        (["lightgbm"], 3, ["lightgbm"] * 3),
        (["lightgbm", "linear"], 2, ["lightgbm", "linear"]),
        (["linear", "lightgbm"], 6, ["linear", "lightgbm", "lightgbm", "lightgbm", "lightgbm", "lightgbm"]),
    ],
)
def test_plan_gives_each_family_one_and_then_its_share(names: list[str], trials: int, expected: list[str]) -> None:
    assert plan_families(names, trials) == expected


def test_a_longer_plan_begins_like_a_shorter_one() -> None:
    names = ["lightgbm", "linear"]
    assert plan_families(names, 40)[:17] == plan_families(names, 17)
    assert plan_families(names, 40).count("linear") == 8


def test_unknown_family_and_too_few_trials_are_refused() -> None:
    with pytest.raises(Refusal, match="'forest': choose from extra_trees, lightgbm, linear"):
        find_family("forest")
    with pytest.raises(Refusal, match=r"search\.trials is 1 for 2 families"):
        plan_families(["lightgbm", "linear"], 1)


def test_a_new_family_is_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    linear = FAMILIES["linear"]
    ridge = type(linear)({"C": 0.5}, {"C": FloatDistribution(0.1, 1.0)}, linear.fit, share=0.5)
    monkeypatch.setitem(FAMILIES, "stiff", ridge)
    content = fit_candidate(Candidate("stiff", ridge.first), lesson_of("binary"))
    assert not isinstance(content, str)


@pytest.mark.parametrize("name", sorted(FAMILIES))
@pytest.mark.parametrize("rows", [20, 150, 1000, 5999, 6000, 60_000, None])
def test_a_family_begins_inside_of_its_space_however_few_the_rows(name: str, rows: int | None) -> None:
    family = size_family(name, rows)
    assert family.first.keys() == family.space.keys()
    for setting, kind in family.space.items():
        assert kind._contains(kind.to_internal_repr(family.first[setting])), setting
    if rows is None or rows >= FEW_ROWS:
        assert (family.first, family.space) == (FAMILIES[name].first, FAMILIES[name].space)


@pytest.mark.parametrize(("rows", "leaf"), [(150, 5), (1000, 16), (5999, 99), (6000, 100)])
def test_a_leaf_begins_with_a_part_of_a_small_table(rows: int, leaf: int) -> None:
    assert size_family("lightgbm", rows).first["min_data_in_leaf"] == leaf


def test_a_small_table_is_learned_by_the_first_setting() -> None:
    """Of 120 rows no leaf of a hundred can be cut off: the first setting for many rows learns nothing from them."""
    lesson = lesson_of("binary", 120)

    def spread(rows: int | None) -> float:
        candidate = Candidate("lightgbm", size_family("lightgbm", rows).first)
        raw = score_raw(fit_candidate(candidate, lesson, fixed={"num_iterations": 30}), lesson.rows.X)
        return float(np.std(raw))

    assert spread(None) < 1e-12
    assert spread(120) > 0.3
