"""One DVCLive step per trial, in the ignored folder `dvclive/` (to watch, never to be hashed), and a progress bar."""

import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from optuna.trial import FrozenTrial
from tqdm import tqdm

Log = Callable[[Mapping[str, float]], None]


def can_track() -> bool:
    """Return whether this is a DVC repository with a commit: elsewhere DVCLive makes one, or crashes."""
    if not Path(".dvc").is_dir():
        return False
    head = subprocess.run(["git", "rev-parse", "--verify", "--quiet", "HEAD"], capture_output=True, check=False)
    return head.returncode == 0


@contextmanager
def track_steps(folder: str = "dvclive") -> Iterator[Log]:
    """Yield a function that logs the metrics of one step; where nothing can be tracked it does nothing."""
    if not can_track():
        yield lambda metrics: None
        return
    from dvclive import Live  # half a second that a run outside a repository need not pay

    with Live(dir=folder, save_dvc_exp=False, dvcyaml=None) as live:

        def log(metrics: Mapping[str, float]) -> None:
            for name, value in sorted(metrics.items()):
                live.log_metric(name, value)
            live.next_step()

        yield log


@contextmanager
def watch_trials(total: int) -> Iterator[Callable[[Sequence[FrozenTrial]], None]]:
    """Yield a function that shows finished trials: a step each in DVCLive, a tick each on the bar (on a terminal)."""
    with track_steps() as log, tqdm(total=total, desc="search", unit="trial", disable=None) as bar:

        def watch(trials: Sequence[FrozenTrial]) -> None:
            for trial in trials:
                log({"loss": float(trial.value or 0.0), "complete": float(trial.state.name == "COMPLETE")})
                bar.update()

        yield watch
