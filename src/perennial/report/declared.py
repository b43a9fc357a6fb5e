"""What a pull request changes: params, data, columns, files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from perennial.report.blocks import Table, Text
from perennial.report.change import Run, diff_columns, diff_leaves, written_by_hand
from perennial.report.parts import blocks_of
from perennial.report.words import NOTHING, listed, number, pick, plural, short

MOST_LISTED = 30
FIRST_FILES = ("data/", "params.yaml", "dvc.yaml", "src/", "requirements/")
STATUS = {"A": "added", "D": "removed", "M": "changed", "T": "changed"}


def tell_changes(base: Run, run: Run, files: Iterable[tuple[str, str]]) -> str:
    """Params leaf by leaf, the data, the columns, the files that people write."""
    leaves = diff_leaves(base.params, run.params) if base.params else []
    params = [(short(name), show(old), show(new)) for name, old, new in leaves]
    data = data_rows(base, run) if base.metrics else []
    written = sorted(written_by_hand(files), key=lambda file: (file_rank(file[1]), file[1]))
    names = [(short(path, 120), STATUS.get(status[:1], status)) for status, path in written]
    return blocks_of(
        *some(params, "param", ("Param", "Base", "Now")),
        *some(data, "source", ("Data", "Base", "Now")),
        tell_columns(base, run),
        *some(names, "file", ("File", "Was")),
    )


def some(rows: Sequence[tuple[str, ...]], noun: str, head: tuple[str, ...]) -> tuple[Table, Text | None]:
    """A table of the first rows, and how many more there are."""
    more = len(rows) - MOST_LISTED
    rest = Text(f"And {number(more)} more {noun}s.") if more > 0 else None
    return Table(head, tuple(rows[:MOST_LISTED]), len(head)), rest


def tell_columns(base: Run, run: Run) -> Text | None:
    """The columns that the examples gained and lost."""
    before, after = base.metrics.get("profile"), run.metrics.get("profile")
    gained, lost = diff_columns(before, after) if before and after else ([], [])
    told = [
        f"{word}: {listed([short(name) for name in names], 20)}."
        for word, names in (("New columns", gained), ("Columns that are gone", lost))
        if names
    ]
    return Text(" ".join(told)) if told else None


def file_rank(path: str) -> int:
    """Declarations first, then code, then what the code runs on, then the rest."""
    return next((rank for rank, start in enumerate(FIRST_FILES) if path.startswith(start)), len(FIRST_FILES))


def show(value: Any) -> str:
    """A param as it stands in the file; a dash where it is absent."""
    return NOTHING if value is None else short(str(value), 80)


def data_rows(base: Run, run: Run) -> list[tuple[str, str, str]]:
    """What differs in the sources and roles: rows and months, by name."""
    tellers: tuple[Callable[[Run], dict[str, str]], ...] = (source_facts, role_facts)
    rows = []
    for tell in tellers:
        rows += [(short(name), show(old), show(new)) for name, old, new in diff_leaves(tell(base), tell(run))]
    return rows


def source_facts(run: Run) -> dict[str, str]:
    """Rows, bad rows and months of each source."""
    sources = pick(run.metrics.get("validation"), "sources", default={})
    return {f"source {name}": describe_source(found) for name, found in sources.items()}


def describe_source(found: Mapping[str, Any]) -> str:
    """One source in a line."""
    bad = f", {number(found['bad'])} bad" if found.get("bad") else ""
    return f"{plural(found.get('rows'), 'row')}{bad}{months(*(found.get('span') or ()))}"


def role_facts(run: Run) -> dict[str, str]:
    """Rows and months of each role of the split."""
    roles = pick(run.metrics.get("split"), "roles", default={})
    spans = {name: (found.get("first"), found.get("last")) for name, found in roles.items()}
    return {f"role {n}": f"{plural(f.get('rows'), 'row')}{months(*spans[n])}" for n, f in roles.items()}


def months(*instants: Any) -> str:
    """The first and the last month of two instants as text; nothing without them."""
    found = [str(instant)[:7] for instant in instants if instant]
    if not found:
        return ""
    return f", {found[0]}" if found[0] == found[-1] else f", {found[0]} to {found[-1]}"
