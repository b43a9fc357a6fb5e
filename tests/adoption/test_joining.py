"""Several tables as one: each row of the first finds at most one row in each of the others."""

import pandas as pd
import pytest

from perennial.adoption.joining import choose_key, join_tables, joined_relation, say_joined
from perennial.refusal import Refusal

ORDERS = pd.DataFrame({"order_id": ["1", "2", "3"], "customer_id": ["a", " b", "c"], "size": ["5", "6", "7"]})
CUSTOMERS = pd.DataFrame(
    {"customer_id": ["b ", "a", "z", ""], "size": ["S", "L", "M", ""], "age": ["30", "", "9", "1"]}
)
LINES = pd.DataFrame({"customer_id": ["a", "a", "b"], "price": ["1", "2", "3"]})


def test_rows_are_looked_up_and_none_is_lost_or_doubled() -> None:
    merged, [joined] = join_tables("orders", ORDERS, {"customers": CUSTOMERS}, None)
    assert merged.columns.tolist() == ["order_id", "customer_id", "size", "customers_size", "age"]
    assert merged[["customers_size", "age"]].to_numpy().tolist() == [["L", ""], ["S", "30"], ["", ""]]
    assert (joined.key, joined.columns) == ("customer_id", {"size": "customers_size", "age": "age"})
    assert joined.found == pytest.approx(2 / 3)
    assert "found for 66.7% of the rows of orders" in say_joined("orders", (joined,))[0]


def test_the_query_says_the_same() -> None:
    _, joined = join_tables("orders", ORDERS, {"customers": CUSTOMERS}, None)
    assert joined_relation("orders", ()) == '"orders"'
    assert " ".join(joined_relation("orders", joined).split()) == (
        '( SELECT "orders".*, "customers"."size" AS "customers_size", "customers"."age" AS "age" FROM "orders" '
        'LEFT JOIN "customers" ON "customers"."customer_id" = "orders"."customer_id" ) AS "orders"'
    )


def test_a_key_that_repeats_is_refused() -> None:
    with pytest.raises(Refusal, match="lines has 1 values of customer_id on more than one row"):
        join_tables("orders", ORDERS, {"lines": LINES}, None)
    with pytest.raises(Refusal, match="lines has 1 values of customer_id"):
        choose_key(ORDERS, LINES, "lines", "customer_id")


def test_what_cannot_be_joined_is_refused() -> None:
    with pytest.raises(Refusal, match="customers has no column in common"):
        join_tables("orders", ORDERS[["order_id"]], {"customers": CUSTOMERS}, None)
    with pytest.raises(Refusal, match="--join age: customers and the first table do not both have"):
        choose_key(ORDERS, CUSTOMERS, "customers", "age")
    with pytest.raises(Refusal, match="no row of orders finds its customer_id in customers"):
        join_tables("orders", ORDERS.assign(customer_id="q"), {"customers": CUSTOMERS}, None)
