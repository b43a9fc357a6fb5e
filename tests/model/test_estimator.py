import base64
import json
from os.path import join

import numpy as np
import pytest
from optuna.distributions import IntDistribution
from sklearn.preprocessing import FunctionTransformer
from skops.io import dumps

from perennial.model.candidates import score_raw
from perennial.model.estimator import refuse_untrusted
from perennial.model.estimator_fit import estimator_family
from perennial.model.predictor import name_kind
from perennial.refusal import Refusal
from tests.model.test_candidates import lesson_of, shape_of

FOREST = estimator_family(
    classifier="sklearn.ensemble.RandomForestClassifier",
    regressor="sklearn.ensemble.RandomForestRegressor",
    fixed={"n_estimators": 4},
    first={"max_depth": 3},
    space={"max_depth": IntDistribution(2, 5)},
)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_an_estimator_fits_every_task_and_one_row_scores_as_among_many(task: str) -> None:
    lesson = lesson_of(task)
    content = FOREST.fit(lesson, FOREST.first, 1, ())[0]
    raw = score_raw(content, lesson.rows.X)
    assert name_kind(content) == "estimator"
    assert raw.shape == shape_of(task, 400)
    assert np.isfinite(raw).all()
    np.testing.assert_allclose(score_raw(content, lesson.rows.X[7:8])[0], raw[7], atol=1e-12)
    assert len(score_raw(content, lesson.rows.X[:0])) == 0
    json.dumps(content)


def test_the_same_rows_give_the_same_bytes() -> None:
    first, second = (FOREST.fit(lesson_of("binary"), FOREST.first, 1, ())[0] for _ in range(2))
    assert first == second


def test_a_type_that_nobody_trusts_is_refused_when_it_is_packed_and_when_it_is_read() -> None:
    content = dict(FOREST.fit(lesson_of("binary"), FOREST.first, 1, ())[0])
    refuse_untrusted([content], content["trusted"])
    with pytest.raises(Refusal, match=r"_tree\.Tree, .* train\.trusted_types"):
        refuse_untrusted([content], [])
    foreign = content | {"skops": base64.b64encode(dumps(FunctionTransformer(join))).decode()}
    with pytest.raises(Refusal, match="not trusted"):
        score_raw(foreign, lesson_of("binary").rows.X)
