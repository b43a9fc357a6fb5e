import gzip
import http.server
import sqlite3
import threading
import zipfile
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from perennial.io.adoption import read_cells_of, set_params
from perennial.refusal import Refusal

ROWS = pd.DataFrame({"name": ["Zoë", "a;b"], "size": ["1", ""]}, dtype="str")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(address: object, query: str | None = None) -> list[list[str]]:
    frame = read_cells_of(str(address), query)
    assert list(frame.columns) == ["name", "size"]
    return frame.values.tolist()


def write_csv(path: Path, encoding: str = "utf-8", delimiter: str = ",") -> Path:
    ROWS.to_csv(path, index=False, encoding=encoding, sep=delimiter)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_csv_of_any_encoding_and_delimiter(folder: Path, encoding: str, delimiter: str) -> None:
    assert read(write_csv(folder / "t.csv", encoding, delimiter)) == [["Zoë", "1"], ["a;b", ""]]


def test_packed_files(folder: Path) -> None:
    plain = write_csv(folder / "t.csv")
    (folder / "t.csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
    with zipfile.ZipFile(folder / "t.zip", "w") as archive:
        archive.write(plain, "t.csv")
    assert read(folder / "t.csv.gz") == read(folder / "t.zip") == read(plain)


def test_parquet_and_json_lines(folder: Path) -> None:
    pd.DataFrame({"name": ["Zoë", "a;b"], "size": [1, None]}).to_parquet(folder / "t.parquet")
    (folder / "t.jsonl").write_text('{"name": "Zoë", "size": 1}\n{"name": "a;b", "size": null}\n')
    assert read(folder / "t.parquet") == [["Zoë", "1.0"], ["a;b", ""]]
    assert read(folder / "t.jsonl") == [["Zoë", "1"], ["a;b", ""]]


def test_a_folder_of_files_is_one_table(folder: Path) -> None:
    (folder / "months").mkdir()
    write_csv(folder / "months" / "1.csv")
    write_csv(folder / "months" / "2.csv", delimiter=";")
    assert len(read(folder / "months")) == 4
    (folder / "months" / "3.csv").write_text("other\n1\n")
    with pytest.raises(Refusal, match=r"3\.csv has other columns than"):
        read(folder / "months")


def test_a_query_of_a_database_that_is_only_read(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "t.db")) as database:
        database.execute("CREATE TABLE t (name TEXT, size INTEGER)")
        database.execute("INSERT INTO t VALUES ('Zoë', 1), ('a;b', NULL)")
        database.commit()
    address = f"sqlite:///{folder / 't.db'}"
    assert read(address, "SELECT * FROM t") == [["Zoë", "1"], ["a;b", ""]]
    for query, said in ((None, "needs --query"), ("DROP TABLE t", "readonly"), ("SELECT x FROM t", "no such column")):
        with pytest.raises(Refusal, match=said):
            read(address, query)


@pytest.fixture
def server(folder: Path) -> Iterator[str]:
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()


def test_a_file_behind_http(folder: Path, server: str) -> None:
    write_csv(folder / "t.csv", delimiter=";")
    assert read(f"{server}/t.csv") == [["Zoë", "1"], ["a;b", ""]]
    with pytest.raises(Refusal, match=r"did not answer with a file \(404"):
        read(f"{server}/none.csv")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.csv", b"", "is empty"),
        ("t.csv", b"\n\n", "is empty"),
        ("t.csv", b"a,a\n1,2\n", "has the column 'a' twice"),
        ("t.csv", b"a,b\n1,2\n1,2,3\n", "does not read as a table"),
        ("t.csv", b"PK\x03\x04\x00\x00\x81\x8d", "is not text"),
        ("t.csv.gz", b"no gzip", "is damaged"),
        ("t.parquet", b"no parquet", "does not read as a table"),
        ("t.xlsx", b"", "is a workbook: save its sheet as CSV"),
    ],
)
def test_what_is_no_table_is_refused_by_name(folder: Path, name: str, content: bytes, said: str) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(Refusal, match=f"{name}.*{said}"):
        read(folder / name)


@pytest.mark.parametrize("address", ["nowhere.csv", "ftp://host/t.csv", "sqlite:///none.db"])
def test_an_address_that_leads_nowhere_is_refused(address: str) -> None:
    with pytest.raises(Refusal):
        read_cells_of(address, "SELECT 1")


def test_params_are_set_and_comments_stay(folder: Path) -> None:
    (folder / "params.yaml").write_text("problem:\n  task: binary # of three\n  key: a\n")
    set_params({"problem.task": "regression"})
    assert (folder / "params.yaml").read_text() == "problem:\n  task: regression # of three\n  key: a\n"
