import pytest

from perennial.adoption.dialect import STANDARD, find_delimiter, find_quoting, read_rows, strip_beginning


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
        ("a^b\n1^2\n", "^"),
        ("a\x01b\n1\x012\n", "\x01"),
        ("a b\n1 2\n", " "),
        ("a b\n1 2\nthree words here\n", ","),
    ],
)
def test_the_delimiter_is_found(text: str, mark: str) -> None:
    assert find_delimiter(text) == mark


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("a,b\n1,'x, y'\n", ["1", "x, y"]),
        ('a,b\n1,"say \\"x\\""\n', ["1", 'say "x"']),
        ('"a", "b"\n"1", "x, y"\n', ["1", "x, y"]),
    ],
)
def test_other_ways_to_quote_are_found(text: str, row: list[str]) -> None:
    assert list(read_rows(text.splitlines(), ",", find_quoting(text, ",")))[1] == row


@pytest.mark.parametrize("text", ['a,b\n1,"say ""x"""\n', "a,b\n1,it's\n2,don't\n", "a,b\n1,2,3\n", 'a,b\n1,"x\ny"\n'])
def test_the_customary_way_to_quote_is_kept_unless_another_fits_better(text: str) -> None:
    assert find_quoting(text, ",") == STANDARD


def test_a_line_that_names_the_delimiter_and_empty_ones_are_no_header() -> None:
    assert strip_beginning("sep=;\r\na;b\n") == ("a;b\n", ";")
    assert strip_beginning("\n\na;b\n") == ("a;b\n", None)
