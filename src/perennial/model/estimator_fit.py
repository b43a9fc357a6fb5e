"""Any estimator of scikit-learn as a family: fitted here, kept by skops in bytes that depend on its content alone."""

import base64
import functools
import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from importlib import import_module

import numpy as np
from optuna.distributions import BaseDistribution
from skops.io import dumps, get_untrusted_types
from threadpoolctl import threadpool_limits

from perennial.model.boosting import Rows
from perennial.model.candidates import Family, Lesson, Params
from perennial.model.estimator import design_dense
from perennial.model.linear import read_scaling
from perennial.model.linear_fit import fit_scaling
from perennial.model.predictor import Content

_LONG_AGO = (1980, 1, 1, 0, 0, 0)


def estimator_family(
    *,
    classifier: str,
    regressor: str,
    first: Params,
    space: Mapping[str, BaseDistribution],
    fixed: Params | None = None,
    share: float = 0.2,
) -> Family:
    """Return the family of two estimators by dotted path, such as sklearn.ensemble.RandomForestClassifier.

    `space` names what is searched among their settings, `first` where it begins, `fixed` what is always set.
    """
    fit = functools.partial(_fit_estimator, classifier, regressor, dict(fixed or {}))
    return Family(first, space, fit, share)


def _fit_estimator(
    classifier: str,
    regressor: str,
    fixed: Params,
    lesson: Lesson,
    params: Params,
    _threads: int,
    watched: Sequence[Rows],
) -> list[Content]:
    rows, module, _, name = lesson.rows, *(classifier if lesson.n_classes else regressor).rpartition(".")
    estimator = getattr(import_module(module), name)(**{**fixed, **params})
    if "random_state" in estimator.get_params() and "random_state" not in fixed:
        estimator.set_params(random_state=0)
    scaling = fit_scaling(rows.X, lesson.encoder)
    labels = rows.y.astype(np.int64) if lesson.n_classes else rows.y
    weights = {} if rows.weights is None else {"sample_weight": rows.weights}
    with threadpool_limits(1):
        estimator.fit(design_dense(read_scaling(scaling), rows.X), labels, **weights)
    kept = normalise_skops(dumps(estimator))
    content = {
        "scaling": scaling,
        "classes": lesson.n_classes,
        "skops": base64.b64encode(kept).decode(),
        "trusted": sorted(get_untrusted_types(data=kept)),
    }
    return [content] * max(1, len(watched))


def normalise_skops(data: bytes) -> bytes:
    """Return the archive without what differs from run to run: addresses in memory as names, and times."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    schema = files.pop("schema.json").decode()
    found = dict.fromkeys(re.findall(r'"__id__": (\d+)', schema))
    numbers = {old: str(new) for new, old in enumerate(found, 1)}
    schema = re.sub(r'("__id__": |"file": ")(\d+)', lambda m: m[1] + numbers.get(m[2], m[2]), schema)
    renamed = {re.sub(r"^\d+", lambda m: numbers.get(m[0], m[0]), name): body for name, body in files.items()}
    renamed["schema.json"] = json.dumps(json.loads(schema), indent=2).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in sorted(renamed):
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), renamed[name], zipfile.ZIP_DEFLATED)
    return out.getvalue()
