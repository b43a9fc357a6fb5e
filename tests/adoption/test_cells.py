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
        (("0", "1", "1"), "boolean", ["0", "1", "1"]),
        (("True", "false"), "boolean", ["true", "false"]),
        (("007", "012", "100"), "category", ["007", "012", "100"]),
        (("12345678901234567", "12345678901234568"), "id", ["12345678901234567", "12345678901234568"]),
        (("2024-02-29", "2024-03-01"), "datetime", ["2024-02-29", "2024-03-01"]),
        (("31.12.2023", "01.02.2024"), "datetime", ["2023-12-31", "2024-02-01"]),
        (("12/31/2023", "01/02/2024"), "datetime", ["2023-12-31", "2024-01-02"]),
        (("2024-02-29T10:00:00+02:00",), "datetime", ["2024-02-29 08:00:00"]),
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
    ],
)
def test_missing_spellings(values: tuple[str, ...], missing: set[str]) -> None:
    assert set(find_missing(texts(*values))) == missing
