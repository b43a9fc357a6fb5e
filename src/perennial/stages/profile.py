"""profile: distributions, gaps, far-out values, drift and leak suspects of the examples."""

from perennial.data.distribution import even_positions
from perennial.data.profile import ProfileLimits, profile_examples
from perennial.data.roles import refuse_other_roles
from perennial.io.contract import read_contract
from perennial.io.files import write_json, write_text
from perennial.io.params import read_params
from perennial.io.process import run_stage
from perennial.io.reports import FOLDER, render_table_report
from perennial.io.tables import read_table

PARAMS = (
    "problem.target",
    "problem.task",
    "problem.time",
    "profile.bins",
    "profile.max_rows",
    "profile.suspect_auc",
    "profile.suspect_correlation",
    "profile.suspect_missing",
    "profile.table_report",
    "profile.table_rows",
    "profile.top",
)


def main() -> None:
    """Read the examples, write their profile; on demand also skrub's view of a few thousand rows."""
    params, contract = read_params(PARAMS), read_contract()
    refuse_other_roles(contract, {"target": params["problem.target"], "time": params["problem.time"]})
    columns, frame = contract.examples, read_table("data/examples.parquet")
    limits = ProfileLimits(
        max_rows=params["profile.max_rows"],
        bins=params["profile.bins"],
        top=params["profile.top"],
        suspect_auc=params["profile.suspect_auc"],
        suspect_correlation=params["profile.suspect_correlation"],
        suspect_missing=params["profile.suspect_missing"],
    )
    profile = profile_examples(
        frame,
        columns,
        task=params["problem.task"],
        target=params["problem.target"],
        time=params["problem.time"],
        limits=limits,
    )
    write_json("metrics/profile.json", profile)
    if params["profile.table_report"]:
        shown = [column.name for column in columns if not column.pii]
        sample = frame[shown].iloc[even_positions(len(frame), params["profile.table_rows"])].reset_index(drop=True)
        write_text(FOLDER / "profile.html", render_table_report(sample, "The examples"))


if __name__ == "__main__":
    run_stage(main)
