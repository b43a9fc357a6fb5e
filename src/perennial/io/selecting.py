"""Which inputs are worth keeping: held against shuffled copies, then against a model that has them all."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from perennial.io.engine import Engine
from perennial.io.folds import score_pieces, weigh_copies, write_folds
from perennial.io.learning import Learning, leave_out, sample_learning
from perennial.model.candidates import Candidate, Params, size_family
from perennial.model.folds import scored_folds
from perennial.model.selection import describe_selection, find_needless, judge_inputs, limit_rows, restore_inputs


def select_inputs(
    engine: Engine, folder: Path, learning: Learning, *, key: str, seed: int, family: str, fixed: Params
) -> dict[str, Any]:
    """Return the evidence of every input; `family` with its first setting tells what is missed of those left out."""
    inputs = learning.problem.inputs
    small = sample_learning(learning, key, limit_rows(len(inputs)), seed)
    needless = find_needless(small.frame, inputs)
    small = leave_out(small, list(needless))
    folds = scored_folds(small.folds, small.problem)
    write_folds(folder, small, folds)
    names = [column.name for column in inputs]
    judged = judge_inputs(names, weigh_copies(engine, folder, folds))
    candidate = Candidate(family, size_family(family, len(small.frame)).first)
    known: dict[frozenset[str], list[float]] = {}

    def losses_without(out: Sequence[str]) -> list[float]:
        if (lacking := frozenset(out)) not in known:
            place = folder / f"without_{len(known)}"
            write_folds(place, leave_out(small, [*needless, *out]), folds)
            scores = score_pieces(engine, place, [(candidate, fold) for fold in folds], fixed)
            known[lacking] = [one.loss for one in scores]
        return known[lacking]

    judged = restore_inputs([one for one in judged if one["column"] not in needless], losses_without)
    return describe_selection(judged, needless, names, len(small.frame))
