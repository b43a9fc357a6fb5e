"""What a user would write: a scikit-learn pipeline, fitted once and kept with joblib; runs in the peers' environment.

`python pipeline.py fit FOLDER` reads learned.parquet (with `_target_`), test.parquet and settings.json there, and
writes pipeline.joblib and scores.npy. `python pipeline.py time FOLDER` reads a line for each time it shall score
rows.parquet, which it holds as a frame, and answers with the seconds.
"""

import json
import sys
import time
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OrdinalEncoder


def make_peer(texts: list[str], trees: int, leaves: int, learning_rate: float, least_rows: int) -> Pipeline:
    """Return a pipeline as large as the model that it stands beside."""
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan)
    encode = make_column_transformer((codes, texts), remainder="passthrough")
    trees_ = HistGradientBoostingClassifier(
        max_iter=trees,
        max_leaf_nodes=leaves,
        learning_rate=learning_rate,
        min_samples_leaf=least_rows,
        l2_regularization=10.0,
        categorical_features=list(range(len(texts))),
        early_stopping=False,
        random_state=0,
    )
    return make_pipeline(encode, trees_)


def fit(folder: Path) -> None:
    """Fit, and score the test rows."""
    settings = json.loads((folder / "settings.json").read_text())
    learned, test = pd.read_parquet(folder / "learned.parquet"), pd.read_parquet(folder / "test.parquet")
    pipeline = make_peer(**settings).fit(learned.drop(columns="_target_"), learned["_target_"])
    np.save(folder / "scores.npy", pipeline.predict_proba(test)[:, 1])
    joblib.dump(pipeline, folder / "pipeline.joblib")


def answer(folder: Path) -> None:
    """Score the rows each time a line comes in."""
    pipeline, rows = joblib.load(folder / "pipeline.joblib"), pd.read_parquet(folder / "rows.parquet")
    for _ in sys.stdin:
        begun = time.perf_counter()
        pipeline.predict_proba(rows)
        print(time.perf_counter() - begun, flush=True)


if __name__ == "__main__":
    {"fit": fit, "time": answer}[sys.argv[1]](Path(sys.argv[2]))
