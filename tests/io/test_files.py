import json
import os
from pathlib import Path

import pytest

from perennial.io.files import (
    read_json,
    replace_file,
    replace_folder,
    sha256_file,
    sha256_text,
    write_json,
)
from perennial.refusal import Refusal


def test_json_bytes_depend_on_the_content_alone(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": 1, "a": "é"})
    write_json(tmp_path / "b.json", {"a": "é", "b": 1})
    assert (
        (tmp_path / "a.json").read_bytes()
        == (tmp_path / "b.json").read_bytes()
        == b'{\n  "a": "\xc3\xa9",\n  "b": 1\n}\n'
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_json_is_not_written(tmp_path: Path, value: float) -> None:
    write_json(tmp_path / "a.json", {"old": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"new": value})
    assert read_json(tmp_path / "a.json") == {"old": 1}


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    with pytest.raises(KeyError), replace_file(tmp_path / "a") as temporary:
        temporary.write_text("half")
        raise KeyError
    assert os.listdir(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "dropped").write_text("")
    with replace_folder(tmp_path / "f") as temporary:
        (temporary / "kept").write_text("")
    assert os.listdir(tmp_path) == ["f"]
    assert os.listdir(tmp_path / "f") == ["kept"]


@pytest.mark.parametrize(("text", "sentence"), [(None, "is not there"), ("{", "is not JSON")])
def test_unreadable_json_is_refused_in_one_sentence(tmp_path: Path, text: str | None, sentence: str) -> None:
    if text is not None:
        (tmp_path / "a.json").write_text(text)
    with pytest.raises(Refusal, match=sentence):
        read_json(tmp_path / "a.json")


def test_hashes_agree(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(json.dumps("é", ensure_ascii=False))
    assert sha256_file(tmp_path / "a") == sha256_text('"é"')
