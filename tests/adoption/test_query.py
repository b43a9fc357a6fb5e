import pandas as pd

from perennial.adoption.params import plan_params
from perennial.adoption.query import render_query
from tests.adoption.tables import customers, plan_of


def test_the_case_of_a_binary_target_is_written_into_the_query() -> None:
    assert """("churned" = 'yes') AS "churned\"""" in render_query(plan_of(customers()))


def test_copies_share_a_group() -> None:
    table = customers().drop(columns=["customer_id", "email"])
    plan = plan_of(pd.concat([table, table], ignore_index=True))
    assert plan_params(plan, "2024-01-01")["problem.group"] == "copies"
    assert 'AS "copies"' in render_query(plan)
