from pathlib import Path

import pytest

from perennial.io.contract import read_contract
from perennial.io.documents import load_yaml
from perennial.io.params import load_params
from perennial.refusal import Refusal
from tests.conftest import ROOT


def written(folder: Path, text: str) -> Path:
    path = folder / "a.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1\nb: {a: 2}\n", {"a": 1, "b": {"a": 2}}),
        ("a: &x {b: 1}\nc: {<<: *x, b: 2}\n", {"a": {"b": 1}, "c": {"b": 2}}),
        ("", None),
        ("- 1\n", [1]),
    ],
)
def test_yaml_is_read(tmp_path: Path, text: str, value: object) -> None:
    assert load_yaml(written(tmp_path, text)) == value


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: 1\nb: 2\na: 3\n", "has the key `a` twice, in lines 1 and 3: keep one"),
        ("s:\n  a: 1\n  a: 1\n", "has the key `a` twice, in lines 2 and 3"),
        ("s: [{a: 1,\n a: 2}]\n", "has the key `a` twice, in lines 1 and 2"),
        ("s: {a: 1, a: 2}\n", "has the key `a` twice, in line 1: keep one"),
        ("as_of: 2013-09-31\n", "is not YAML in UTF-8: day is out of range for month"),
        ("a: !!bool maybe\n", "is not YAML in UTF-8"),
        ("a: [", "is not YAML in UTF-8"),
        ("a: !!python/object:os.system x", "is not YAML in UTF-8"),
        ("[" * 100_000, "nests more than 100 levels"),
        ("\n".join(" " * depth + "a:" for depth in range(300)), "nests more than 100 levels"),
    ],
)
def test_a_mistake_is_refused_with_its_place(tmp_path: Path, text: str, sentence: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(Refusal) as refused:
        load_yaml(path)
    assert str(path) in str(refused.value)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("name", "read", "again"),
    [("params.yaml", load_params, "split: {}"), ("data/contract.yaml", read_contract, "examples: {}")],
)
def test_a_section_given_twice_is_refused(tmp_path: Path, name: str, read, again: str) -> None:
    path = written(tmp_path, f"{(ROOT / name).read_text()}\n{again}\n")
    with pytest.raises(Refusal, match=f"the key `{again.split(':')[0]}` twice"):
        read(str(path))
