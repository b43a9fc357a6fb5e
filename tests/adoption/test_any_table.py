"""Whatever the table: it is adopted and its model answers, or it is refused in a sentence; never anything else."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perennial.adoption.plan import TablePlan, Wishes, plan_table
from perennial.commands.adopt import write_plan
from perennial.data.contract import features_of
from perennial.io import adoption
from perennial.io.adoption import read_cells_of
from perennial.io.contract import read_contract
from perennial.io.tables import read_table
from perennial.refusal import Refusal
from perennial.serving.answers import ServeLimits, warm_up
from perennial.serving.runtime import load_predictor
from perennial.stages import assemble, ingest, search, split, train, validate
from tests.conftest import copy_inputs, set_params

PRINTABLE = st.characters(codec="utf-8", categories=("L", "N", "P", "S"))
ODD = ("select", "group", "order", "it's", 'say "x"', "a.b", "null", "true", "größe", "id", "time", "y" * 300)
NAMES = st.one_of(st.text(PRINTABLE, min_size=1, max_size=12), st.sampled_from(ODD))
KINDS = ("number", "whole", "word", "flag", "day", "constant", "empty", "mixed", "code", "sentence", "key")
FEW = {
    "engine.workers": 1,
    "assemble.random_cuts": 1,
    "assemble.adversarial_cuts": 0,
    "split.folds": 3,
    "search.families": ["small_trees", "linear"],
    "search.trials": 2,
    "search.outer_trials": 2,
    "search.max_rounds": 20,
    "search.selection": False,
}
ASKED = ("number", "flag", "flag", "class", "class", "word", "empty", "key")


def make_column(kind: str, rows: int, draw: np.random.Generator) -> list[str]:
    """Return the text cells of one column."""
    made: dict[str, Any] = {
        "number": lambda: [f"{value:.4g}" for value in draw.normal(0, 10.0 ** draw.integers(-3, 9), rows)],
        "whole": lambda: [str(value) for value in draw.integers(-5, 40, rows)],
        "word": lambda: [str(value) for value in draw.choice(["red", "O'Hara", "né", "NA", "a;b", 'q"q', " "], rows)],
        "class": lambda: [str(value) for value in draw.choice(["a", "b", "c"], rows)],
        "flag": lambda: [str(value) for value in draw.choice(["True", "False"], rows)],
        "day": lambda: [str(np.datetime64("2020-01-01") + day) for day in draw.integers(0, 400, rows)],
        "constant": lambda: ["same"] * rows,
        "empty": lambda: [""] * rows,
        "mixed": lambda: [str(value) for value in draw.choice(["1", "2.5", "x", "", "2020-01-01"], rows)],
        "code": lambda: [f"{value:03d}" for value in draw.integers(0, 30, rows)],
        "sentence": lambda: [f"this is the remark number {value}" for value in draw.integers(0, 1000, rows)],
        "key": lambda: [f"K{number}" for number in range(rows)],
    }
    cells: list[str] = made[kind]()
    holes = draw.random(rows) < draw.choice([0.0, 0.0, 0.2])
    return ["" if hole and kind != "key" else cell for cell, hole in zip(cells, holes, strict=True)]


@st.composite
def tables(draw: st.DrawFn, wide: Sequence[int] = (0,)) -> pd.DataFrame:
    """A table of 60 to 300 rows and any mix of columns, the last of which is asked about; `wide` as many more."""
    kinds = [*draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=7)), draw(st.sampled_from(ASKED))]
    names = draw(st.lists(NAMES, min_size=len(kinds), max_size=len(kinds), unique=True))
    rows, seed = draw(st.integers(60, 300)), draw(st.integers(0, 2**32 - 1))
    made = np.random.default_rng(seed)
    further = range(draw(st.sampled_from(wide)))
    more = {f"column {number}": make_column(made.choice(KINDS), rows, made) for number in further}
    return pd.DataFrame(more | {name: make_column(kind, rows, made) for name, kind in zip(names, kinds, strict=True)})


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of flights, to adopt other tables in."""
    return copy_inputs(tmp_path_factory.mktemp("any") / "project")


def adopt_table(table: pd.DataFrame) -> TablePlan:
    """Write a table and adopt it, in the working folder."""
    path = Path(".perennial/table.csv")
    path.parent.mkdir(exist_ok=True)
    table.to_csv(path, index=False)
    plan = plan_table(read_cells_of(str(path), None), "table", Wishes(target=str(table.columns[-1])))
    write_plan(plan)
    set_params(Path(), FEW)
    return plan


def reach_split(table: pd.DataFrame) -> None:
    plan = adopt_table(table)
    for stage in (ingest, validate, assemble, split):
        stage.main()
    assert len(read_table("data/examples.parquet")) == len(table)
    features = [column.name for column in features_of(read_contract())]
    assert features == [column.name for column in plan.columns if column.role == "input"]


@pytest.fixture
def repository(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository as working folder; DVC takes seconds for what is not asked here."""
    monkeypatch.chdir(project)
    monkeypatch.setattr(adoption, "version_folder", lambda: None)
    return project


@settings(max_examples=4, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(table=tables())
def test_any_table_reaches_its_split_or_is_refused(table: pd.DataFrame, repository: Path) -> None:
    with suppress(Refusal):
        reach_split(table)


@pytest.mark.slow
@pytest.mark.timeout(900)
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(table=tables())
def test_two_hundred_other_tables_reach_their_split_or_are_refused(table: pd.DataFrame, repository: Path) -> None:
    with suppress(Refusal):
        reach_split(table)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_forty_other_tables_are_answered_for_or_refused(repository: Path) -> None:
    answered = Counter[bool]()

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(table=tables(wide=[0] * 12 + [40, 490]))
    def learn_and_answer(table: pd.DataFrame) -> None:
        try:
            reach_split(table)
            search.main()
            train.main()
        except Refusal:
            answered[False] += 1
            return
        warm_up(load_predictor("models/bundle"), ServeLimits(max_rows=1, max_body_bytes=1_000_000))
        answered[True] += 1

    learn_and_answer()
    assert answered[True] >= 8, answered
