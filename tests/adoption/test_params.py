import pytest

from perennial.adoption.params import plan_params
from tests.adoption.tables import customers, orders, plan_of


def test_costs_make_always_and_never_equally_dear() -> None:
    params = plan_params(plan_of(customers()), "2024-01-01")
    share = float((customers()["churned"] == "yes").mean())
    assert params["problem.costs.false_negative"] == pytest.approx((1 - share) / share, rel=0.05)


def test_a_span_of_months_is_judged_by_days() -> None:
    params = plan_params(plan_of(orders(), target="total"), "2024-06-01")
    assert (params["split.test_days"], params["problem.block"], params["problem.time"]) == (18, "day", "ordered_at")


def test_inputs_are_held_against_their_copies_where_noise_would_cost() -> None:
    few, many = customers(), customers(24_000)
    assert plan_params(plan_of(few), "2024-01-01")["search.selection"] is True
    assert plan_params(plan_of(many), "2024-01-01")["search.selection"] is False
    remarks = many.assign(remark=[f"they said {n} things and left" for n in range(len(many))])
    assert plan_params(plan_of(remarks, target="churned"), "2024-01-01")["search.selection"] is True
    assert plan_params(plan_of(few[["spend", "plan", "churned"]]), "2024-01-01")["search.selection"] is False
