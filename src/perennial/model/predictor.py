"""A trained model and its scores: numpy and LightGBM's library, nothing else; used by evaluation and the service."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.model.calibration import IDENTITY, apply_calibration, inverse_link
from perennial.model.conformal import Bounds
from perennial.model.encoder import Array, Encoder, encode_row, make_encoder, owning_inputs
from perennial.model.estimator import predict_estimator, read_estimator
from perennial.model.linear import predict_linear, read_linear
from perennial.model.link import is_linked, unlink_numbers
from perennial.model.network import predict_network, read_network
from perennial.model.trees import Trees

Content = str | Mapping[str, Any]  # LightGBM text, or JSON: linear, network, estimator, or one of these that is linked


@dataclass(frozen=True)
class Linked:
    """A member that predicts logarithms, and what brings them back to numbers."""

    scorer: "Trees | Mapping[str, Any]"
    smear: float
    most: float


Scorer = Trees | Mapping[str, Any] | Linked  # a member made ready to score


def read_member(content: Content) -> Scorer:
    """Return a member made ready for `predict_member`."""
    if not isinstance(content, str) and is_linked(content):
        inner = read_member(content["member"])
        assert not isinstance(inner, Linked)
        return Linked(inner, content["smear"], content["most"])
    if isinstance(content, str):
        return Trees(content)
    readers = {"network": read_network, "estimator": read_estimator, "linear": read_linear}
    return readers[name_kind(content)](content)


def name_kind(content: Content) -> str:
    """Return `lightgbm`, `network`, `estimator` (which only scikit-learn can run) or `linear`."""
    if isinstance(content, str):
        return "lightgbm"
    if is_linked(content):
        return name_kind(content["member"])
    return "network" if "output" in content else "estimator" if "skops" in content else "linear"


@dataclass(frozen=True)
class Model:
    """Everything a prediction needs; `members` are LightGBM texts or linear coefficients, `weights` sum to 1.

    `bounds` tell how far the truth of a regression may lie from its score.
    """

    task: str
    target: str
    encoder: Mapping[str, Any]
    members: tuple[Content, ...]
    weights: tuple[float, ...] = (1.0,)
    classes: tuple[Any, ...] = ()
    calibration: Mapping[str, Any] = field(default_factory=lambda: dict(IDENTITY))
    threshold: float | None = None
    bounds: Bounds | None = None
    scorers: tuple[Scorer, ...] = field(init=False, repr=False, compare=False)
    row_encoder: Encoder = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        scorers = tuple(read_member(member) for member in self.members)
        object.__setattr__(self, "scorers", scorers)
        object.__setattr__(self, "row_encoder", make_encoder(self.encoder))

    @property
    def family(self) -> str:
        """`lightgbm`, `linear`, `network`, `estimator`, or `ensemble` of several members."""
        return "ensemble" if len(self.members) > 1 else name_kind(self.members[0])

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the columns a row must bring."""
        return tuple(column["name"] for column in self.encoder["columns"])

    @cached_property
    def owners(self) -> NDArray[np.int64]:
        """For each encoded feature the position of its input."""
        return owning_inputs(self.row_encoder)


def predict_member(scorer: Scorer, X: Array, num_threads: int = 1) -> Array:
    """Return one member's raw scores: log-odds, one column per class, or the value, by task."""
    if isinstance(scorer, Linked):
        return unlink_numbers(predict_member(scorer.scorer, X, num_threads), scorer.smear, scorer.most)
    if isinstance(scorer, Trees):
        return scorer.predict_raw(X, num_threads)
    if "estimator" in scorer:
        return predict_estimator(scorer, X)
    return predict_network(scorer, X) if "network" in scorer else predict_linear(scorer, X)


def combine_raw(raws: Sequence[Array], weights: Sequence[float]) -> Array:
    """Return the weighted sum of raw scores; log-odds are averaged, not probabilities, which average too timid."""
    return np.asarray(sum(weight * raw for weight, raw in zip(weights, raws, strict=True)))


def predict_raw(model: Model, X: Array, *, num_threads: int = 1) -> Array:
    """Return uncalibrated raw scores of the encoded matrix `X`, shape (rows,) or (rows, classes)."""
    return combine_raw([predict_member(scorer, X, num_threads) for scorer in model.scorers], model.weights)


def predict(model: Model, X: Array, *, num_threads: int = 1) -> Array:
    """Return P(last class) of shape (rows,) for binary, (rows, classes) for multiclass, the value for regression."""
    raw = predict_raw(model, X, num_threads=num_threads)
    return inverse_link(model.task, apply_calibration(model.calibration, raw))


def predict_rows(model: Model, rows: Iterable[Mapping[str, Any]]) -> Array:
    """Return the scores of dicts by input name, as `predict` of the encoded rows."""
    matrix = np.array([encode_row(model.row_encoder, row) for row in rows], dtype=np.float64)
    return predict(model, matrix.reshape(-1, len(model.encoder["features"])))


def decide(model: Model, scores: Array) -> list[Any]:
    """Return what to do per row: binary's last class at or above the threshold, the likeliest class, or the value."""
    if model.task == "regression":
        return [float(score) for score in scores]
    if model.task == "binary":
        threshold = 0.5 if model.threshold is None else model.threshold
        return [model.classes[int(score >= threshold)] for score in scores]
    return [model.classes[int(best)] for best in scores.argmax(axis=1)]
