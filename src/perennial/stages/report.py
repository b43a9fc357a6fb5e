"""report: the facts of the run in one file, and the views rendered from it."""

from perennial.io.files import read_json, write_json
from perennial.io.params import read_params
from perennial.io.process import run_stage
from perennial.io.reports import FOLDER, read_curves, read_metrics, write_views
from perennial.report.facts import CURVES, METRICS, gather_facts

PARAMS = (
    "problem.as_of",
    "problem.audience",
    "problem.block",
    "problem.costs.false_negative",
    "problem.costs.false_positive",
    "problem.decision",
    "problem.label",
    "problem.label_delay",
    "problem.metric",
    "problem.moment",
    "problem.statement",
    "problem.success",
    "problem.target",
    "problem.task",
    "problem.time",
    "report.columns",
    "report.slices",
)


def main() -> None:
    """Read every metric file, write the facts, render the views."""
    facts = gather_facts(
        params=read_params(PARAMS),
        metrics=read_metrics(METRICS),
        curves=read_curves(CURVES),
        champion=read_json("models/champion.json"),
    )
    write_json(FOLDER / "facts.json", facts)
    write_views(facts)


if __name__ == "__main__":
    run_stage(main)
