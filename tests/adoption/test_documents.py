import pandas as pd
import pytest
import yaml

from perennial.adoption.documents import free_name, plan_params, read_out, render_contract, render_query
from perennial.adoption.plan import TablePlan, Wishes, plan_table
from perennial.data.contract import column_of_role, inputs_of, parse_contract
from tests.adoption.tables import customers, orders

ODD = ['odd "quoted"', "semi; colon: {", "größe ✈", "select", "x" * 200, "it's", "# hash", "- dash"]


def plan_of(table: pd.DataFrame, **wishes: str) -> TablePlan:
    return plan_table(table, "t", Wishes(**wishes))


def test_the_contract_parses_and_names_the_same_columns() -> None:
    plan = plan_of(customers())
    contract = parse_contract(yaml.safe_load(render_contract(plan, "data/source/t.csv")))
    assert [column.name for column in contract.sources["t"].columns] == list(customers().columns)
    assert [column.name for column in inputs_of(contract)] == ["spend", "plan", "gender"]
    assert column_of_role(contract, "target") == "churned"


@pytest.mark.parametrize("name", ODD)
def test_odd_names_survive_the_contract(name: str) -> None:
    plan = plan_of(customers().rename(columns={"spend": name}))
    contract = parse_contract(yaml.safe_load(render_contract(plan, "data/source/t.csv")))
    assert name in [column.name for column in inputs_of(contract)]


def test_a_table_with_time_says_when_its_cells_are_known() -> None:
    contract = parse_contract(yaml.safe_load(render_contract(plan_of(orders(), target="total"), "data/source/t.csv")))
    assert {column.known_at for column in contract.sources["t"].columns} == {'"ordered_at"'}
    assert contract.sources["t"].time == "ordered_at"
    assert [column.name for column in inputs_of(contract)] == ["ordered_at", "items"], "its hour and weekday tell too"


def test_a_suspect_stays_in_the_table_and_out_of_the_model() -> None:
    plan = plan_of(orders(), target="total")
    contract = parse_contract(yaml.safe_load(render_contract(plan, "data/source/t.csv")))
    ignored = [column.name for column in contract.examples if column.role == "ignored"]
    assert ignored == ["paid_at", "amount", "fee"]
    assert '"amount"' in render_query(plan)


def test_the_case_of_a_binary_target_is_written_into_the_query() -> None:
    assert """("churned" = 'yes') AS "churned\"""" in render_query(plan_of(customers()))


def test_copies_share_a_group() -> None:
    table = customers().drop(columns=["customer_id", "email"])
    plan = plan_of(pd.concat([table, table], ignore_index=True))
    assert plan_params(plan, "2024-01-01")["problem.group"] == "copies"
    assert 'AS "copies"' in render_query(plan)


def test_costs_make_always_and_never_equally_dear() -> None:
    params = plan_params(plan_of(customers()), "2024-01-01")
    share = float((customers()["churned"] == "yes").mean())
    assert params["problem.costs.false_negative"] == pytest.approx((1 - share) / share, rel=0.05)


def test_a_span_of_months_is_judged_by_days() -> None:
    params = plan_params(plan_of(orders(), target="total"), "2024-06-01")
    assert (params["split.test_days"], params["problem.block"], params["problem.time"]) == (18, "day", "ordered_at")


def test_names_that_are_taken_are_not_taken_again() -> None:
    assert free_name("plan", plan_of(customers())) == "plan_2"


def test_the_proposal_is_read_out_with_its_reasons() -> None:
    said = "\n".join(read_out(plan_of(orders(), target="total")))
    assert "asked: total, regression" in said
    assert "suspected leak" in said
    assert "split: by time, ordered_at, over 90 days" in said


def test_inputs_are_held_against_their_copies_where_noise_would_cost() -> None:
    few, many = customers(), customers(24_000)
    assert plan_params(plan_of(few), "2024-01-01")["search.selection"] is True
    assert plan_params(plan_of(many), "2024-01-01")["search.selection"] is False
    remarks = many.assign(remark=[f"they said {n} things and left" for n in range(len(many))])
    assert plan_params(plan_of(remarks, target="churned"), "2024-01-01")["search.selection"] is True
    assert plan_params(plan_of(few[["spend", "plan", "churned"]]), "2024-01-01")["search.selection"] is False
