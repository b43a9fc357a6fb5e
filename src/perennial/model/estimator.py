"""An estimator of scikit-learn read from skops, with the types that may be in it; the service needs both to answer."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module, util
from typing import Any

import numpy as np

from perennial.model.encoder import Array
from perennial.model.linear import mark_missing, number_slots, read_scaling, standardise
from perennial.refusal import Refusal

_LEAST = 1e-6  # of a probability: a forest is certain too easily


def read_estimator(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return {scaling, classes, estimator} of {scaling, classes, skops (base64), trusted}.

    Raises Refusal when it holds a type that is neither known to skops nor in `trusted`, and without skops.
    """
    if util.find_spec("skops") is None or util.find_spec("sklearn") is None:
        raise Refusal("This model is an estimator of scikit-learn: install requirements/serve_estimators.txt.")
    try:
        estimator = import_module("skops.io").loads(
            base64.b64decode(content["skops"]), trusted=list(content["trusted"])
        )
    except TypeError as error:  # skops' own error for a type that is not trusted is one
        raise Refusal(f"the estimator holds a type that is not trusted ({error}): train again.") from None
    return {"scaling": read_scaling(content["scaling"]), "classes": content["classes"], "estimator": estimator}


def design_dense(scaling: Mapping[str, Any], X: Array) -> Array:
    """Return what the estimator sees: numbers scaled and without gaps, marks of what is missing, one-hot categories."""
    slots = number_slots(scaling, X)
    one_hot = np.zeros((len(X), int((scaling["sizes"] + 1).sum())))
    np.put_along_axis(one_hot, slots, 1.0, axis=1)
    return np.hstack([standardise(scaling, X), mark_missing(scaling, X), one_hot])


def predict_estimator(member: Mapping[str, Any], X: Array) -> Array:
    """Return raw scores of `read_estimator`'s member: log-odds (rows,), logs (rows, classes), or values (rows,)."""
    design, classes, estimator = design_dense(member["scaling"], X), member["classes"], member["estimator"]
    if not len(X):
        return np.empty((0, classes) if classes > 2 else 0)
    if not classes:
        return np.asarray(estimator.predict(design), dtype=np.float64)
    known = np.asarray(estimator.predict_proba(design), dtype=np.float64)
    share = np.full((len(X), classes), _LEAST)
    share[:, estimator.classes_.astype(np.int64)] = np.clip(known, _LEAST, 1.0 - _LEAST)
    logs = np.log(share)
    return logs[:, 1] - logs[:, 0] if classes == 2 else logs


def refuse_untrusted(members: Iterable[str | Mapping[str, Any]], trusted: Sequence[str]) -> None:
    """Raise Refusal when a member holds types that skops does not know and `train.trusted_types` does not name."""
    for member in members:
        if not isinstance(member, str) and (unknown := sorted(set(member.get("trusted", ())) - set(trusted))):
            raise Refusal(
                f"the fitted estimator holds {', '.join(unknown)}, which skops does not trust by itself: look at them, "
                "and name them in train.trusted_types."
            )
