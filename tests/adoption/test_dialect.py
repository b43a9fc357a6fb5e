import pytest

from perennial.adoption.dialect import find_delimiter, find_encoding
from perennial.refusal import Refusal


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"a,b\n1,2\n", "utf-8"),
        ("größe\n".encode(), "utf-8"),
        ("größe\n".encode("utf-8-sig"), "utf-8-sig"),
        ("größe\n".encode("utf-16"), "utf-16"),
        ("größe\n".encode("cp1252"), "cp1252"),
    ],
)
def test_the_encoding_is_found(data: bytes, encoding: str) -> None:
    assert find_encoding(data) == encoding


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(Refusal, match="not text"):
        find_encoding(b"PK\x03\x04\x00\x00\x81\x8d")


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1,5;2,5\n", ";"),
        ("a\tb\n1\t2\n", "\t"),
        ("a|b\n1|2\n", "|"),
        ('a,b\n"1;2;3",2\n"1;2;3",4\n', ","),
        ("alone\n1\n2\n", ","),
        ("name,remark\nx,one; two\ny,three\n", ","),
    ],
)
def test_the_delimiter_is_found(text: str, mark: str) -> None:
    assert find_delimiter(text) == mark
