from pathlib import Path

import pytest

from perennial.io.params import load_params, read_params, refuse_unknown
from perennial.refusal import Refusal
from tests.conftest import ROOT


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


GRAPH = "stages: {search: {cmd: x, params: [search.trials, search.batch]}, gate: {cmd: x}}"


@pytest.mark.parametrize("written_as", ["'2013-09-01T02:00:00+02:00'", "2013-09-01", "'2013-09-01'"])
def test_the_clock_is_one_text_however_it_is_written(tmp_path: Path, written_as: str) -> None:
    path = written(tmp_path, f"problem: {{as_of: {written_as}}}")
    assert read_params(("problem.as_of",), path) == {"problem.as_of": "2013-09-01"}


@pytest.mark.parametrize("as_of", ["yesterday", "01/02/2013", "null", "3"])
def test_a_clock_that_is_no_instant_is_refused(tmp_path: Path, as_of: str) -> None:
    with pytest.raises(Refusal, match=r"`problem\.as_of` is .*: give an instant"):
        read_params(("problem.as_of",), written(tmp_path, f"problem: {{as_of: {as_of}}}"))


@pytest.mark.parametrize("name", ["search.trails", "serach.trials"])
def test_a_misspelt_leaf_is_refused_by_whatever_is_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "dvc.yaml").write_text(GRAPH)
    section, leaf = name.split(".")
    path = written(tmp_path, f"gate: {{min_rows: 5}}\n{section}: {{{leaf}: 3}}\n")
    with pytest.raises(Refusal, match=f"`{name}`, which nothing reads; the nearest is `search.trials`"):
        read_params(("gate.min_rows",), path)


def test_leaves_of_other_readers_and_new_ones_of_ones_own_are_taken(tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").write_text(GRAPH)
    path = written(tmp_path, "serve: {port: 3000}\nrecords: {days: 3}\nmonitor: {bins: 4}\nsearch: {depth: 3}\n")
    assert read_params(("search.depth",), path) == {"search.depth": 3}


def test_a_wrong_type_anywhere_stops_whatever_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, "gate: {min_rows: 5}\nsearch: {trials: -3}\n")
    with pytest.raises(Refusal, match=r"`search\.trials` is -3: give a whole number of at least 1"):
        read_params(("gate.min_rows",), path)


def test_the_params_of_the_repository_are_read_in_whole() -> None:
    names = tuple(load_params(str(ROOT / "params.yaml")))
    assert set(read_params(names, str(ROOT / "params.yaml"))) == set(names)
