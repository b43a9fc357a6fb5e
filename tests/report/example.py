"""Facts of small imagined runs, shaped as the stages write them."""

from typing import Any

from perennial.report.facts import METRICS, gather_facts

PARAMS = {
    "problem.statement": "Will this flight out of New York arrive 15 or more minutes late?",
    "problem.decision": "Warn the passengers and plan the turn-around of flights that will be late",
    "problem.audience": "The airport's operations desk",
    "problem.moment": "two hours before scheduled departure",
    "problem.label": "arrival delay of 15 minutes or more",
    "problem.label_delay": "known at arrival; never for cancelled and diverted flights",
    "problem.task": "binary",
    "problem.target": "late",
    "problem.time": "decision_at",
    "problem.block": "day",
    "problem.metric": "log_loss",
    "problem.costs.false_positive": 1.0,
    "problem.costs.false_negative": 3.0,
    "problem.success": 0.03,
    "problem.as_of": "2013-09-01",
    "report.columns": 9,
    "report.slices": 12,
}
BUNDLE = "3f9a" * 16


def score(value: float, low: float, high: float, direction: str = "lower") -> dict[str, Any]:
    return {"value": value, "interval": [low, high], "direction": direction}


def number_column(name: str, auc: float, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "dtype": "numeric",
        "unit": "minutes",
        "group": "state",
        "description": "Mean departure delay over the last 60 departures",
        "missing": 0.01,
        "distinct": 900,
        "association": {"measure": "AUC", "value": auc, "strength": 2 * auc - 1},
        "suspicions": [],
        "drift": {"mean": [10.0, 12.0, 16.0], "missing": [0.0, 0.01, 0.0], "shift": 0.4, "unit": "standard deviations"},
        "histogram": {
            "edges": [-10.0, 0.0, 10.0, 20.0, 30.0],
            "counts": [200, 500, 200, 100],
            "below": 3,
            "above": 4,
            "target": [0.1, 0.2, 0.4, None],
        },
        "summary": {"median": 6.0, "outliers": 0.02},
    } | more


def level_column(name: str, auc: float) -> dict[str, Any]:
    return {
        "name": name,
        "dtype": "category",
        "unit": None,
        "group": "schedule",
        "description": None,
        "missing": 0.0,
        "distinct": 3,
        "association": {"measure": "AUC", "value": auc, "strength": 2 * auc - 1},
        "suspicions": [],
        "drift": {"mean": None, "missing": [0.0, 0.0, 0.0], "shift": 0.05, "unit": "share of rows"},
        "levels": {
            "top": [
                {"value": "EWR", "rows": 500, "target": 0.28},
                {"value": "JFK", "rows": 300, "target": 0.22},
                {"value": "LGA", "rows": 200, "target": None},
            ],
            "other_rows": 0,
            "other_levels": 0,
        },
    }


def slice_of(column: str, value: str, gain: float, rows: int = 4000) -> dict[str, Any]:
    gains = {"value": gain, "interval": [gain - 0.02, gain + 0.02], "lower": gain - 0.04, "upper": gain + 0.04}
    return {"column": column, "value": value, "rows": rows, "blocks": 62, "loss": 0.5 - gain, "over_constant": gains}


def check(name: str, passed: bool = True) -> dict[str, Any]:
    return {
        "name": name,
        "passed": passed,
        "value": 0.1,
        "threshold": 0.03,
        "interval": [0.08, 0.12],
        "rows": 57000,
        "sentence": f"What {name} found.",
    }


