from perennial.adoption.names import free_name
from tests.adoption.tables import customers, plan_of


def test_names_that_are_taken_are_not_taken_again() -> None:
    assert free_name("plan", plan_of(customers())) == "plan_2"
