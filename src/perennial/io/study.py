"""The memory of a search that may be killed: finished trials in an Optuna journal, outside the graph and Git."""

import json
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial

from perennial.io.files import sha256_file, sha256_text
from perennial.io.graph import import_closure
from perennial.model.search import Report

FOLDER = Path(".perennial/studies")
_NAME = "search"
_SOURCE = Path(__file__).resolve().parents[2]


def study_path(identity: Any, folder: Path = FOLDER) -> Path:
    """Return the journal of everything that decides a search: data, code, space, seed and batch, as JSON values."""
    return folder / f"{sha256_text(json.dumps(identity, sort_keys=True))[:32]}.log"


def identify_search(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what decides a search as JSON: its params, its data, the code it runs, the libraries' versions."""
    code = [Path(path) for path in import_closure("perennial.stages.search", _SOURCE)]
    data = [Path("data/examples.parquet"), Path("data/split.parquet"), Path("data/contract.yaml")]
    return {
        "params": dict(params),
        "data": {path.name: sha256_file(path) for path in data},
        "code": {path.relative_to(_SOURCE).as_posix(): sha256_file(path) for path in code},
        "versions": {name: metadata.version(name) for name in ("lightgbm", "numpy", "optuna", "scikit-learn")},
    }


def resume_search(identity: Any, batch: int, trials: int) -> tuple[list[FrozenTrial], Report]:
    """Return the trials already finished, and a function that remembers further ones."""
    study = open_journal(study_path(identity))
    return finished_trials(study, batch, trials), lambda new: append_trials(study, new)


def _drop_torn_line(path: Path) -> None:
    """Cut what a killed write left behind the last line end: the next write would be glued to it."""
    if path.exists():
        whole = path.read_bytes()
        path.write_bytes(whole[: whole.rfind(b"\n") + 1])


def open_journal(path: Path) -> optuna.Study:
    """Return the study of a journal, new or as it was left; one that cannot be read is begun again."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Only one search runs in a repository (DVC's lock), so a lock that is there was left by a killed one.
    Path(f"{path}.lock").unlink(missing_ok=True)
    _drop_torn_line(path)
    try:
        return _create_study(path)
    except (ValueError, KeyError, TypeError, AssertionError):  # what Optuna raises at lines it cannot replay
        path.unlink()
        return _create_study(path)


def _create_study(path: Path) -> optuna.Study:
    storage = JournalStorage(JournalFileBackend(str(path)))
    study = optuna.create_study(study_name=_NAME, storage=storage, direction="minimize", load_if_exists=True)
    fail_leftovers(study)
    return study


def fail_leftovers(study: optuna.Study) -> None:
    """Tell trials that another program left running as failed."""
    for trial in study.get_trials(states=[optuna.trial.TrialState.RUNNING]):
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)


def append_trials(study: optuna.Study, trials: Sequence[FrozenTrial]) -> None:
    """Add finished trials, each with its place in the search."""
    for trial in trials:
        study.add_trial(_with_place(trial))


def _with_place(trial: FrozenTrial) -> FrozenTrial:
    attributes = trial.user_attrs | {"place": trial.number}
    return optuna.trial.create_trial(
        state=trial.state,
        value=trial.value,
        params=trial.params,
        distributions=trial.distributions,
        user_attrs=attributes,
        system_attrs=trial.system_attrs,
        intermediate_values=trial.intermediate_values,
    )


def finished_trials(study: optuna.Study, batch: int, trials: int) -> list[FrozenTrial]:
    """Return the finished trials of the whole batches from the start, in their order.

    A batch that a kill cut in two is scored again: what was written twice is the same twice.
    """
    states = [optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED]
    by_place = {trial.user_attrs["place"]: trial for trial in study.get_trials(states=states)}
    count = next(place for place in range(len(by_place) + 1) if place not in by_place)
    kept = [by_place[place] for place in range(min(count, trials) if count >= trials else count // batch * batch)]
    for place, trial in enumerate(kept):
        trial.number = place
    return kept
