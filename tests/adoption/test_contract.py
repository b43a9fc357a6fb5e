import pytest
import yaml

from perennial.adoption.contract import render_contract
from perennial.adoption.query import render_query
from perennial.data.contract import column_of_role, inputs_of, parse_contract
from tests.adoption.tables import customers, orders, plan_of

ODD = ['odd "quoted"', "semi; colon: {", "größe ✈", "select", "x" * 200, "it's", "# hash", "- dash"]


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
