"""What the checks of the gate are given and what each hands back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class GateLimits:
    """The limits of the gate: `problem.success`, whether the table has time, then the leaves of `gate`, same names."""

    success: float
    has_time: bool
    min_rows: int
    min_blocks: int
    linear_margin: float
    calibration_error: float
    slice_improvement: float
    slice_level: float
    slice_regression: float
    sensitive_gap: float
    cost_saving: float
    suspect_auc: float
    suspect_correlation: float
    declared_strong: Sequence[str]
    repeated_rows: float
    coverage_margin: float
    champion_margin: float


def name_limits() -> tuple[str, ...]:
    """Return the names of the limits that are leaves of the section `gate`."""
    return tuple(one.name for one in fields(GateLimits) if one.name not in ("success", "has_time"))


@dataclass(frozen=True)
class Finding:
    """What a check found: `interval` is null where the value is exact.

    A check that does not apply is passed and not `judged`: it neither blocks nor speaks for the model.
    """

    passed: bool
    sentence: str
    value: float | int | None = None
    threshold: float | int | None = None
    interval: list[float] | None = None
    rows: int | None = None
    judged: bool = True


Check = Callable[[Facts, Facts, GateLimits], Finding | None]  # None where there is nothing to ask


def holds(condition: Callable[[float], bool], value: float | None) -> bool:
    """Return whether a value that may be missing (not finite) meets a condition; a missing one never does."""
    return value is not None and condition(value)


def show(value: float | None) -> str:
    """Return a value that may be missing as text."""
    return "not finite" if value is None else f"{value:.4g}"
