"""What a split is said to be: rows, span and target of each role."""

from typing import Any

import numpy as np
import pandas as pd

from perennial.data.split import ROLES, Folds, Instants, Mask, Words


def summarise_split(roles: Words, folds: Folds, times: Instants | None, target: "pd.Series[Any]") -> dict[str, Any]:
    """Return rows, span and mean target (or class shares) of each role, and rows of each fold."""
    facts: dict[str, Any] = {"rows": len(roles), "roles": {}}
    for role in ROLES:
        chosen = roles == role
        facts["roles"][role] = {"rows": int(chosen.sum())} | _span(times, chosen) | _target_facts(target, chosen)
    facts["fold_rows"] = [int((folds == fold).sum()) for fold in range(int(folds.max()) + 1)]
    return facts


def _span(times: Instants | None, chosen: Mask) -> dict[str, str]:
    if times is None or not chosen.any():
        return {}
    first, last = (np.datetime_as_string(f(times[chosen]), unit="s") for f in (np.min, np.max))
    return {"first": str(first), "last": str(last)}


def _target_facts(target: "pd.Series[Any]", chosen: Mask) -> dict[str, Any]:
    known = target[chosen].dropna()
    if known.empty:
        return {}
    if pd.api.types.is_numeric_dtype(known) or pd.api.types.infer_dtype(known) == "boolean":
        return {"target_mean": round(float(known.astype(float).mean()), 9)}
    shares = known.value_counts(normalize=True)
    return {"target_shares": {str(name): round(float(shares[name]), 9) for name in sorted(shares.index, key=str)}}
