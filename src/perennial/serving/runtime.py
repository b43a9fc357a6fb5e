"""A bundle that answers rows: verified once, then scored without a data frame."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from perennial.io.bundle import bundle_hash, load_bundle, read_part, verify_bundle
from perennial.model.conformal import bound_scores
from perennial.model.encoder import encode_row
from perennial.model.example import make_example
from perennial.model.explanation import name_parts, raw_scores, split_scores
from perennial.model.predictor import Model, decide, predict_rows
from perennial.serving.schema import Field, check_row, compile_check, find_unseen, parse_fields

CHAMPION = "champion"


class NonFiniteScore(ArithmeticError):
    """The model answered with NaN or infinity: the caller's rows were fine, the model is not."""


@dataclass(frozen=True)
class Predictor:
    """A loaded model with what a request must look like."""

    model: Model
    bundle: str
    document: Mapping[str, Any]
    manifest: Mapping[str, Any]
    fields: tuple[Field, ...]
    categories: Mapping[str, frozenset[str]]
    example: Mapping[str, Any]
    personal: frozenset[str]
    """Inputs that hold personal data: answered, never recorded."""
    is_sound: Callable[[Any], bool]
    lane: str = CHAMPION
    reference: Mapping[str, Any] = field(default_factory=dict)
    """What the training rows were like."""

    @property
    def version(self) -> str:
        """The first twelve digits of the bundle's hash: the tag of the bento."""
        return self.bundle[:12]

    def check(self, rows: Sequence[Any], first: int = 0) -> dict[int, list[str]]:
        """Return {position: every problem of that row, each with its place}; empty when all rows are taken.

        Positions count from `first`.
        """
        bad = [(place, row) for place, row in enumerate(rows, first) if not self.is_sound(row)]
        found = {place: check_row(self.fields, row, f"rows[{place}]") for place, row in bad}
        return {place: problems for place, problems in found.items() if problems}

    def predict(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return per row its score, decision and warnings; `rows` have passed `check`."""
        return answer_rows(self.model, self.categories, rows)

    def explain(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return per row what each input adds to its raw score, the strongest first; `rows` have passed `check`."""
        X = np.array([encode_row(self.model.row_encoder, row) for row in rows], dtype=np.float64)
        names, classes = self.model.inputs, self.model.classes
        split = zip(raw_scores(self.model, X), split_scores(self.model, X), strict=True)
        return [name_parts(names, classes, raw, parts) for raw, parts in split]


def answer_rows(
    model: Model, categories: Mapping[str, frozenset[str]], rows: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return [{score, decision, warnings}]; raises NonFiniteScore rather than answer NaN.

    A regression whose bundle holds bounds answers with `lower` and `upper` too.

    The score is the probability of the last class for binary, of the chosen class for multiclass (with all of them
    under `scores`), and the value for regression.
    """
    scores = predict_rows(model, rows)
    ends = None if model.bounds is None else np.column_stack(bound_scores(model.bounds, scores)).tolist()
    answers: list[dict[str, Any]] = []
    for row, score, decision in zip(rows, scores.tolist(), decide(model, scores), strict=True):
        answer: dict[str, Any] = {"decision": decision, "warnings": find_unseen(categories, row)}
        if isinstance(score, list):
            answer["scores"] = dict(zip(map(str, model.classes), score, strict=True))
            score = max(score) if all(map(math.isfinite, score)) else math.nan
        if ends is not None:
            answer["lower"], answer["upper"] = ends[len(answers)]
        if not math.isfinite(score):
            raise NonFiniteScore(f"the model {model.target} answered with a number that is not finite")
        answers.append({"score": score, **answer})
    return answers


def _category_sets(model: Model) -> dict[str, frozenset[str]]:
    columns = model.encoder["columns"]
    return {one["name"]: frozenset(one["categories"]) for one in columns if one["kind"] == "category"}


def load_predictor(folder: str | Path, lane: str = CHAMPION) -> Predictor:
    """Load a bundle: hashes, parse, golden rows; raises Refusal when any of them is not as it was written."""
    model = load_bundle(folder)
    document, categories = read_part(folder, "schema.json"), _category_sets(model)
    fields, reference = parse_fields(document), read_part(folder, "reference.json")
    if model.bounds is not None:
        document["bounds"] = {"coverage": model.bounds["coverage"], "answered": ["lower", "upper"]}
    return Predictor(
        model=model,
        bundle=bundle_hash(folder),
        document=document,
        manifest=verify_bundle(folder),
        fields=fields,
        categories=categories,
        example=make_example(document["inputs"], categories, reference.get("inputs")),
        personal=frozenset(column["name"] for column in document["inputs"] if column.get("pii")),
        is_sound=compile_check(fields),
        lane=lane,
        reference=reference,
    )
