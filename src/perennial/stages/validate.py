"""validate: good rows on, bad rows to quarantine with all their reasons, a broken source refused."""

from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from perennial.data.contract import Contract, Source
from perennial.data.typed import UNPARSED
from perennial.data.validation import (
    bad_rows,
    refuse_bad_share,
    refuse_duplicates,
    refuse_row_count,
    refuse_stale,
    row_reasons,
    rule_masks,
)
from perennial.io.contract import read_contract
from perennial.io.files import read_json, replace_folder, write_json
from perennial.io.params import read_params
from perennial.io.process import run_stage
from perennial.io.tables import read_arrow, write_table
from perennial.io.warehouse import duplicate_keys, open_warehouse

PARAMS = ("engine.memory_gb", "engine.workers", "problem.as_of")
RAW, VALID, QUARANTINE = "data/raw", "data/valid", "data/quarantine"


def validate_partition(source: Source, path: Path, target: Path) -> tuple[pa.Table, Counter[str]]:
    """Write a partition's good rows; return its bad rows with their reasons, and the count of each rule."""
    table = read_arrow(path)
    masks = rule_masks(table.to_pandas(), [*source.columns, *source.derived])
    bad = bad_rows(masks, table.num_rows)
    good = table.filter(pa.array(~bad)).drop_columns([UNPARSED])
    write_table(target / source.name / path.name, good)
    reasons = pa.array(row_reasons(masks, bad), type=pa.string())
    rejected = table.filter(pa.array(bad)).append_column("reasons", reasons)
    return rejected, Counter({rule: int(mask.sum()) for rule, mask in masks.items()})


def validate_source(
    source: Source, manifest: dict[str, Any], as_of: str, valid: Path, raw: Path = Path(RAW)
) -> tuple[pa.Table, dict[str, Any]]:
    """Validate every partition of a source; return its quarantine and its facts; raises Refusal on a table rule."""
    refuse_row_count(source, manifest.get("rows_in_all", manifest["rows"]))
    counts: Counter[str] = Counter()
    rejected: list[pa.Table] = []
    for name in sorted(manifest["files"]):
        bad, rules = validate_partition(source, raw / source.name / f"{name}.parquet", valid)
        rejected.append(bad)
        counts.update(rules)
    quarantine = pa.concat_tables(rejected)
    samples = quarantine.slice(0, 3).select([*source.key, "reasons"]).to_pylist()
    refuse_bad_share(source, manifest["rows"], counts, quarantine.num_rows, samples)
    newest = newest_time(source, valid, pd.Timestamp(as_of))
    refuse_stale(source, newest, pd.Timestamp(as_of))
    return quarantine, {
        "rows": manifest["rows"],
        "bad": quarantine.num_rows,
        "reasons": dict(sorted(counts.items())),
        "newest": None if newest is None else str(newest),
        "span": manifest["span"],
    }


def newest_time(source: Source, valid: Path, as_of: pd.Timestamp) -> pd.Timestamp | None:
    """Return the newest `time` of a source not after `as_of`, or None."""
    if source.time is None:
        return None
    highest = []
    for path in sorted((valid / source.name).glob("*.parquet")):
        times = pq.read_table(path, columns=[source.time])[source.time].to_pandas()
        highest.append(times[times <= as_of].max())
    # A partition of which every row is in quarantine has no highest.
    return max((time for time in highest if not pd.isna(time)), default=None)


def validate_sources(
    database: duckdb.DuckDBPyConnection,
    contract: Contract,
    manifest: dict[str, Any],
    as_of: str,
    folders: tuple[Path, Path, Path],
) -> dict[str, Any]:
    """Divide every source of the first of `folders` into good rows in the second and bad ones in the third.

    Returns the facts of each; raises Refusal on a table rule.
    """
    (raw, valid, quarantine), facts = folders, {}
    for name, source in tqdm(contract.sources.items(), desc="validate", disable=None):
        rejected, facts[name] = validate_source(source, manifest[name], as_of, valid, raw)
        refuse_duplicates(source, *duplicate_keys(database, source, valid / name))
        write_table(quarantine / f"{name}.parquet", rejected)
    return facts


def main() -> None:
    """Run the stage."""
    params = read_params(PARAMS)
    contract, as_of = read_contract(), params["problem.as_of"]
    manifest = read_json(f"{RAW}/manifest.json")["sources"]
    with (
        open_warehouse(params["engine.memory_gb"], params["engine.workers"]) as database,
        replace_folder(VALID) as valid,
        replace_folder(QUARANTINE) as quarantine,
    ):
        facts = validate_sources(database, contract, manifest, as_of, (Path(RAW), valid, quarantine))
    write_json("metrics/validation.json", {"as_of": as_of, "sources": facts})


if __name__ == "__main__":
    run_stage(main)
