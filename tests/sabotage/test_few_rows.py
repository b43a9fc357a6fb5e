"""What cross-validation must not bless: labels that mean nothing, however much is tried on them."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from perennial.evaluation.intervals import Array
from perennial.evaluation.sample import Sample, improvement, stack_sample, take_sample
from perennial.io.files import read_json, sha256_file, write_json
from perennial.io.tables import read_table
from perennial.stages import evaluate, gate
from tests.stages.crosswise import failing, judge_table, make_table, read_judged, write_rows


def test_shuffled_labels_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_table(tmp_path / "p", "binary", split__repeats=1)
    rows = read_table(folder / "data/examples.parquet")
    write_rows(folder, rows.assign(late=rows["late"].sample(frac=1, random_state=0).to_numpy()))
    monkeypatch.chdir(folder)
    evaluation, verdict = judge_table()
    assert "beats_constant" in failing(verdict)
    assert evaluation["improvement"]["over_constant"]["value"] < 0.02


def test_bounds_of_a_number_that_are_too_narrow_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_table(tmp_path / "p", "regression", split__repeats=1, search__families=["linear"])
    monkeypatch.chdir(folder)
    evaluation, verdict = judge_table()
    assert "coverage" not in failing(verdict), evaluation["coverage"]
    for bounds in Path("models/folds").glob("*/bounds.json"):
        narrow = {name: value / 2 if name in ("low", "high") else value for name, value in read_json(bounds).items()}
        write_json(bounds, narrow)
        manifest = read_json(bounds.with_name("manifest.json"))
        files = manifest["files"] | {"bounds.json": sha256_file(bounds)}
        write_json(bounds.with_name("manifest.json"), manifest | {"files": files})
    evaluate.main()
    gate.main()
    evaluation, verdict = read_judged()
    assert evaluation["coverage"]["interval"][1] < 0.87
    assert "coverage" in failing(verdict)


def judge_luck(seed: int) -> tuple[float, Sample, Sample, Array, Array]:
    """Return the true gain of a model of 150 rows and 30 inputs, the sample as naive and as taken, and predictions."""
    draw = np.random.default_rng(seed)

    def sample_world(rows: int) -> tuple[Array, Array]:
        X = draw.normal(size=(rows, 30))
        return X, (draw.random(rows) < 1 / (1 + np.exp(-X[:, :3] @ [1.0, -0.7, 0.5]))).astype(float)

    def gain(truth: Array, given: Array, constant: float) -> float:
        losses = [-np.log(np.where(truth > 0, one, 1 - one)).mean() for one in (given, np.full(len(truth), constant))]
        return float(1 - losses[0] / losses[1])

    (X, y), (fresh, happened) = sample_world(150), sample_world(4000)
    fit = LogisticRegression(C=0.1).fit
    true = gain(happened, fit(X, y).predict_proba(fresh)[:, 1], y.mean())
    ours, constant = np.empty((2, 150)), np.empty((2, 150))
    for repeat in range(2):
        folds = draw.permutation(150) % 5
        for fold in range(5):
            asked = folds == fold
            ours[repeat, asked] = fit(X[~asked], y[~asked]).predict_proba(X[asked])[:, 1]
            constant[repeat, asked] = y[~asked].mean()
    naive = take_sample(
        task="binary",
        metric="log_loss",
        truth=np.tile(y, 2),
        blocks=np.tile(np.arange(150), 2),
        replicates=300,
        confidence=0.95,
        seed=0,
        weights=np.full(300, 0.5),
    )
    return true, naive, stack_sample(naive, 2, 5, 0), ours.ravel(), constant.ravel()


@pytest.mark.slow
def test_the_intervals_hold_the_true_gain_where_those_of_independent_rows_do_not() -> None:
    held, claimed = np.zeros((60, 2)), np.zeros((60, 2))
    for seed in range(60):
        true, *samples, ours, constant = judge_luck(seed)
        for place, sample in enumerate(samples):
            low, high = improvement(sample, ours, constant)["interval"]  # type: ignore[arg-type]
            held[seed, place], claimed[seed, place] = low <= true <= high, low > true
    naive, taken = held.mean(axis=0)
    # Thirty inputs for 150 rows are as hard as it gets: intervals of independent rows hold the truth 82 times in 100.
    assert naive < 0.88 <= taken
    assert claimed.mean(axis=0)[1] < claimed.mean(axis=0)[0]
