"""`perennial fetch`: the declared sources as they are now, in snapshots that the graph reads."""

import argparse
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from perennial.adoption.plain import fit_columns, name_rows, plain_cells
from perennial.commands import Add
from perennial.data.contract import Source
from perennial.data.fetching import Fetch
from perennial.io.contract import read_contract
from perennial.io.fetch import LEAVES, Patience, count_remote, read_patience, read_remote
from perennial.io.params import read_params
from perennial.io.retry import Down
from perennial.io.scratch import scratch_folder
from perennial.io.snapshot import (
    EARLIEST,
    FOLDER,
    Held,
    build_snapshot,
    describe_held,
    dtype_of,
    known_until,
    note_fetched,
    put_snapshots,
    read_log,
    restore_snapshots,
)
from perennial.refusal import Refusal

PARAMS = (*LEAVES, "problem.as_of", "engine.memory_gb")


def fetch(arguments: argparse.Namespace) -> None:
    """Fetch the declared sources, or the named ones, into data/source; what is down keeps what it had."""
    chosen = choose_sources(arguments.sources)
    params = read_params(PARAMS)
    restore_snapshots()
    failures = []
    with scratch_folder("snapshots") as folder:
        built = {}
        for source, declared in chosen.values():
            target = folder / source.name
            target.mkdir()
            try:
                build_source(source, declared, target, params=params, whole=arguments.whole)
            except Refusal as refusal:
                failures.append(say_failure(source.name, refusal))
            else:
                built[source.name] = target
        keep_built(built)
    if failures:
        raise Refusal(" ".join(failures))


def choose_sources(names: list[str]) -> dict[str, tuple[Source, Fetch]]:
    """Return the named sources with their declarations, all that have one when none is named."""
    sources = read_contract().sources
    declared = {name: (source, source.fetch) for name, source in sources.items() if source.fetch is not None}
    if not declared:
        raise Refusal("no source in data/contract.yaml has a section `fetch`: `perennial adopt URL` writes one.")
    for name in names:
        if name not in declared:
            raise Refusal(f"{name} is no source with a section `fetch`; these are: {', '.join(declared)}.")
    return {name: declared[name] for name in names or declared}


def build_source(
    source: Source, declared: Fetch, target: Path, *, params: Mapping[str, Any], whole: bool = False
) -> None:
    """Fetch one source and write its new snapshot into the empty folder `target`."""
    as_of, patience = datetime.fromisoformat(params["problem.as_of"]), read_patience(params)
    memory, held = params["engine.memory_gb"], FOLDER / source.name
    since = None if whole else known_until(source, declared, held, memory)
    if since is not None:
        build(source, declared, read_rows(source, declared, as_of, since, patience), target, held, memory)
        if is_complete(source, declared, target, as_of, patience):
            return
        for file in target.iterdir():
            file.unlink()
    # Nothing is held, or not what the source has now: rows were withdrawn, or came late with an old watermark.
    frame = read_rows(source, declared, as_of, None, patience)
    if frame.empty:
        raise Refusal("it answers without a row.")
    build(source, declared, frame, target, None, memory)


def build(
    source: Source, declared: Fetch, frame: pd.DataFrame, target: Path, held: Path | None, memory_gb: float
) -> None:
    """Write the snapshot of a fetched frame of text cells, plainly and with the contract's columns alone."""
    sparse = declared.records is not None or bool(declared.pages)
    columns = tuple(column for column in source.columns if column.name != declared.numbered)
    fitted, beside = fit_columns(frame, columns, sparse=sparse)
    if beside:
        print(f"{source.name}: left out, as data/contract.yaml does not have it: {', '.join(beside)}")
    cells = plain_cells(fitted, columns, declared.formats)
    if declared.numbered is not None:
        cells = cells.assign(**{declared.numbered: name_rows(cells)})
    build_snapshot(source, cells, target, held=held, months=declared.months, memory_gb=memory_gb)


def earliest(source: Source, declared: Fetch) -> Any:
    """Return what `:since` is when everything is asked for."""
    return EARLIEST.get(dtype_of(source, declared.watermark), "") if declared.watermark else None


def read_rows(source: Source, declared: Fetch, as_of: datetime, since: Any, patience: Patience) -> pd.DataFrame:
    """Return the rows of a source; a query that names `:since` itself is given the earliest for all of them."""
    if since is None and ":since" in (declared.query or ""):
        since = earliest(source, declared)
    return read_remote(declared, as_of=as_of, since=since, patience=patience)


def is_complete(source: Source, declared: Fetch, target: Path, as_of: datetime, patience: Patience) -> bool:
    """Tell whether a database has as many rows as the new snapshot; other kinds cannot be asked and are believed."""
    count = count_remote(declared, as_of=as_of, since=earliest(source, declared), patience=patience)
    return count is None or count == describe_held(target).rows


def keep_built(built: Mapping[str, Path], *, alone: bool = False) -> None:
    """Put those snapshots in place that are new, say of each what changed, and note when it was fetched.

    Those of other sources go where the new ones shall be `alone`.
    """
    before = {name: describe_held(FOLDER / name) for name in built}
    after = {name: describe_held(place) for name, place in built.items()}
    changed = {name: place for name, place in built.items() if before[name] != after[name]}
    if changed or alone:
        put_snapshots(built if alone else changed, alone=alone)
    if built:
        note_fetched(after, alone=alone)
    for name in built:
        print(say_change(name, before[name], after[name]))
    if changed:
        print("`git diff data/source.dvc` shows it; `make repro` reruns what that changes.")


def say_change(name: str, before: Held, after: Held) -> str:
    """Return what a fetch changed in a snapshot, part by part, in one line."""
    kinds = {
        "new": [part for part in after.parts if part not in before.parts],
        "changed": [part for part in after.parts if before.parts.get(part, after.parts[part]) != after.parts[part]],
        "withdrawn": [part for part in before.parts if part not in after.parts],
    }
    said = [f"{word} {', '.join(sorted(parts)[:12])}" for word, parts in kinds.items() if parts]
    return f"{name}: {after.rows:,} rows; {'; '.join(said) or 'nothing new'}"


def say_failure(name: str, refusal: Refusal) -> str:
    """Return which source did not come and why, since when, and what the pipeline still holds of it."""
    held, noted = describe_held(FOLDER / name), read_log().get(name)
    fault = "is down" if isinstance(refusal, Down) else "was not fetched"
    words = f"the source {name} {fault}: {str(refusal).rstrip('.')}."
    since = f"It was last fetched on {noted['at']}" if noted else "It was never fetched here"
    months = sorted(held.parts)
    span = f", {months[0]} to {months[-1]}" if len(months) > 1 else ""
    still = (
        f"data/source/{name} still holds {held.rows:,} rows{span}" if held.rows else "the pipeline holds nothing of it"
    )
    return f"{words} {since}; {still}."


def declare(add: Add) -> None:
    """Declare the words of this module and their options."""
    again = add("fetch", fetch)
    again.add_argument("sources", nargs="*", metavar="SOURCE", help="names in data/contract.yaml; all without one")
    again.add_argument("--whole", action="store_true", help="everything, whatever the watermark")
