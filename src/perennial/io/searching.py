"""One search on the rows of a folder, wherever the engine runs, that goes on from where a killed one stopped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial

from perennial.io.engine import Engine
from perennial.io.folds import score_pieces, write_folds
from perennial.io.learning import Learning
from perennial.io.study import resume_search
from perennial.model.candidates import Params, plan_families
from perennial.model.folds import FoldScore
from perennial.model.link import may_link
from perennial.model.search import Pairs, Report, Searched, Stop, choose_link, run_search, with_link
from perennial.model.target import encode_target


def offer_link(learning: Learning) -> bool:
    """Return whether the target may be learned as its logarithm."""
    problem = learning.problem
    return may_link(problem.task, encode_target(learning.frame[problem.target], problem.classes))


@dataclass(frozen=True)
class Way:
    """How rows are searched: families, trials in batches, what is not searched, and what finished ones are kept by."""

    families: Sequence[str]
    trials: int
    batch: int
    seed: int
    fixed: Params
    identity: Mapping[str, Any]


def search_rows(
    engine: Engine,
    place: Path,
    learning: Learning,
    folds: Sequence[int],
    way: Way,
    *,
    stop: Stop,
    watch: Report = lambda trials: None,
) -> tuple[Searched, dict[str, str]]:
    """Return the trials of a search on rows, in a new folder, and the link that was chosen, if any."""
    write_folds(place, learning, folds)
    done, remember = resume_search(way.identity, way.batch, way.trials)
    watch(done)

    def score(pairs: Pairs, stop: Stop | None = None) -> Sequence[FoldScore]:
        return score_pieces(engine, place, pairs, way.fixed, stop=stop)

    def report(new: Sequence[FrozenTrial]) -> None:
        remember(new)
        watch(new)

    rows = len(learning.frame)
    link = choose_link(way.families, folds, score, offer_link(learning), rows)
    found = run_search(
        plan=plan_families(way.families, way.trials),
        batch=way.batch,
        seed=way.seed,
        folds=folds,
        score=with_link(score, link),
        done=done,
        report=report,
        stop=stop,
        rows=rows,
    )
    return found, {"link": link} if link else {}
