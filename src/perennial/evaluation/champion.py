"""Whether the released model can be compared honestly."""

from collections.abc import Sequence
from typing import Any

from perennial.evaluation.spans import reaches_into


def compare_champion(
    *,
    bundle: str,
    released: str,
    present: str,
    absent: Sequence[str],
    overlap_rows: int,
    seen_until: str | None,
    first: str | None,
) -> dict[str, Any]:
    """Return {"bundle", "same", "obstacle"}: an obstacle is why the two models cannot be compared honestly.

    `released` is the hash that models/champion.json names and `present` that of models/champion/; `absent` are inputs
    of the released model that the table has no longer, `overlap_rows` the test rows that it was trained on,
    `seen_until` the newest instant it has seen and `first` the first of the test (ISO, None without time).
    """
    obstacle, release = None, "empty models/champion.json to release without a comparison"
    if present != released:
        obstacle = f"models/champion/ holds the bundle {present}, not the released {released}: run `dvc checkout`."
    elif absent:
        obstacle = f"The released model needs {', '.join(absent)}, which the table has no longer: {release}."
    elif overlap_rows:
        obstacle = f"The released model was trained on {overlap_rows} of the test rows: advance `problem.as_of`."
    elif reaches_into(seen_until, first):
        obstacle = f"The test starts {first}, the released model has seen until {seen_until}: advance `problem.as_of`."
    same = bundle == released
    return {"bundle": released, "same": same, "obstacle": None if same else obstacle}
