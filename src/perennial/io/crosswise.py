"""The models of cross-validation in models/folds/: each a bundle that has not seen the rows of its fold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from perennial.io.bundle import load_bundle, read_seen_keys, write_bundle
from perennial.io.files import read_json, write_json
from perennial.model.encoder import Array
from perennial.model.frames import predict_frame
from perennial.model.predictor import Model
from perennial.model.reference import golden_rows
from perennial.model.seen import Hashes, hash_keys

FOLDER, LISTED = "models/folds", "folds.json"
GOLDEN = 5


@dataclass(frozen=True)
class FoldModel:
    """A model, the repeat and fold that it judges, and the hashes of the keys it has learned from."""

    repeat: int
    number: int
    model: Model
    seen: Hashes


def write_fold_model(
    folder: Path, name: str, model: Model, frame: pd.DataFrame, key: str, withheld: Mapping[str, Any]
) -> None:
    """Write the model `<repeat>_<fold>`, fitted on `frame`, as a bundle; `withheld` is as for `golden_rows`."""
    rows = golden_rows(frame, model.encoder, withheld=withheld, count=GOLDEN)
    seen = hash_keys(frame[key])
    write_bundle(folder / name, model, schema=[], golden_rows=rows, reference={}, seen=seen, seen_until=None)


def list_fold_models(folder: Path, names: Sequence[str]) -> None:
    """Write which models there are; none where a span judges."""
    write_json(folder / LISTED, {"folds": list(names)})


def read_fold_models(folder: str | Path = FOLDER) -> list[FoldModel]:
    """Return the models of cross-validation, repeat after repeat; none where a span judges."""
    models = []
    for name in read_json(Path(folder) / LISTED)["folds"]:
        repeat, number = map(int, name.split("_"))
        place = Path(folder) / name
        models.append(FoldModel(repeat, number, load_bundle(place), read_seen_keys(place)))
    return models


def score_crosswise(models: Sequence[FoldModel], frame: pd.DataFrame, repeats: np.ndarray[Any, Any]) -> Array:
    """Return each row's score by the model that has not seen it, (n, repeats) or (n, repeats, classes).

    `repeats` (n, repeats) holds the fold of each row in each repeat.
    """
    columns = []
    for repeat in range(repeats.shape[1]):
        own = [one for one in models if one.repeat == repeat]
        places = [np.flatnonzero(repeats[:, repeat] == one.number) for one in own]
        scores = [predict_frame(one.model, frame.iloc[at]) for one, at in zip(own, places, strict=True)]
        columns.append(np.concatenate(scores)[np.argsort(np.concatenate(places))])
    return np.stack(columns, axis=1)
