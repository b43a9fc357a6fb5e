import json
from typing import Any

import numpy as np
import pytest
from optuna.distributions import FloatDistribution

from perennial.model.boosting import Rows
from perennial.model.candidates import (
    FAMILIES,
    Candidate,
    Lesson,
    count_rounds,
    find_family,
    fit_candidate,
    fit_watched,
    plan_families,
    score_raw,
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


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_every_family_begins_inside_its_own_space(name: str) -> None:
    family = FAMILIES[name]
    assert family.first.keys() == family.space.keys()
    for setting, kind in family.space.items():
        assert kind._contains(kind.to_internal_repr(family.first[setting]))


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
