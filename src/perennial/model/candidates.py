"""The families of models that may win: what each can be set to, and how it is fitted. A dict is the registry.

A new family is one entry of `FAMILIES`: settings to begin with, a range for each of them, and a function that fits
it into something `predictor` can read.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution

from perennial.extensions import add_extensions, load_extensions
from perennial.model.boosting import Rows, count_iterations, fit_watched_boosting
from perennial.model.encoder import Array
from perennial.model.linear_fit import fit_linear
from perennial.model.link import BEYOND, find_smear, is_linked, link_numbers, wrap_member
from perennial.model.network_fit import fit_network
from perennial.model.predictor import Content, predict_member, read_member
from perennial.refusal import Refusal

Params = Mapping[str, Any]


@dataclass(frozen=True)
class Lesson:
    """Rows to learn from, the encoder that was fitted on them, and what the labels mean."""

    rows: Rows
    encoder: Mapping[str, Any]
    task: str
    n_classes: int


class Fit(Protocol):
    """Fits a member for each of the `watched`, stopped where these rows are predicted best; one where none are."""

    def __call__(self, lesson: Lesson, params: Params, threads: int, watched: Sequence[Rows], /) -> list[Content]:
        """Return the members as LightGBM text or the JSON of a linear model."""


@dataclass(frozen=True)
class Family:
    """A kind of model; `share` is its part of the trials beside the other families'.

    A boosted one takes the settings that are not searched too: rounds, patience, seed. `few` gives, for a table of so
    many rows, where it begins there and what is searched; None where these are the same for all.
    """

    first: Params
    space: Mapping[str, BaseDistribution]
    fit: Fit
    share: float
    boosted: bool = False
    few: Callable[[int], tuple[Params, Mapping[str, BaseDistribution]]] | None = None


@dataclass(frozen=True)
class Candidate:
    """A family and one setting of it."""

    family: str
    params: Params


def _fit_lightgbm(
    always: Params, lesson: Lesson, params: Params, threads: int, watched: Sequence[Rows]
) -> list[Content]:
    settings, categorical = dict(always) | dict(params), lesson.encoder["categorical"]
    return [*fit_watched_boosting(lesson.rows, watched, categorical, settings, threads, lesson.n_classes)]


def _fit_linear(lesson: Lesson, params: Params, _threads: int, watched: Sequence[Rows]) -> list[Content]:
    rows = lesson.rows
    fitted = fit_linear(rows.X, rows.y, lesson.encoder, params, weights=rows.weights, classes=lesson.n_classes)
    return [fitted] * max(1, len(watched))


def _fit_network(lesson: Lesson, params: Params, _threads: int, watched: Sequence[Rows]) -> list[Content]:
    rows = lesson.rows
    fitted = fit_network(rows.X, rows.y, lesson.encoder, params, weights=rows.weights, classes=lesson.n_classes)
    return [fitted] * max(1, len(watched))


# Half of LightGBM's default bins: faster, and on flights the loss stays.
_ALWAYS: Params = {"bagging_freq": 1, "max_bin": 127}

_FIRST_LIGHTGBM: Params = {
    "num_leaves": 15,
    "learning_rate": 0.05,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.7,
    "lambda_l2": 10.0,
    "cat_smooth": 100.0,
    "cat_l2": 10.0,
    "max_cat_threshold": 16,
}

# Rows of one day share their luck: a leaf of a few rows learns the day, and folds of the same season do not tell.
_LIGHTGBM: dict[str, BaseDistribution] = {
    "num_leaves": IntDistribution(8, 192, log=True),
    "learning_rate": FloatDistribution(0.05, 0.2, log=True),
    "min_data_in_leaf": IntDistribution(30, 1000, log=True),
    "feature_fraction": FloatDistribution(0.2, 0.9),
    "bagging_fraction": FloatDistribution(0.5, 1.0),
    "lambda_l2": FloatDistribution(1e-2, 1e2, log=True),
    "cat_smooth": FloatDistribution(1.0, 300.0, log=True),
    "cat_l2": FloatDistribution(1.0, 100.0, log=True),
    "max_cat_threshold": IntDistribution(4, 64, log=True),
}

FEW_ROWS = 6000


def _scale_lightgbm(rows: int) -> tuple[Params, Mapping[str, BaseDistribution]]:
    """Return `_FIRST_LIGHTGBM` and `_LIGHTGBM` for so many rows: a hundred rows of a leaf are half of a small table.

    docs/quality.md shows what it brings.
    """
    if rows >= FEW_ROWS:
        return _FIRST_LIGHTGBM, _LIGHTGBM
    leaf = max(5, rows // 60)
    begun = {"min_data_in_leaf": leaf, "min_data_per_group": max(10, leaf), "lambda_l2": 3.0, "cat_smooth": 20.0}
    space: dict[str, BaseDistribution] = {
        "min_data_in_leaf": IntDistribution(max(2, rows // 200), max(20, rows // 6), log=True),
        "min_data_per_group": IntDistribution(10, 100, log=True),
    }
    return {**_FIRST_LIGHTGBM, "feature_fraction": 0.5, **begun}, {**_LIGHTGBM, **space}


# Of a few thousand rows: finer bins, leaves of a few rows, categories of which few are seen, smaller steps.
_ALWAYS_SMALL: Params = {"bagging_freq": 1, "max_bin": 255, "min_data_per_group": 10}

_FIRST_SMALL: Params = {
    "num_leaves": 10,
    "learning_rate": 0.05,
    "min_data_in_leaf": 15,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "lambda_l2": 3.0,
    "path_smooth": 1.0,
    "cat_smooth": 100.0,
    "cat_l2": 10.0,
    "max_cat_threshold": 16,
}

_SMALL: dict[str, BaseDistribution] = {
    "num_leaves": IntDistribution(3, 128, log=True),
    "learning_rate": FloatDistribution(0.02, 0.15, log=True),
    "min_data_in_leaf": IntDistribution(2, 100, log=True),
    "feature_fraction": FloatDistribution(0.2, 1.0),
    "bagging_fraction": FloatDistribution(0.5, 1.0),
    "lambda_l2": FloatDistribution(1e-3, 1e2, log=True),
    "path_smooth": FloatDistribution(1e-2, 1e2, log=True),
    "cat_smooth": FloatDistribution(3.0, 500.0, log=True),
    "cat_l2": FloatDistribution(1.0, 100.0, log=True),
    "max_cat_threshold": IntDistribution(4, 64, log=True),
}

# Thresholds drawn at random (Geurts et al. 2006): single trees are worse, what they err in differs more.
# LightGBM passes over levels of fewer than `cat_smooth` rows: what they tell and what they cost differs from table to
# table, so that one family begins without them and the other with them.
_ALWAYS_EXTRA: Params = dict(_ALWAYS_SMALL) | {"extra_trees": True}
_FIRST_EXTRA: Params = dict(_FIRST_SMALL) | {
    "num_leaves": 31,
    "min_data_in_leaf": 5,
    "feature_fraction": 0.8,
    "cat_smooth": 20.0,
}

_FIRST_NETWORK: Params = {"units": 24, "alpha": 0.3, "step": 0.005, "epochs": 40}
_NETWORK: dict[str, BaseDistribution] = {
    "units": IntDistribution(8, 64, log=True),
    "alpha": FloatDistribution(1e-3, 1e1, log=True),
    "step": FloatDistribution(1e-3, 2e-2, log=True),
    "epochs": IntDistribution(10, 100, log=True),
}

_boost = functools.partial(functools.partial, _fit_lightgbm)

FAMILIES: dict[str, Family] = {
    "lightgbm": Family(_FIRST_LIGHTGBM, _LIGHTGBM, _boost(_ALWAYS), share=0.8, boosted=True, few=_scale_lightgbm),
    "small_trees": Family(_FIRST_SMALL, _SMALL, _boost(_ALWAYS_SMALL), share=0.5, boosted=True),
    "extra_trees": Family(_FIRST_EXTRA, _SMALL, _boost(_ALWAYS_EXTRA), share=0.3, boosted=True),
    "network": Family(_FIRST_NETWORK, _NETWORK, _fit_network, share=0.1),
    "linear": Family({"C": 0.1}, {"C": FloatDistribution(1e-4, 1e1, log=True)}, _fit_linear, share=0.2),
}


def find_family(name: str) -> Family:
    """Return a family by name, an added one too; raises Refusal for a name that is not registered."""
    families: dict[str, Family] = add_extensions(FAMILIES, load_extensions("families"), "families")
    if name not in families:
        raise Refusal(f"search.families names {name!r}: choose from {', '.join(sorted(families))}.")
    return families[name]


def size_family(name: str, rows: int | None) -> Family:
    """Return a family by name as it begins and is searched for a table of so many rows; None stands for very many."""
    family = find_family(name)
    if family.few is None or rows is None:
        return family
    first, space = family.few(rows)
    return replace(family, first=first, space=space)


def plan_families(names: Sequence[str], trials: int) -> list[str]:
    """Return the family of each trial: each once, then whichever is furthest behind its share."""
    shares = {name: find_family(name).share for name in names}
    if not shares or trials < len(shares):
        raise Refusal(f"search.trials is {trials} for {len(shares)} families: give each family at least one trial.")
    plan, counts, all_shares = list(shares), dict.fromkeys(shares, 1), sum(shares.values())
    while len(plan) < trials:
        behind = {name: share / all_shares * (len(plan) + 1) - counts[name] for name, share in shares.items()}
        plan.append(max(shares, key=lambda name: behind[name]))
        counts[plan[-1]] += 1
    return plan


def fit_watched(
    candidate: Candidate, lesson: Lesson, watched: Sequence[Rows], *, threads: int = 1, fixed: Params | None = None
) -> list[Content]:
    """Return a member for each of the `watched`, boosted until these rows are predicted best; one where none are.

    `fixed` are settings that are not searched (rounds, patience, seed, and the smear of a linked number).
    """
    settings, given = dict(candidate.params), dict(fixed or {})
    link, smear = settings.pop("link", None), given.pop("smear", None)
    family = find_family(candidate.family)
    if family.boosted:
        settings = given | settings
    if link is None:
        return family.fit(lesson, settings, threads, watched)
    linked = replace(lesson, rows=_link(lesson.rows))
    contents = family.fit(linked, settings, threads, [_link(rows) for rows in watched])
    most = float(linked.rows.y.max()) + BEYOND
    if smear is not None:
        return [wrap_member(content, smear, most) for content in contents]
    # What stopped a member says what its mean misses; its own lesson, which it fits too well, only where nothing did.
    asked = watched or [lesson.rows]
    raws = [score_raw(content, rows.X, threads) for content, rows in zip(contents, asked, strict=True)]
    smears = [find_smear(raw, rows.y, most, rows.weights) for raw, rows in zip(raws, asked, strict=True)]
    return [wrap_member(content, smear, most) for content, smear in zip(contents, smears, strict=True)]


def _link(rows: Rows) -> Rows:
    return replace(rows, y=link_numbers(rows.y))


def fit_candidate(candidate: Candidate, lesson: Lesson, *, threads: int = 1, fixed: Params | None = None) -> Content:
    """Return the fitted member; `fixed` are settings that are not searched (rounds, seed)."""
    return fit_watched(candidate, lesson, (), threads=threads, fixed=fixed)[0]


def count_rounds(content: Content) -> int:
    """Return how many rounds of boosting a member holds; 0 for one that is not boosted."""
    if not isinstance(content, str) and is_linked(content):
        return count_rounds(content["member"])
    if not isinstance(content, str):
        return 0
    return max(1, count_iterations(content))


def read_smear(content: Content) -> float | None:
    """Return the smear of a linked member; None of any other."""
    return content["smear"] if not isinstance(content, str) and is_linked(content) else None


def score_raw(content: Content, X: Array, threads: int = 1) -> Array:
    """Return the raw scores of one member on encoded rows, shape (rows,) or (rows, classes)."""
    return predict_member(read_member(content), X, threads)
