"""The files of a report: what it is made from, and its views beside it."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perennial.io.files import read_json, write_text
from perennial.report.views import render_views

if TYPE_CHECKING:
    import pandas as pd

FOLDER = Path("reports")


def read_metrics(names: Iterable[str], folder: str | Path = "metrics") -> dict[str, Any]:
    """Return {name: content} of the metric files that are there."""
    paths = {name: Path(folder) / f"{name}.json" for name in names}
    return {name: read_json(path) for name, path in paths.items() if path.is_file()}


def read_curves(names: Iterable[str], folder: str | Path = "metrics/plots") -> dict[str, list[dict[str, str]]]:
    """Return the rows of each plot file that is there, cells as text."""
    curves = {}
    for name in names:
        path = Path(folder) / f"{name}.csv"
        if path.is_file():
            with path.open(encoding="utf-8", newline="") as file:
                curves[name] = list(csv.DictReader(file))
    return curves


def write_views(facts: dict[str, Any], folder: Path = FOLDER) -> list[Path]:
    """Render every view of the facts; return the files written."""
    views = render_views(facts)
    for name, text in views.items():
        write_text(folder / name, text)
    return [folder / name for name in views]


def render_table_report(frame: "pd.DataFrame", title: str) -> str:
    """The interactive skrub report of a small frame as one HTML document.

    Without its plots, which the page has already: matplotlib would leave a cache outside the repository.
    """
    from skrub import TableReport  # two seconds to import, and only this view needs it

    report = TableReport(frame, title=title, plot_distributions=False, compute_associations=False, verbose=0)
    html: str = report.html()
    return html
