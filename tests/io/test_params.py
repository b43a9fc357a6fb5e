from pathlib import Path

import pytest

from perennial.io.params import load_params, read_params, refuse_unknown
from perennial.refusal import Refusal


def written(folder: Path, text: str) -> str:
    path = folder / "params.yaml"
    path.write_text(text)
    return str(path)


def test_leaves_have_dotted_names(tmp_path: Path) -> None:
    path = written(tmp_path, "a: {b: 1, c: {d: [x]}}\ne: {}\n")
    assert load_params(path) == {"a.b": 1, "a.c.d": ["x"], "e": {}}


def test_only_the_named_leaves_are_read(tmp_path: Path) -> None:
    assert read_params(("a.b",), written(tmp_path, "a: {b: 1, c: 2}")) == {"a.b": 1}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("search: {trails: 3}", "no key `search.trials`; the nearest is `search.trails`"),
        ("- 1", "holds list, not sections"),
        ("a: [", "is not YAML"),
    ],
)
def test_a_wrong_file_is_refused_in_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        read_params(("search.trials",), written(tmp_path, text))


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="root of the repository"):
        load_params(str(tmp_path / "params.yaml"))


def test_a_key_that_nothing_reads_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(Refusal, match=r"`search.trails`, which nothing reads; the nearest is `search.trials`"):
        refuse_unknown(["problem.x", "search.trails"], ["search.trials", "search.batch"], ["search"])
