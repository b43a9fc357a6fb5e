"""Which of the fitted settings are served: one, a small weighted ensemble that earns its latency, or the linear one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from perennial.model.calibration import inverse_link
from perennial.model.candidates import FAMILIES, Candidate
from perennial.model.encoder import Array
from perennial.model.folds import OutOfFold, task_loss
from perennial.model.predictor import combine_raw
from perennial.refusal import Refusal

STEPS = 20
Compare = Callable[[Array, Array], dict[str, Any]]  # predictions of two, to by how much the first is better


@dataclass(frozen=True)
class Contenders:
    """Candidates of which the first `offered` may be combined, and the position of the linear one."""

    candidates: tuple[Candidate, ...]
    offered: int
    linear: int


@dataclass(frozen=True)
class Choice:
    """Which candidates are members (by position), their weights (summing to 1) and the loss out of fold."""

    members: tuple[int, ...]
    weights: tuple[float, ...]
    loss: float


def pick_contenders(best: Mapping[str, Any], members: int) -> Contenders:
    """Return the different ones of the `members` best settings of a search, and beside them the best linear one.

    Where there is room for two of each family, each family's best is among them: what errs otherwise adds more than
    what is a little better. All learn the link that the search has chosen.
    """
    if members < 1:
        raise Refusal(f"train.members is {members}: give at least 1.")
    trials, own = best["trials"][:members], list(best["families"].values())
    if own and members >= 2 * len(own):
        others = [trial for trial in trials if trial not in own][: members - len(own)]
        trials = sorted([*own, *others], key=lambda trial: (trial["score"], trial["number"]))
    link = {"link": best["link"]} if best.get("link") else {}
    found = [Candidate(trial["family"], trial["params"] | link) for trial in trials]
    params = best["families"].get("linear", {}).get("params", FAMILIES["linear"].first)
    linear = Candidate("linear", dict(params) | link)
    offered = [one for place, one in enumerate(found) if one not in found[:place]]
    candidates = offered if linear in offered else [*offered, linear]
    return Contenders(tuple(candidates), len(offered), candidates.index(linear))


def choose_single(oof: OutOfFold, places: Sequence[int], task: str) -> Choice:
    """Return the candidate among `places` with the least loss; the earlier one when two are equal."""
    losses = {place: task_loss(task, oof.raws[place], oof.asked) for place in places}
    place = min(places, key=lambda one: losses[one])
    return Choice((place,), (1.0,), losses[place])


def choose_members(oof: OutOfFold, task: str, *, offered: int, least_gain: float) -> Choice:
    """Return the ensemble of the first `offered` candidates, or the best of these where it gains less.

    `least_gain` is relative. Weights by greedy selection with replacement (Caruana et al. 2004) on raw out-of-fold
    scores.
    """
    raws, places = oof.raws[:offered], range(offered)
    single = choose_single(oof, places, task)
    counts = np.array([place == single.members[0] for place in places], dtype=np.int64)
    for _ in range(STEPS - 1):
        losses = [task_loss(task, _mean_raw(raws, counts, extra), oof.asked) for extra in places]
        counts[int(np.argmin(losses))] += 1
    loss = task_loss(task, _mean_raw(raws, counts), oof.asked)
    if np.count_nonzero(counts) < 2 or loss > single.loss * (1.0 - least_gain):
        return single
    members = np.flatnonzero(counts)
    return Choice(tuple(map(int, members)), tuple(float(counts[m] / STEPS) for m in members), loss)


def _mean_raw(raws: Sequence[Array], counts: npt.NDArray[np.int64], extra: int | None = None) -> Array:
    counts = counts if extra is None else counts + (np.arange(len(counts)) == extra)
    return combine_raw(raws, (counts / counts.sum()).tolist())


def combine_choice(raws: Sequence[Array], choice: Choice) -> Array:
    """Return the raw scores of the chosen members."""
    return combine_raw([raws[member] for member in choice.members], choice.weights)


def prefer_linear(contenders: Contenders, choice: Choice, lowest_gain: float) -> bool:
    """Return whether the linear candidate is to be served: what was chosen is not better clear of zero.

    `lowest_gain` is the lower bound of the improvement of what was chosen over the linear candidate.
    """
    return any(contenders.candidates[member].family != "linear" for member in choice.members) and not lowest_gain > 0.0


def choose_served(
    oof: OutOfFold, contenders: Contenders, task: str, *, least_gain: float, compare: Compare
) -> tuple[Choice, dict[str, Any]]:
    """Return what is served, and the improvement over the linear candidate, which is served where that is not clear.

    `compare` gives the improvement of its first over its second predictions, with its `interval`.
    """
    choice = choose_members(oof, task, offered=contenders.offered, least_gain=least_gain)
    ours, theirs = (inverse_link(task, raw) for raw in (combine_choice(oof.raws, choice), oof.raws[contenders.linear]))
    gain = compare(ours, theirs)
    if prefer_linear(contenders, choice, gain["interval"][0]):
        choice = choose_single(oof, (contenders.linear,), task)
    return choice, gain
