"""Which column is asked about, and what kind of question it is."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from perennial.adoption.cells import Reading
from perennial.adoption.suspects import typed_column
from perennial.adoption.units import is_key_name
from perennial.refusal import Refusal

TASKS = ("binary", "multiclass", "regression")
MOST_CLASSES = 50
FEWEST_ROWS = 5  # of a class: one for each fold
FEWEST_KNOWN = 20  # rows of the rarer case, or with a number
JUDGED_ROWS = 50  # of a class, fewer of which say nothing about it alone
LARGEST = 1e100  # of a number that is learned from or predicted: its square must be a number too
WHOLE_CLASSES = 10  # whole numbers are taken for classes when there are few of them, counted from 0 or 1
_NAMES = re.compile(r"^(target|label|class|y|outcome|response|churn\w*|survived|default\w*|price)$", re.IGNORECASE)
_YES = ("yes", "y", "true", "t", "1", "1.0", "positive", "pos", "churned", "default", "bad", "fraud", "late")


@dataclass(frozen=True)
class Target:
    """The asked column: its name, its task, its dtype in the source, and its SQL as an example's target.

    `values` are the known truths by row: flags, classes as text, or numbers; `positive` is the case of a binary task.
    """

    name: str
    task: str
    dtype: str
    values: pd.Series
    reason: str
    positive: str | None = None
    shares: tuple[tuple[str, float], ...] = ()


def choose_target(readings: Mapping[str, Reading]) -> str:
    """Return the column whose name says that it is the target, else the last one."""
    names = list(readings)
    return next((name for name in reversed(names) if _NAMES.match(name)), names[-1])


def guess_task(reading: Reading) -> tuple[str, str]:
    """Return the task of a target's cells, and why."""
    distinct = sorted(map(str, reading.cells.unique()))
    if len(distinct) == 2:
        return "binary", f"two values, {distinct[0]} and {distinct[1]}"
    if reading.dtype != "numeric":
        return "multiclass", f"{len(distinct)} words"
    numbers = sorted(float(value) for value in distinct)
    counted = numbers == [numbers[0] + place for place in range(len(numbers))] and numbers[0] in (0.0, 1.0)
    if counted and len(numbers) <= WHOLE_CLASSES:
        return "multiclass", f"{len(numbers)} whole numbers counted from {numbers[0]:g}"
    return "regression", "numbers"


def plan_target(name: str, reading: Reading, task: str | None) -> Target:
    """Return the target; `task` is what the person said, if anything.

    Raises Refusal when nothing can be learned of it: no value, one value, an identifier, too many classes.
    """
    cells = reading.cells
    if cells.empty:
        raise Refusal(f"the target {name} is missing on every row.")
    if cells.nunique() == 1:
        raise Refusal(f"the target {name} is {cells.iloc[0]!r} on every row where it is known: nothing to learn.")
    guessed, reason = guess_task(reading)
    if task is None and guessed == "regression" and numbers_rows(name, cells):
        raise Refusal(
            f"the target {name} has another whole number on every row, such as {cells.iloc[0]}: it looks like an "
            "identifier; name another column with --target, or say --task regression."
        )
    task = task or guessed
    refuse_unfit(name, reading, task)
    if task == "regression":
        return Target(name, task, "numeric", typed_column(cells, "numeric"), reason)
    shares = cells.value_counts(normalize=True)
    said = tuple((str(word), round(float(shares[word]), 4)) for word in shares.index)
    if task == "multiclass":
        return Target(name, task, "category", cells, reason, shares=said)
    positive = choose_positive(cells)
    dtype = reading.dtype if reading.dtype in ("boolean", "numeric") else "category"
    return Target(name, task, dtype, cells == positive, f"{reason}; {positive} is the case", positive, said)


def numbers_rows(name: str, cells: pd.Series) -> bool:
    """Tell whether whole numbers only tell rows apart: each comes once, and none is left out or they are called so."""
    if cells.nunique() < len(cells) or not cells.str.fullmatch(r"\d+").all():
        return False
    numbers = typed_column(cells, "numeric")
    return is_key_name(name) or numbers.max() - numbers.min() == len(numbers) - 1


def refuse_unfit(name: str, reading: Reading, task: str) -> None:
    """Raise Refusal when a column cannot be the target of a task."""
    count, rows = reading.cells.nunique(), len(reading.cells)
    if task not in TASKS:
        raise Refusal(f"--task {task}: choose from {', '.join(TASKS)}.")
    if task == "binary" and count != 2:
        raise Refusal(f"the target {name} has {count} values, a binary task has two: say --task multiclass.")
    if task == "regression" and reading.dtype != "numeric":
        raise Refusal(f"the target {name} is not a number ({reading.cells.iloc[0]!r}): say another --task or --target.")
    if task == "regression" and typed_column(reading.cells, "numeric").abs().max() > LARGEST:
        raise Refusal(f"the target {name} goes beyond {LARGEST:g}, too far to be squared: give it in another unit.")
    if task == "multiclass" and (count > MOST_CLASSES or count > 0.5 * rows):
        raise Refusal(
            f"the target {name} has {count} values on {rows} rows, such as {reading.cells.iloc[0]!r}: it is an "
            f"identifier or a text, not a class; name another one with --target."
        )
    scarce = reading.cells.value_counts()
    if task == "regression" and rows < FEWEST_KNOWN:
        raise Refusal(f"{name} is known on {rows} rows, too few to learn and to judge: give {FEWEST_KNOWN}.")
    if task == "multiclass" and scarce.iloc[-1] < FEWEST_ROWS:
        raise Refusal(
            f"the class {scarce.index[-1]!r} of {name} has {scarce.iloc[-1]} rows, too few to learn and to judge: "
            f"join it with another class, or give {FEWEST_ROWS} rows of each."
        )
    if task == "binary" and scarce.iloc[-1] < FEWEST_KNOWN:
        raise Refusal(
            f"only {scarce.iloc[-1]} rows of {name} are {scarce.index[-1]!r}, too few to learn and to judge: give "
            f"{FEWEST_KNOWN}."
        )
    if reading.dtype == "id":
        raise Refusal(f"the target {name} looks like an identifier: name another column with --target.")


def doubt_classes(target: Target) -> list[str]:
    """Return the warnings about classes: those of few rows, and those whose names differ in case alone."""
    if target.task == "regression":
        return []
    found, counts = [], dict(target.shares)
    lowered = Counter(word.lower() for word in counts)
    alike = [word for word in counts if lowered[word.lower()] > 1]
    if alike:
        found.append(f"{target.name}: {', '.join(map(repr, alike))} are taken for different classes: write them alike.")
    known = target.values.value_counts()
    rare = [f"{word!r} ({rows} rows)" for word, rows in known.items() if rows < JUDGED_ROWS]
    if rare and target.task == "multiclass":
        found.append(f"{target.name}: too few rows to say how well it is told: {', '.join(rare)}.")
    return found


def choose_positive(cells: pd.Series) -> str:
    """Return the case of a two-valued column: the value that says yes, else the rarer one."""
    counts = cells.value_counts()
    yes = [str(value) for value in counts.index if str(value).lower() in _YES]
    return yes[0] if len(yes) == 1 else str(counts.index[-1])
