import json
from pathlib import Path

import pytest

from perennial.io.objects import Owner, find_damaged, find_owners, heal_object, parse_lock, read_lock
from perennial.io.stores import Cache, hash_path, is_id, open_cache
from perennial.refusal import Refusal
from tests.io.repository import CONTENT, ONE, make_repository


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make_repository(tmp_path / "project", monkeypatch)


@pytest.mark.parametrize(
    ("name", "known"),
    [(ONE, True), (f"{ONE}.dir", True), (ONE[:-1], False), ("g" * 32, False), (".tmp", False), ("", False)],
)
def test_an_id_is_32_hexadecimal_digits(name: str, known: bool) -> None:
    assert is_id(name) == known


def test_the_cache_is_where_the_configuration_says(tmp_path: Path) -> None:
    assert open_cache().ids() == [ONE]
    Path(".dvc/config").write_text(f"[cache]\n    dir = {tmp_path / 'elsewhere'}\n")
    assert open_cache().ids() == []


def test_files_of_a_folder_belong_to_its_stage(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    folder = "0" * 32 + ".dir"
    (tmp_path / "list").write_text(json.dumps([{"md5": ONE, "relpath": "a/b.txt"}]))
    cache.put(folder, tmp_path / "list")
    document = {"stages": {"make": {"outs": [{"path": "out", "md5": folder}, {"path": "m.json"}]}}}
    assert find_owners(document, cache) == {folder: Owner("make", "out"), ONE: Owner("make", "out/a/b.txt")}


@pytest.mark.parametrize("content", [b"", b"on", b"onf", b"onee"])
def test_bytes_that_are_not_what_their_name_says_are_damaged(place: Path, content: bytes) -> None:
    assert find_damaged(open_cache()) == []
    place.write_bytes(content)
    assert find_damaged(open_cache()) == [ONE]


@pytest.mark.parametrize(
    ("workspace", "shared", "healed"),
    [(CONTENT, None, True), (None, CONTENT, True), (b"x", CONTENT, True), (b"x", b"y", False), (None, None, False)],
)
def test_a_sound_copy_heals_and_nothing_else_is_taken(
    tmp_path: Path, place: Path, workspace: bytes | None, shared: bytes | None, healed: bool
) -> None:
    place.write_bytes(b"onf")
    other = Cache(tmp_path / "other")
    for content, path in ((workspace, tmp_path / "workspace"), (shared, tmp_path / "object")):
        if content is not None:
            path.write_bytes(content)
    if shared is not None:
        other.put(ONE, tmp_path / "object")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    sound = other if shared is not None else None
    assert heal_object(ONE, open_cache(), sound, tmp_path / "workspace", scratch) == healed
    assert place.exists() == healed
    if healed:
        assert hash_path(place) == ONE
        assert place.stat().st_mode & 0o777 == 0o444


def test_an_absent_lock_has_no_stages() -> None:
    Path("dvc.lock").unlink()
    assert read_lock() == {"stages": {}}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: 1\n<<<<<<< HEAD\nb: 1\n", "holds a merge conflict: run `perennial merge-lock`"),
        ("stages: [", "is not YAML"),
        ("- 1", "is not what DVC writes"),
        ("stages: 1", "is not what DVC writes"),
    ],
)
def test_a_lock_that_cannot_be_read_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        parse_lock(text, "dvc.lock")
