import pandas as pd

from perennial.adoption.cells import read_cells
from perennial.adoption.suspects import typed_column
from perennial.adoption.units import find_group, find_key, find_time
from tests.adoption.tables import customers, orders


def readings(frame: pd.DataFrame) -> dict:
    return {name: read_cells(frame[name]) for name in frame.columns}


def typed(frame: pd.DataFrame) -> dict[str, pd.Series]:
    return {name: typed_column(each.cells, each.dtype) for name, each in readings(frame).items()}


def test_the_key_is_unique_and_named_so() -> None:
    assert find_key(readings(customers()), 400, "churned") == "customer_id"
    assert find_key(readings(orders()), 600, "total") is None


def test_what_reaches_a_person_is_no_key() -> None:
    assert find_key(readings(customers().drop(columns="customer_id")), 400, "churned") is None


def test_the_time_is_the_earlier_instant() -> None:
    assert find_time(typed(orders())) == "ordered_at"


def test_a_birth_date_and_a_short_span_are_no_time() -> None:
    days = pd.Series(pd.date_range("1950-01-01", periods=600, freq="20D").astype("str"))
    assert find_time(typed(pd.DataFrame({"birth_date": days, "first_seen": days}))) is None
    assert find_time(typed(orders().head(20))) is None


def test_rows_of_one_customer_belong_together() -> None:
    visits = pd.concat([customers(150)] * 4, ignore_index=True)
    assert find_group(readings(visits), None, "churned", 600) == "customer_id"
    assert find_group(readings(customers()), "customer_id", "churned", 400) is None


def test_a_measure_whose_name_ends_like_an_identifier_is_no_group() -> None:
    frame = pd.DataFrame({"citric_acid": ["0.1", "0.2"] * 100})
    assert find_group(readings(frame), None, "y", 200) is None
