"""The gate against a champion on real flights: how often it blesses chance, how often it stops planted regressions."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from measure import ROOT
from perennial.data.contract import Column, inputs_of
from perennial.data.split import LEARNING
from perennial.evaluation.harm_checks import check_champion
from perennial.evaluation.intervals import Array
from perennial.evaluation.judgement import block_values
from perennial.evaluation.sample import Sample, improvement, take_sample
from perennial.io.contract import read_contract
from perennial.io.tables import read_table
from perennial.model.boosting import fit_boosting
from perennial.model.encoding import fit_encoder
from perennial.model.frames import encode_frame, predict_frame
from perennial.model.predictor import Model
from perennial.stages.gate import read_limits

CHALLENGERS, BLESSED, REFUSED = 40, 0.95, 0.90
LEARNED, JUDGED = 40_000, 100_000
SETTINGS = {
    **{"num_iterations": 50, "learning_rate": 0.15, "num_leaves": 31, "min_data_in_leaf": 100},
    **{"feature_fraction": 0.7, "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 10.0, "cat_smooth": 100.0},
}


@dataclass(frozen=True)
class World:
    """The rows that are learned from and judged, and the judged ones as a sample."""

    learned: pd.DataFrame
    test: pd.DataFrame
    columns: list[Column]
    sample: Sample


def read_world() -> World:
    """Return an even part of the project's own rows, whole days of test included."""
    rows = read_table("data/examples.parquet").merge(read_table("data/split.parquet"), on="flight_id")
    learned, test = rows[rows["role"].isin(LEARNING)], rows[rows["role"] == "test"]
    learned, test = (part.iloc[:: -(-len(part) // most)] for part, most in ((learned, LEARNED), (test, JUDGED)))
    sample = take_sample(
        task="binary",
        metric="log_loss",
        truth=test["late"].to_numpy(float),
        blocks=block_values("day", test["decision_at"], None, len(test)),
        replicates=1000,
        confidence=0.95,
        seed=0,
    )
    return World(learned, test, inputs_of(read_contract()), sample)


def train(world: World, seed: int, *, without: str | None = None, wrong: float = 0.0, flipped: float = 0.0) -> Array:
    """Return the test scores of a cheap model; without a group of features, or with so many labels or rows wrong.

    `wrong` is the share of the learned rows whose inputs belong to another row, `flipped` that of turned labels.
    """
    random, columns = np.random.default_rng(seed), [one for one in world.columns if one.group != without]
    encoder = fit_encoder(world.learned, columns)
    matrix, truth = encode_frame(encoder, world.learned), world.learned["late"].to_numpy(float)
    mixed = np.flatnonzero(random.random(len(matrix)) < wrong)
    matrix[mixed] = matrix[random.permutation(mixed)]
    truth = np.where(random.random(len(truth)) < flipped, 1.0 - truth, truth)
    text = fit_boosting(matrix, truth, encoder["categorical"], SETTINGS | {"seed": seed}, num_threads=1)
    return predict_frame(Model("binary", "late", encoder, (text,), classes=(False, True)), world.test, num_threads=1)


def shift(scores: Array, logits: float) -> Array:
    """Return scores that all moved by so many logits: a calibration that was lost."""
    return 1.0 / (1.0 + np.exp(-logits) * (1.0 / scores - 1.0))


KINDS: dict[str, tuple[bool, Callable[[World, int], Array]]] = {
    "another seed": (False, train),
    "no aircraft features": (True, lambda world, seed: train(world, seed, without="aircraft")),
    "half of the rows mixed up": (True, lambda world, seed: train(world, seed, wrong=0.5)),
    "8 % of the labels turned": (True, lambda world, seed: train(world, seed, flipped=0.08)),
    "calibration lost by 0.35": (True, lambda world, seed: shift(train(world, seed), 0.35)),
}


def judge(world: World, released: Array, scores: Array) -> tuple[bool, float]:
    """Return what the gate's own check says of a challenger, and the share of the champion's loss that it saves."""
    found = improvement(world.sample, scores, released)
    evaluation = {
        "champion": {"bundle": "c", "same": False, "obstacle": None},
        "improvement": {"over_champion": found},
        "metric": "log_loss",
        "rows": len(world.test),
    }
    return check_champion(evaluation, {}, read_limits()).passed, found["value"]


def measure_kind(world: World, released: Array, name: str) -> tuple[int, int]:
    """Print one row of the table; return how many challengers were judged rightly, and of how many."""
    planted, make = KINDS[name]
    count = CHALLENGERS // (len(KINDS) - 1) if planted else CHALLENGERS
    verdicts = [judge(world, released, make(world, seed)) for seed in range(count)]
    refused = sum(not passed for passed, _ in verdicts)
    gains = [gain for _, gain in verdicts]
    print(f"| {name} | {count} | {min(gains):+.4f} to {max(gains):+.4f} | {refused} |", flush=True)
    return (refused if planted else count - refused), count


def main() -> None:
    if not (ROOT / "data" / "split.parquet").exists():
        sys.exit("run `make repro` first: this reads its examples.")
    world = read_world()
    released = train(world, seed=1000)
    print(f"{len(world.learned):,} rows learned, {len(world.test):,} judged in {world.sample.blocks} days\n")
    print("| challengers | count | share of the champion's log loss saved | refused |\n|---|---|---|---|")
    judged = {name: measure_kind(world, released, name) for name in KINDS}
    blessed, chance = judged.pop("another seed")
    caught, planted = (sum(pair[place] for pair in judged.values()) for place in (0, 1))
    print(f"\nblessed by chance {blessed / chance:.0%} (at least {BLESSED:.0%}), ", end="")
    print(f"regressions refused {caught / planted:.0%} (at least {REFUSED:.0%})")
    if blessed < BLESSED * chance or caught < REFUSED * planted:
        sys.exit("the gate does not hold what it promises")


if __name__ == "__main__":
    main()
