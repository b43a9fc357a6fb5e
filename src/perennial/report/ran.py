"""Which stages differ from the base, why, and how long each took."""

from __future__ import annotations

from collections.abc import Mapping

from perennial.report.blocks import Table, Text
from perennial.report.change import Run, StageChange, diff_stages
from perennial.report.parts import blocks_of
from perennial.report.words import listed, number, plain, plural, short


def tell_stages(base: Run, run: Run, seconds: Mapping[str, float] | None) -> str:
    """The stages whose entry in dvc.lock is another, why, and how long each took where somebody timed it."""
    rows = []
    for change in diff_stages(base.lock, run.lock):
        causes = listed([short(cause, 80) for cause in change.causes], 3) or "its outputs"
        rows.append(
            (change.name, causes, "other outputs" if change.wrote else "the same outputs", took(change, seconds))
        )
    if not rows:
        return blocks_of(Text("No stage differs from the base.")) if base.lock else ""
    told = Text(f"{plural(len(rows), 'stage')} of {len(run.lock)} differ from the base.")
    if seconds is not None:
        told = Text(f"{told.text} {plural(len(seconds), 'stage')} ran, {duration(sum(seconds.values()))} together.")
    return blocks_of(told, Table(("Stage", "Because of", "Wrote", "Took"), tuple(rows), 3))


def took(change: StageChange, seconds: Mapping[str, float] | None) -> str:
    """How long a stage took; a dash where it did not run or nobody timed it."""
    return duration(seconds[change.name]) if seconds and change.name in seconds else "–"


def duration(seconds: float) -> str:
    """A span of time as people say it."""
    return f"{plain(seconds, 2)} s" if seconds < 100 else f"{number(round(seconds / 60))} min"
