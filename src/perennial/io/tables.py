"""Parquet tables with page checksums: a flipped bit is an error, not another number."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from perennial.io.files import replace_file, write_text
from perennial.refusal import Refusal

if TYPE_CHECKING:  # Who only writes Arrow tables does not wait for pandas.
    import pandas as pd

ROW_GROUP = 131_072
WRITTEN: dict[str, Any] = {"compression": "zstd", "write_page_checksum": True}


def write_table(path: str | Path, table: "pa.Table | pd.DataFrame") -> None:
    """Write a table as Parquet whose bytes depend on its content alone."""
    if not isinstance(table, pa.Table):
        table = pa.Table.from_pandas(table, preserve_index=False)
    table = table.replace_schema_metadata(None)
    with replace_file(path) as temporary:
        pq.write_table(table, temporary, row_group_size=ROW_GROUP, **WRITTEN)


def _row_groups(reader: pa.RecordBatchReader) -> Iterator[pa.Table]:
    waiting = reader.schema.empty_table()
    for batch in reader:
        waiting = pa.concat_tables([waiting, pa.Table.from_batches([batch])])
        while waiting.num_rows >= ROW_GROUP:
            yield waiting.slice(0, ROW_GROUP).combine_chunks()
            waiting = waiting.slice(ROW_GROUP)
    yield waiting.combine_chunks()


def write_batches(path: str | Path, reader: pa.RecordBatchReader) -> None:
    """Write a table as Parquet while holding one row group at a time; its bytes do not depend on the batches."""
    schema = reader.schema.remove_metadata()
    with replace_file(path) as temporary, pq.ParquetWriter(temporary, schema, **WRITTEN) as writer:
        for group in _row_groups(reader):
            writer.write_table(group.cast(schema), row_group_size=ROW_GROUP)


@contextmanager
def _open_parquet(path: str | Path, names: Sequence[str]) -> Iterator[pq.ParquetFile]:
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            # The reader leaves out, without a word, what the file does not have.
            absent = [name for name in names if name not in file.schema_arrow.names]
            if absent:
                raise Refusal(f"{path} has no column {absent[0]!r}: correct params.yaml or data/contract.yaml.")
            yield file
    except FileNotFoundError:
        raise Refusal(f"{path} is not there: run `dvc repro` to make it.") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise Refusal(f"{path} is damaged ({error}): remove it and run `dvc checkout` or `dvc repro`.") from None


def read_groups(path: str | Path, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """Yield the row groups of a Parquet file, all or some of its columns; raises Refusal as `read_arrow`."""
    with _open_parquet(path, columns or ()) as file:
        for number in range(file.num_row_groups):
            yield file.read_row_group(number, columns=None if columns is None else list(columns))


def read_arrow(path: str | Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a Parquet file, verifying page checksums; raises Refusal when it is absent, damaged, or lacks a column."""
    with _open_parquet(path, columns or ()) as file:
        return file.read(columns=None if columns is None else list(columns))


def verify_tables(folder: str | Path) -> None:
    """Read every Parquet file of a folder against its page checksums, as DuckDB does not; Refusal where one fails."""
    for path in sorted(Path(folder).glob("*.parquet")):
        for _ in read_groups(path):
            pass


def read_table(path: str | Path, columns: Sequence[str] | None = None) -> "pd.DataFrame":
    """Read a Parquet file as a frame, verifying its page checksums."""
    frame: pd.DataFrame = read_arrow(path, columns).to_pandas()
    return frame


def write_csv(path: str | Path, frame: "pd.DataFrame") -> None:
    """Write the points of a plot as CSV, numbers to ten digits."""
    write_text(path, frame.to_csv(index=False, lineterminator="\n", float_format="%.10g"))
