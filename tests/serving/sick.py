"""The challenger's process with a model that has gone wrong since it was packed; `SICK` says how."""

import os
import time
from typing import Any

from perennial.serving import challenger_process


def fall_ill(_predictor: Any, rows: Any, _explained: bool) -> list[dict[str, Any]]:
    """Score as badly as `SICK` says."""
    if os.environ["SICK"] == "raise":
        raise RuntimeError(f"it broke at {rows}")
    if os.environ["SICK"] == "slow":
        time.sleep(len(rows))
    if os.environ["SICK"] == "die":
        os._exit(1)
    score = float("nan") if os.environ["SICK"] == "nan" else 0.5
    return [{"score": score, "decision": True, "warnings": []} for _ in rows]


if __name__ == "__main__":
    challenger_process.score = fall_ill
    challenger_process.main()
