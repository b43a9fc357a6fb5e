"""Fit one peer on the rows of a folder and leave its predictions there; runs in the peers' environment alone.

`python fit.py PEER FOLDER SECONDS CORES` reads learned.parquet, test.parquet and task.json, writes PEER.npy (scores of
the test rows) and PEER.json (seconds of fitting, milliseconds of one row, bytes of what is kept to answer).
"""

import json
import pickle
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

Predict = Callable[[pd.DataFrame], np.ndarray]
Fitted = tuple[Predict, Callable[[], int], str]
ONE_ROW_CALLS = 40


def plain(frame: pd.DataFrame, like: pd.DataFrame) -> pd.DataFrame:
    """Return what boosters take: categories with the levels of `like`, instants as seconds, flags as numbers."""
    out = {}
    for name, column in frame.items():
        if pd.api.types.is_datetime64_any_dtype(column):
            out[name] = column.astype("int64") / 1e9
        elif pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
            out[name] = column.astype(float)
        else:
            out[name] = pd.Categorical(column, categories=sorted(like[name].dropna().unique()))
    return pd.DataFrame(out)


def scores_of(model: Any, X: Any, task: dict[str, Any]) -> np.ndarray:
    """Return P(last class), (rows, classes) in the order of the classes, or values."""
    if task["task"] == "regression":
        return np.asarray(model.predict(X), dtype=float).ravel()
    found = np.asarray(model.predict_proba(X), dtype=float)
    if task["task"] == "binary":
        return found[:, 1]
    full = np.zeros((len(found), task["classes"]))
    full[:, [int(label) for label in model.classes_]] = found
    return full


def fit_default(make: Callable[[bool], Any], X: pd.DataFrame, y: pd.Series, task: dict[str, Any]) -> Fitted:
    model = make(task["task"] == "regression").fit(plain(X, X), y)
    return lambda frame: scores_of(model, plain(frame, X), task), lambda: len(pickle.dumps(model)), ""


def fit_lightgbm(X: pd.DataFrame, y: pd.Series, task: dict[str, Any], _seconds: float, cores: int) -> Fitted:
    from lightgbm import LGBMClassifier, LGBMRegressor

    kinds = (LGBMClassifier, LGBMRegressor)
    return fit_default(lambda number: kinds[number](n_jobs=cores, random_state=0, verbose=-1), X, y, task)


def fit_histogram(X: pd.DataFrame, y: pd.Series, task: dict[str, Any], _seconds: float, _cores: int) -> Fitted:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    def make(number: bool) -> Any:
        kind = HistGradientBoostingRegressor if number else HistGradientBoostingClassifier
        return kind(categorical_features=few, random_state=0)

    # It takes at most 255 levels as a category; more it cannot take at all, so that these are numbers to it.
    shape = plain(X, X)
    few = [name for name in shape if shape[name].dtype == "category" and len(shape[name].cat.categories) < 255]

    def numbers(frame: pd.DataFrame) -> pd.DataFrame:
        out = plain(frame, X)
        many = [name for name in out if out[name].dtype == "category" and name not in few]
        return out.assign(**{name: out[name].cat.codes.astype(float) for name in many})

    model = make(task["task"] == "regression").fit(numbers(X), y)
    return lambda frame: scores_of(model, numbers(frame), task), lambda: len(pickle.dumps(model)), ""


def fit_catboost(X: pd.DataFrame, y: pd.Series, task: dict[str, Any], _seconds: float, cores: int) -> Fitted:
    from catboost import CatBoostClassifier, CatBoostRegressor

    shape = plain(X, X)
    text = [name for name in shape if shape[name].dtype == "category"]

    def ready(frame: pd.DataFrame) -> pd.DataFrame:
        out = plain(frame, X)
        return out.assign(**{name: out[name].astype(object).where(out[name].notna(), "missing") for name in text})

    kind = CatBoostRegressor if task["task"] == "regression" else CatBoostClassifier
    settings = {"thread_count": cores, "random_seed": 0, "verbose": False, "allow_writing_files": False}
    model = kind(cat_features=text, **settings).fit(ready(X), y)
    return lambda frame: scores_of(model, ready(frame), task), lambda: len(pickle.dumps(model)), ""


def fit_flaml(X: pd.DataFrame, y: pd.Series, task: dict[str, Any], seconds: float, cores: int) -> Fitted:
    from flaml import AutoML

    model, regression = AutoML(), task["task"] == "regression"
    kind, metric = ("regression", "rmse") if regression else ("classification", "log_loss")
    model.fit(X, y, task=kind, metric=metric, time_budget=seconds, n_jobs=cores, seed=0, verbose=0)
    return lambda frame: scores_of(model, frame, task), lambda: len(pickle.dumps(model)), str(model.best_estimator)


def fit_autogluon(X: pd.DataFrame, y: pd.Series, task: dict[str, Any], seconds: float, cores: int) -> Fitted:
    from autogluon.tabular import TabularPredictor

    metric = "root_mean_squared_error" if task["task"] == "regression" else "log_loss"
    place = Path.cwd() / "autogluon"
    model = TabularPredictor("_target_", problem_type=task["task"], eval_metric=metric, path=str(place), verbosity=0)
    rows = X.assign(_target_=y)
    model.fit(rows, time_limit=seconds, presets="medium_quality", num_cpus=cores, num_gpus=0)
    best, kept = model.model_best, Path.cwd() / "autogluon_kept"
    model = TabularPredictor.load(model.clone_for_deployment(path=str(kept), dirs_exist_ok=True))
    model.persist()

    def predict(frame: pd.DataFrame) -> np.ndarray:
        if task["task"] == "regression":
            return model.predict(frame).to_numpy(float)
        found = model.predict_proba(frame)
        if task["task"] == "binary":
            return found[1].to_numpy(float)
        return found.reindex(columns=range(task["classes"]), fill_value=0.0).to_numpy(float)

    return predict, lambda: sum(path.stat().st_size for path in kept.rglob("*") if path.is_file()), best


FITS = {
    "FLAML": fit_flaml,
    "AutoGluon": fit_autogluon,
    "LightGBM": fit_lightgbm,
    "CatBoost": fit_catboost,
    "HistGradientBoosting": fit_histogram,
}


def main() -> None:
    name, folder, seconds, cores = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    warnings.filterwarnings("ignore")
    task = json.loads((folder / "task.json").read_text())
    learned, test = (pd.read_parquet(folder / f"{part}.parquet") for part in ("learned", "test"))
    y = learned.pop("_target_")
    y = y if task["task"] == "regression" else y.astype(int)
    start = time.perf_counter()
    predict, size, what = FITS[name](learned, y, task, seconds, cores)
    fitted = time.perf_counter() - start
    np.save(folder / f"{name}.npy", predict(test))
    times = []
    for number in range(ONE_ROW_CALLS):
        row = test.iloc[[number % len(test)]]
        begun = time.perf_counter()
        predict(row)
        times.append(time.perf_counter() - begun)
    facts = {"seconds": fitted, "row_ms": statistics.median(times) * 1e3, "bytes": size(), "what": what}
    (folder / f"{name}.json").write_text(json.dumps(facts))


if __name__ == "__main__":
    main()
