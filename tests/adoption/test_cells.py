import pandas as pd
import pytest

from perennial.adoption.cells import find_missing, read_cells


def texts(*values: str) -> pd.Series:
    return pd.Series(values, dtype="str")


@pytest.mark.parametrize(
    ("values", "dtype", "plain"),
    [
        (("1", "2.5", "-3e2"), "numeric", ["1", "2.5", "-3e2"]),
        (("1,5", "2,25", "3"), "numeric", ["1.5", "2.25", "3"]),
        (("1.234,5", "2,25"), "numeric", ["1234.5", "2.25"]),
        (("1,234", "56,789.5", "7"), "numeric", ["1234", "56789.5", "7"]),
        (("$1.50", "$2.00", "$3"), "numeric", ["1.50", "2.00", "3"]),
        (("12%", "7 %"), "numeric", ["12", "7"]),
        (("−1.5", "2"), "numeric", ["-1.5", "2"]),
        (("(1.50)", "2.00"), "numeric", ["-1.50", "2.00"]),
        (("-$1,500.5", "$2"), "numeric", ["-1500.5", "2"]),
        (("1 234,5", "12\u00a0345\u00a0678,25", "-3"), "numeric", ["1234.5", "12345678.25", "-3"]),
        (("1'234.50", "7"), "numeric", ["1234.50", "7"]),
        (("555 123 456", "555 123 457"), "category", ["555 123 456"]),
        (("0", "1", "1"), "boolean", ["0", "1", "1"]),
        (("True", "false"), "boolean", ["true", "false"]),
        (("007", "012", "100"), "category", ["007", "012", "100"]),
        (("12345678901234567", "12345678901234568"), "id", ["12345678901234567", "12345678901234568"]),
        (("2024-02-29", "2024-03-01"), "datetime", ["2024-02-29", "2024-03-01"]),
        (("31.12.2023", "01.02.2024"), "datetime", ["2023-12-31", "2024-02-01"]),
        (("12/31/2023", "01/02/2024"), "datetime", ["2023-12-31", "2024-01-02"]),
        (("2024-02-29T10:00:00+02:00",), "datetime", ["2024-02-29 08:00:00"]),
        (("2024-02-29T10:00", "2024-03-01T00:00"), "datetime", ["2024-02-29 10:00:00", "2024-03-01 00:00:00"]),
        (("2024-02-29 10:00:00+00",), "datetime", ["2024-02-29 10:00:00"]),
        (("2024-02-29 10:00:00.5 UTC",), "datetime", ["2024-02-29 10:00:00.500"]),
        (("29-Feb-24", "01-Mar-24"), "datetime", ["2024-02-29", "2024-03-01"]),
        (("2024-02", "2024-03"), "datetime", ["2024-02-01", "2024-03-01"]),
        (("Thu, 29 Feb 2024 10:00:00 GMT",), "datetime", ["2024-02-29 10:00:00"]),
        (("20240229235900", "20240301000000", "20240302000001"), "datetime", ["2024-02-29 23:59:00"]),
        (("20240229", "20240301", "20240302"), "datetime", ["2024-02-29", "2024-03-01", "2024-03-02"]),
        (("1700000000", "1700000060", "1700000120"), "datetime", ["2023-11-14 22:13:20"]),
        (("red", "blue"), "category", ["red", "blue"]),
        (("2024-13-01", "2024-01-02"), "category", ["2024-13-01", "2024-01-02"]),
        (("10", "ten"), "category", ["10", "ten"]),
    ],
)
def test_cells_are_read_and_written_plainly(values: tuple[str, ...], dtype: str, plain: list[str]) -> None:
    reading = read_cells(texts(*values))
    assert reading.dtype == dtype
    assert reading.cells.tolist()[: len(plain)] == plain


def test_a_date_that_reads_two_ways_is_doubted() -> None:
    assert "%m/%d/%Y" in read_cells(texts("01/02/2024", "03/04/2024")).doubt
    assert read_cells(texts("31/12/2023", "01/02/2024")).doubt == ""


def test_mixed_units_are_not_numbers() -> None:
    assert read_cells(texts("$5", "€6")).dtype == "category"


def test_many_different_words_are_identifiers_and_sentences_are_text() -> None:
    assert read_cells(texts(*(f"x{n}" for n in range(100)))).dtype == "id"
    assert read_cells(texts(*(f"this is remark {n}" for n in range(100)))).dtype == "text"
    assert read_cells(texts(*(f"this is level {n % 30}" for n in range(900)))).dtype == "category"


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        (("1", "NA", ""), {"", "NA"}),
        (("1", "-", "2"), {"-"}),
        (("red", "-", "blue"), set()),
        (("red", "None"), set()),
        (("red", "NULL"), {"NULL"}),
        (("red", "<NA>", "\\N", "#DIV/0!"), {"<NA>", "\\N", "#DIV/0!"}),
        (("1,5", "2,25", "-", "N.A."), {"-", "N.A."}),
        (("$1.50", "Unknown"), {"Unknown"}),
        (("31.12.2023", "01.02.2024", "unknown"), {"unknown"}),
        (("2024-01-01", "0000-00-00"), {"0000-00-00"}),
    ],
)
def test_missing_spellings(values: tuple[str, ...], missing: set[str]) -> None:
    assert set(find_missing(texts(*values))) == missing


def test_a_column_known_to_hold_numbers_is_missing_where_it_says_nothing() -> None:
    assert find_missing(texts("-")) == ()
    assert find_missing(texts("-"), "numeric") == ("-",)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([*(str(n / 7) for n in range(40)), "tbd"], "all but 1 of its 41 values are numbers; others are such as 'tbd'"),
        ([f"{n} kg" for n in range(40)], "numbers with 'kg' behind them"),
        ([*(str(n) for n in range(40)), "-999", "-999"], "-999 stands on 2 rows, far from the rest"),
        ([*(str(n) for n in range(960, 1010)), "999"], ""),
        ([f"x{n}" for n in range(40)], ""),
    ],
)
def test_what_is_nearly_a_number_is_doubted(values: list[str], said: str) -> None:
    doubt = read_cells(texts(*values)).doubt
    assert said in doubt
    assert bool(said) == bool(doubt)
