from pathlib import Path

import pandas as pd
import pytest

from perennial.io.tables import read_table, write_table
from perennial.refusal import Refusal

FRAME = pd.DataFrame({"a": [1.5, None], "b": ["x", None], "c": pd.to_datetime(["2013-01-01", None])})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_table(tmp_path / "t.parquet", FRAME)
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.parquet"), FRAME, check_dtype=False)
    assert list(read_table(tmp_path / "t.parquet", ["b"])) == ["b"]


def test_same_content_same_bytes(tmp_path: Path) -> None:
    for name in ("s", "t"):
        write_table(tmp_path / name, FRAME)
    assert (tmp_path / "s").read_bytes() == (tmp_path / "t").read_bytes()


def test_a_flipped_bit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_table(path, pd.DataFrame({"a": range(10000)}))
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)
    with pytest.raises(Refusal, match="damaged"):
        read_table(path)


@pytest.mark.parametrize("content", [b"", b"PAR1"])
def test_a_truncated_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.parquet").write_bytes(content)
    with pytest.raises(Refusal, match="damaged"):
        read_table(tmp_path / "t.parquet")


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="not there"):
        read_table(tmp_path / "t.parquet")


def test_a_column_that_is_not_there_is_refused(tmp_path: Path) -> None:
    write_table(tmp_path / "t.parquet", FRAME)
    with pytest.raises(Refusal, match="has no column 'z'"):
        read_table(tmp_path / "t.parquet", ["a", "z"])