def binary_metrics() -> dict[str, Any]:
    roles = {
        "train": {"rows": 138000, "first": "2013-01-01T03:15:00", "last": "2013-05-31T21:59:00", "target_mean": 0.245},
        "valid": {"rows": 27000, "first": "2013-06-01T03:00:00", "last": "2013-06-30T21:59:00", "target_mean": 0.31},
        "test": {"rows": 57000, "first": "2013-07-01T03:00:00", "last": "2013-08-31T19:00:00", "target_mean": 0.27},
        "unlabelled": {"rows": 7200, "first": "2013-01-01T03:15:00", "last": "2013-08-31T23:59:00"},
        "purged": {"rows": 0},
    }
    return {
        "validation": {
            "sources": {
                "flights": {
                    "rows": 229000,
                    "bad": 12,
                    "span": ["2013-01-01", "2013-08-31"],
                    "reasons": {"dep_time out of range": 12},
                },
                "airlines": {"rows": 16, "bad": 0, "span": None, "reasons": {}},
            }
        },
        "assembly": {
            "rows": 229200,
            "labelled": 222000,
            "outcomes": {"arrived": 222000, "cancelled": 6400, "diverted": 750, "pending": 50},
        },
        "point_in_time": {
            "auditable": True,
            "passed": True,
            "cuts": [{"kind": "midnight", "count": 8}, {"kind": "random", "count": 16}],
            "cuts_total": 24,
            "rows_compared": 9100,
            "columns_compared": 40,
            "differences": [],
        },
        "profile": {
            "rows": 229200,
            "labelled": 222000,
            "months": ["2013-01", "2013-02", "2013-03"],
            "target": {"name": "late", "task": "binary", "mean_by_month": [0.22, 0.25, 0.27]},
            "columns": [number_column("airport_delay", 0.64), level_column("origin", 0.52)],
            "strongest": ["airport_delay", "origin"],
            "suspects": [],
        },
        "split": {"rows": 229200, "roles": roles, "fold_rows": [34000, 34500, 35000, 34500, 27000]},
        "search": {
            "best": {"family": "lightgbm", "score": 0.486},
            "families": {
                "lightgbm": {"score": 0.486, "complete": 20, "pruned": 4},
                "linear": {"score": 0.503, "complete": 6, "pruned": 0},
            },
            "rows": 165000,
            "folds": 4,
            "trials": 30,
            "complete": 26,
        },
        "train": {
            "bundle": BUNDLE,
            "family": "lightgbm",
            "members": [
                {
                    "family": "lightgbm",
                    "params": {"num_leaves": 63, "learning_rate": 0.04},
                    "weight": 0.7,
                    "rounds": 300,
                },
                {"family": "linear", "params": {"C": 0.1}, "weight": 0.3, "rounds": 1},
            ],
            "rows": 165000,
            "seen_until": "2013-06-30T21:59:00",
            "threshold": 0.25,
            "calibration": "platt",
            "improvement_over_linear": {"value": 0.031, "interval": [0.02, 0.04]},
        },
        "evaluation": {
            "bundle": BUNDLE,
            "task": "binary",
            "rows": 57000,
            "blocks": 62,
            "confidence": 0.95,
            "metrics": {
                "log_loss": score(0.494, 0.47, 0.517),
                "auc": score(0.772, 0.762, 0.782, "higher"),
                "average_precision": score(0.55, 0.51, 0.59, "higher"),
                "calibration_error": score(0.021, 0.012, 0.03),
            },
            "baselines": {"constant": {"log_loss": 0.585, "auc": 0.5}, "linear": {"log_loss": 0.512, "auc": 0.75}},
            "improvement": {
                "over_constant": {"value": 0.155, "interval": [0.13, 0.18]},
                "over_linear": {"value": 0.035, "interval": [0.02, 0.05]},
            },
            "slices": [
                slice_of("carrier", "HA", -0.01, 900),
                slice_of("origin", "LGA", 0.12),
                slice_of("hour", "6", 0.05),
            ],
            "sensitive": [],
            "cost": {
                "model": 0.48,
                "always": 0.73,
                "never": 0.81,
                "threshold": 0.25,
                "saving": {"value": 0.34, "interval": [0.31, 0.37]},
            },
            "importances": [
                {"column": "airport_delay", "value": 0.031, "interval": [0.02, 0.04]},
                {"column": "origin", "value": 0.002, "interval": [-0.001, 0.004]},
            ],
            "groups": [{"column": "state", "value": 0.04, "interval": [0.03, 0.05]}],
            "confusion": {"classes": ["false", "true"], "counts": [[31000, 10600], [4600, 10800]]},
            "champion": None,
        },
        "gate": {"bundle": BUNDLE, "blessed": True, "checks": [check("beats_constant"), check("calibration")]},
        "rehearsal": {
            "passed": True,
            "checks": [{"name": "golden_rows", "passed": True, "sentence": "50 rows equal."}],
        },
    }


CURVES = {
    "roc": [{"fpr": str(x / 10), "tpr": str((x / 10) ** 0.4), "class": "true"} for x in range(11)],
    "precision_recall": [{"recall": str(x / 10), "precision": str(1 - 0.07 * x), "class": "true"} for x in range(11)],
    "calibration": [
        {"score": str(x / 10), "rate": str(x / 10 + 0.01), "rows": str(6000 - 500 * x), "class": "true"}
        for x in range(1, 9)
    ],
    "search_history": [
        {"trial": str(x), "loss": str(0.52 - 0.001 * x + 0.004 * (x % 3)), "best": str(0.52 - 0.001 * x)}
        for x in range(30)
    ],
    "search_importances": [{"setting": "num_leaves", "importance": "0.7"}, {"setting": "bagging", "importance": "0.3"}],
}


def binary_facts(**replaced: Any) -> dict[str, Any]:
    """A blessed first model; keywords replace whole metric files."""
    return gather_facts(params=PARAMS, metrics=binary_metrics() | replaced, curves=CURVES, champion={})


def empty_facts() -> dict[str, Any]:
    """Nothing but the problem: no stage has run."""
    return gather_facts(params=PARAMS, metrics=dict.fromkeys(METRICS), curves={}, champion={})


def multiclass_facts() -> dict[str, Any]:
    """Three classes, no time, no released model."""
    params = PARAMS | {"problem.task": "multiclass", "problem.target": "kind", "problem.time": None}
    metrics = binary_metrics()
    metrics["evaluation"] |= {
        "task": "multiclass",
        "cost": None,
        "metrics": {"log_loss": score(0.7, 0.6, 0.8), "accuracy": score(0.7, 0.6, 0.8, "higher")},
        "confusion": {"classes": ["a", "b", "c"], "counts": [[50, 3, 2], [4, 40, 6], [0, 1, 30]]},
    }
    metrics["point_in_time"] = {"auditable": False}
    metrics["profile"] |= {"target": {"name": "kind", "task": "multiclass", "mean_by_month": [None]}, "months": ["all"]}
    curves = {"roc": [row | {"class": name} for name in "abcde" for row in CURVES["roc"]]}
    return gather_facts(params=params, metrics=metrics, curves=curves, champion={})


def regression_facts() -> dict[str, Any]:
    """A number to predict: no classes, no costs."""
    params = PARAMS | {"problem.task": "regression", "problem.target": "delay", "problem.metric": "rmse"}
    metrics = binary_metrics()
    metrics["evaluation"] |= {
        "task": "regression",
        "cost": None,
        "confusion": None,
        "metrics": {"rmse": score(33.1, 30.0, 36.0), "r2": score(0.21, 0.1, 0.3, "higher")}
        | {"scaled_calibration_error": score(0.03, 0.01, 0.05)},
    }
    metrics["profile"] |= {"target": {"name": "delay", "task": "regression", "mean_by_month": [4.0, -2.0, 9.0]}}
    curves = {"calibration": [{"score": "-3", "rate": "-2", "rows": "500", "class": ""}] * 2}
    return gather_facts(params=params, metrics=metrics, curves=curves, champion={})
