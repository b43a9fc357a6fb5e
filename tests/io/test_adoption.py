import bz2
import gzip
import lzma
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from perennial.io.adoption import read_cells_of, set_params
from perennial.refusal import Refusal
from tests.io.sheets import write_workbook

ROWS = pd.DataFrame({"name": ["Zoë", "a;b"], "size": ["1", ""]}, dtype="str")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(address: object) -> list[list[str]]:
    frame = read_cells_of(str(address))
    assert list(frame.columns) == ["name", "size"]
    return frame.values.tolist()


def write_csv(path: Path, encoding: str = "utf-8", delimiter: str = ",") -> Path:
    ROWS.to_csv(path, index=False, encoding=encoding, sep=delimiter)
    return path


def test_a_guessed_encoding_is_said_and_overruled(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "t.csv").write_bytes("name,size\nŐze,Győr\n".encode("cp1250"))
    assert read(folder / "t.csv") == [["Õze", "Gyõr"]]
    assert "t.csv is not UTF-8 and reads as cp1252, a guess: say --encoding" in caplog.text
    caplog.clear()
    assert read_cells_of(str(folder / "t.csv"), encoding="cp1250").to_numpy().tolist() == [["Őze", "Győr"]]
    assert caplog.text == ""
    (folder / "t.csv").write_bytes("name,size\n".encode("utf-8-sig") + "Őze,Győr\n".encode())
    assert read_cells_of(str(folder / "t.csv"), encoding="utf-8").columns.tolist() == ["name", "size"]
    (folder / "t.csv").write_bytes("name,size\nŐze,Győr\n".encode("cp1250"))
    for encoding, said in (
        ("klingon", "the encoding klingon is unknown"),
        ("base64", "the encoding base64 is unknown"),
        ("utf-8", "does not read as utf-8"),
    ):
        with pytest.raises(Refusal, match=said):
            read_cells_of(str(folder / "t.csv"), encoding=encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_csv_of_any_encoding_and_delimiter(folder: Path, encoding: str, delimiter: str) -> None:
    assert read(write_csv(folder / "t.csv", encoding, delimiter)) == [["Zoë", "1"], ["a;b", ""]]


def test_a_column_without_a_name_is_called_by_its_place_and_left_out_where_it_numbers_the_rows(folder: Path) -> None:
    ROWS.to_csv(folder / "numbered.csv")
    assert read(folder / "numbered.csv") == ROWS.values.tolist()
    (folder / "unnamed.csv").write_text("a,,b\n1,2,3\n")
    assert list(read_cells_of("unnamed.csv").columns) == ["a", "column_2", "b"]
    (folder / "first.csv").write_text(",b\n7,3\n")
    assert list(read_cells_of("first.csv").columns) == ["column_1", "b"]


def test_names_that_differ_in_case_alone_are_one_name(folder: Path) -> None:
    (folder / "t.csv").write_text("A,a,b\n1,2,3\n")
    with pytest.raises(Refusal, match=r"t\.csv has the columns 'A' and 'a', which is one name: rename one of them"):
        read_cells_of("t.csv")


def test_packed_files(folder: Path) -> None:
    plain = write_csv(folder / "t.csv")
    (folder / "t.csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
    with zipfile.ZipFile(folder / "t.zip", "w") as archive:
        archive.write(plain, "t.csv")
    assert read(folder / "t.csv.gz") == read(folder / "t.zip") == read(plain)


def test_any_kind_of_file_may_be_packed_in_any_way_whatever_it_is_called(folder: Path) -> None:
    plain = write_csv(folder / "t.csv").read_bytes()
    lines = ROWS.to_json(orient="records", lines=True).encode()
    packed = {
        "t.csv.bz2": bz2.compress(plain),
        "t.csv.xz": lzma.compress(plain),
        "t.csv.zst": pa.compress(plain, codec="zstd", asbytes=True),
        "really_packed.csv": gzip.compress(plain),
        "t.jsonl.bz2": bz2.compress(lines),
        "t.json.gz": gzip.compress(ROWS.to_json(orient="records").encode()),
    }
    for name, data in packed.items():
        (folder / name).write_bytes(data)
        assert read(folder / name) == ROWS.values.tolist(), name
    with zipfile.ZipFile(folder / "t.zip", "w") as archive:
        archive.writestr("t.jsonl", lines)
        archive.writestr("__MACOSX/._t.jsonl", b"")
    (folder / "t.json").write_bytes(lines)
    assert read(folder / "t.zip") == read(folder / "t.json") == ROWS.values.tolist()


def test_blanks_around_a_name_in_the_header_are_no_part_of_it(folder: Path) -> None:
    (folder / "t.csv").write_text("name, size\na;b, 1\n")
    assert read(folder / "t.csv") == [["a;b", " 1"]]


def test_parquet_and_json(folder: Path) -> None:
    pd.DataFrame({"name": ["Zoë", "a;b"], "size": [1, None]}).to_parquet(folder / "t.parquet")
    (folder / "t.jsonl").write_text('{"name": "Zoë", "size": 1}\n{"name": "a;b", "size": null}\n')
    (folder / "t.json").write_text('{"rows": [{"name": "Zoë", "size": 1}, {"name": "a;b", "size": null}]}')
    assert read(folder / "t.parquet") == [["Zoë", "1.0"], ["a;b", ""]]
    assert read(folder / "t.jsonl") == read(folder / "t.json") == [["Zoë", "1"], ["a;b", ""]]


def test_a_workbook(folder: Path) -> None:
    assert read(write_workbook(folder / "t.xlsx", {"t": [["name", "size"], ["Zoë", 1.0], ["a;b", None]]})) == [
        *(["Zoë", "1"], ["a;b", ""]),
    ]


def test_a_folder_of_files_is_one_table(folder: Path) -> None:
    (folder / "months").mkdir()
    write_csv(folder / "months" / "1.csv")
    write_csv(folder / "months" / "2.csv", delimiter=";")
    assert len(read(folder / "months")) == 4
    (folder / "months" / "3.csv").write_text("other\n1\n")
    with pytest.raises(Refusal, match=r"3\.csv has other columns than"):
        read(folder / "months")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.csv", b"", "is empty"),
        ("t.csv", b"\n\n", "is empty"),
        ("t.csv", b"a,a\n1,2\n", "has the column 'a' twice"),
        ("t.csv", b"a,b\n1,2\n1,2,3\n", "does not read as a table"),
        ("t.csv", b"PK\x03\x04\x00\x00\x81\x8d", "is not text"),
        ("t.csv.gz", b"no gzip", "is damaged"),
        ("t.csv.bz2", b"no bzip2", "is damaged"),
        ("t.csv.xz", b"no xz", "is damaged"),
        ("t.csv.zst", b"no zst", "is damaged"),
        ("t.zip", b"no zip", "is damaged"),
        ("t.csv.gz", gzip.compress(b"a,b\n1,2,3\n", mtime=0), "does not read as a table"),
        ("t.csv.bz2", bz2.compress(bytes(70 << 20)), "unpacks to more than"),
        ("t.parquet", b"no parquet", "does not read as a table"),
        ("t.xlsx", b"no workbook", "does not read as a workbook"),
        ("t.json", b"{", "does not give JSON"),
        ("t.json", b'{"rows": 3}', "no list of rows"),
    ],
)
def test_what_is_no_table_is_refused_by_name(folder: Path, name: str, content: bytes, said: str) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(Refusal, match=f"{name}.*{said}"):
        read(folder / name)


def test_a_path_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(Refusal, match=r"nowhere\.csv is not a file or a folder of files"):
        read("nowhere.csv")


def test_params_are_set_and_comments_stay(folder: Path) -> None:
    (folder / "params.yaml").write_text("problem:\n  task: binary # of three\n  key: a\n")
    set_params({"problem.task": "regression"})
    assert (folder / "params.yaml").read_text() == "problem:\n  task: regression # of three\n  key: a\n"
