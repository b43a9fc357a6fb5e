"""What each group of features brought: one fixed LightGBM, groups added one by one and left out one by one."""

import sys
from collections.abc import Sequence

import numpy as np
import pandas as pd

from measure import ROOT
from perennial.data.contract import Column, inputs_of
from perennial.evaluation.ranking import auc
from perennial.io.contract import read_contract
from perennial.io.tables import read_table
from perennial.model.boosting import fit_boosting
from perennial.model.encoding import fit_encoder
from perennial.model.frames import encode_frame, predict_frame
from perennial.model.predictor import Model

SETTINGS = {
    **{"num_iterations": 300, "learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 200},
    **{"feature_fraction": 0.7, "lambda_l2": 10.0, "cat_smooth": 100.0, "seed": 0},
}


def score(learned: pd.DataFrame, asked: pd.DataFrame, columns: Sequence[Column]) -> tuple[float, float]:
    """Return log loss and AUC on `asked` of a model of `columns` fitted on `learned`."""
    encoder = fit_encoder(learned, columns)
    truth = learned["late"].to_numpy(float)
    text = fit_boosting(encode_frame(encoder, learned), truth, encoder["categorical"], SETTINGS, num_threads=1)
    model = Model("binary", "late", encoder, (text,), classes=(False, True))
    p, y = predict_frame(model, asked), asked["late"].to_numpy(float)
    loss = -np.mean(np.where(y == 1, np.log(p), np.log1p(-p)))
    return float(loss), float(auc(y, p))


def main() -> None:
    if not (ROOT / "data" / "split.parquet").exists():
        sys.exit("run `make repro` first: this reads its examples.")
    rows = read_table("data/examples.parquet").merge(read_table("data/split.parquet"), on="flight_id")
    train, valid, test = (rows[rows["role"] == role] for role in ("train", "valid", "test"))
    inputs = inputs_of(read_contract())
    groups = list(dict.fromkeys(column.group for column in inputs))
    sets = [("all", groups)] + [(f"+ {group}", groups[: place + 1]) for place, group in enumerate(groups)]
    sets += [(f"all but {group}", [other for other in groups if other != group]) for group in groups]
    print("| features | valid log loss | valid AUC | test log loss | test AUC |\n|---|---|---|---|---|")
    for name, chosen in sets:
        columns = [column for column in inputs if column.group in chosen]
        figures = [*score(train, valid, columns), *score(pd.concat([train, valid]), test, columns)]
        print(f"| {name} | " + " | ".join(f"{figure:.4f}" for figure in figures) + " |", flush=True)


if __name__ == "__main__":
    main()
