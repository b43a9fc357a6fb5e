"""Numbers as people read them, the same in the page, the Markdown and the card."""

from __future__ import annotations

import math
from typing import Any

MINUS, NOTHING, PERCENT = "\u2212", "\u2013", "\u00a0%"


def pick(value: Any, *path: str | int, default: Any = None) -> Any:
    """Follow keys and positions into nested mappings and lists; `default` where the path ends early."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return default
    return default if value is None else value


def value_of(score: Any) -> Any:
    """The number of a score written as a number or as {"value", "interval"}."""
    return score.get("value") if isinstance(score, dict) else score


def is_number(value: Any) -> bool:
    """True for a finite number that is not a boolean."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def number(value: Any, digits: int = 3) -> str:
    """Write a number for a column: thousands separated, fixed decimals, more of them for a tiny one."""
    if not is_number(value):
        return NOTHING if value is None else str(value)
    size = abs(value)
    if isinstance(value, int) or size >= 1000:
        text = f"{value:,.0f}"
    elif size >= 10:
        text = f"{value:.{max(1, digits - 2)}f}"
    elif size >= 10.0**-digits * 5 or value == 0:
        text = f"{value:.{digits}f}"
    else:
        text = f"{value:.1g}"
    return with_minus(text)


def plain(value: Any, digits: int = 4) -> str:
    """Write a number as short as it can be with `digits` significant digits: 3, 0.25, 12,400."""
    if not is_number(value) or isinstance(value, int) or abs(value) >= 1000:
        return number(value)
    return with_minus(f"{value:.{digits}g}")


def with_minus(text: str) -> str:
    """Replace the hyphen of a negative number by a minus sign."""
    return text.replace("-", MINUS) if text.startswith("-") else text


def axis_number(value: float) -> str:
    """Write a tick label as short as it can be: 12k, 0.25, 3."""
    if abs(value) >= 1e6:
        text = f"{value / 1e6:g}M"
    elif abs(value) >= 10_000:
        text = f"{value / 1000:g}k"
    else:
        text = f"{round(value, 10):g}"
    return text.replace("-", MINUS)


def percent(value: Any, digits: int = 1) -> str:
    """Write a share as a percentage; a share that is not zero never reads as zero."""
    if not is_number(value):
        return NOTHING
    least = 10.0**-digits
    if 0 < abs(value) * 100 < least / 2:
        return f"under {least:g}{PERCENT}"
    return with_minus(f"{value * 100:.{digits}f}") + PERCENT


def interval(bounds: Any, digits: int = 3) -> str:
    """Write a confidence interval as "0.49 to 0.51"; a dash when there is none."""
    if not isinstance(bounds, list | tuple) or len(bounds) != 2:
        return NOTHING
    return f"{number(bounds[0], digits)} to {number(bounds[1], digits)}"


def plain_interval(bounds: Any) -> str:
    """Write an interval with short numbers; a dash when there is none."""
    if not isinstance(bounds, list | tuple) or len(bounds) != 2:
        return NOTHING
    return f"{plain(bounds[0], 3)} to {plain(bounds[1], 3)}"


def percent_interval(bounds: Any, digits: int = 1) -> str:
    """Write an interval of shares as percentages; a dash when there is none."""
    if not isinstance(bounds, list | tuple) or len(bounds) != 2 or not all(map(is_number, bounds)):
        return NOTHING
    return f"{percent(bounds[0], digits).removesuffix(PERCENT)} to {percent(bounds[1], digits)}"


def signed(value: Any, digits: int = 3) -> str:
    """Write a change with its sign."""
    text = number(value, digits)
    return f"+{text}" if is_number(value) and value > 0 else text


def plural(count: Any, noun: str, many: str | None = None) -> str:
    """Write a count with its noun: "1 row", "2 rows"."""
    return f"{number(count)} {noun if count == 1 else many or noun + 's'}"


def listed(items: list[str], most: int = 6) -> str:
    """Join names as a sentence does, cutting after `most`."""
    shown = items[:most]
    if len(items) > most:
        return ", ".join(shown) + f" and {len(items) - most} more"
    return " and ".join(([", ".join(shown[:-1])] if len(shown) > 1 else []) + shown[-1:])


def humanise(name: str) -> str:
    """Turn a name such as log_loss into words."""
    known: dict[str, str] = {"auc": "AUC", "rmse": "RMSE", "mae": "MAE", "r2": "R²", "f1": "F1", "mape": "MAPE"}
    words = [known.get(word, word) for word in str(name).split("_")]
    text = " ".join(words)
    return text if words[0] in known.values() else text[:1].upper() + text[1:]


def short(text: Any, width: int = 60) -> str:
    """Cut a long text, marking the cut."""
    whole = str(text)
    return whole if len(whole) <= width else whole[: width - 1].rstrip() + "…"
