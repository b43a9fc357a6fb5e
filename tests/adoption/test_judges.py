import pandas as pd

from perennial.adoption.judges import judges_crosswise, proven_within, say_split
from perennial.adoption.params import plan_params
from perennial.adoption.plan import Wishes, plan_table
from tests.adoption.tables import customers, orders


def test_few_rows_without_time_judge_in_turn() -> None:
    plan = plan_table(customers(), "t", Wishes())
    params = plan_params(plan, "2024-01-01")
    assert judges_crosswise(plan)
    assert (params["split.method"], params["split.folds"], params["split.repeats"]) == ("cross_validation", 5, 3)
    assert params["gate.min_rows"] == int(0.7 * plan.rows)
    assert "rows are few; a fifth of them would prove a gain only to about ±" in say_split(plan, None)


def test_all_rows_judge_once_where_one_deal_of_the_folds_is_like_another() -> None:
    plan = plan_table(customers(2_000), "t", Wishes())
    params = plan_params(plan, "2024-01-01")
    assert (params["split.method"], params["split.repeats"]) == ("cross_validation", 1)
    assert "5 folds by a stable hash, once: 2,000 rows" in say_split(plan, None)


def test_rows_in_time_are_judged_by_the_last_of_them() -> None:
    plan = plan_table(orders(), "t", Wishes(target="total"))
    assert plan_params(plan, "2024-06-01")["split.method"] == "span"


def test_many_rows_are_divided_once() -> None:
    table = pd.concat([customers()] * 20, ignore_index=True).drop(columns=["customer_id", "email"])
    table["spend"] = [str(number) for number in range(len(table))]
    plan = plan_table(table, "t", Wishes())
    assert (len(table) >= 5000) == (not judges_crosswise(plan))
    assert proven_within(1000) < 0.05
